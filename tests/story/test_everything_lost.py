"""All items of the ledger are lost at once, with several VPCs in it: a hub and its spoke, one whose
tag was removed meanwhile, and one in which somebody copied our tag. `make rebuild-ledger` writes
down all of them, and nothing is left in the end."""

from __future__ import annotations

import os
import subprocess

from tests.story.app import DETAIL, STATUS, App, until
from tests.story.test_hub_and_spoke import connected as hub_and_spoke
from tests.story.test_ownership import victims_in
from tests.story.test_rebuilt_ledger import ROOT, Ledger, environment, ids_of, rebuild


def make_rebuild(app: App, answer: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--no-print-directory", "rebuild-ledger", f"STACK={app.aws.settings.stack_name}"],
        cwd=ROOT,
        env={**os.environ, **environment(app)},
        input=answer,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def lose_everything(app: App) -> None:
    table, dynamodb = app.aws.outputs["LedgerTable"], app.client("dynamodb")
    for item in dynamodb.scan(TableName=table)["Items"]:
        dynamodb.delete_item(TableName=table, Key={"id": item["id"]})


def sweep_and_look(app: App) -> None:
    """Sweep, and wait for the executions that it starts."""
    app.sweep()
    app.until_quiet()
    app.seen |= app.executions()


def uses_of(app: App, vpc_id: str) -> set[str]:
    """Ids of what the VPC uses and has not made, as the ledger knows them."""
    adopted = app.ledger(vpc_id)["served"]["M"]["adopted"]["M"]
    return {value["S"] for value in adopted.values()}


def delete_group(app: App, id_: str) -> None:
    """As a person does, once nothing uses it."""
    ec2, using = app.client("ec2"), [{"Name": "group-id", "Values": [id_]}]
    until(lambda: not ec2.describe_network_interfaces(Filters=using)["NetworkInterfaces"])
    ec2.delete_security_group(GroupId=id_)


def nothing_is_left(app: App, vpc_id: str) -> None:
    """Also no security group, as soon as AWS Lambda lets go of the probe's."""
    assert app.tags(vpc_id)[STATUS] == "removed"
    until(lambda: "network interfaces" not in app.remnants(vpc_id))
    if app.remnants(vpc_id):
        sweep_and_look(app)
    assert app.remnants(vpc_id) == {}


def test_all_that_was_lost_at_once_is_rebuilt_together_and_goes_without_orphans(app: App) -> None:
    alone, copied = app.vpc(), app.vpc()
    for vpc_id in (alone, copied):
        app.tag(vpc_id, wish="enabled")
    for vpc_id in (alone, copied):
        app.next_success(vpc_id)
    with hub_and_spoke(app, 140) as (hub, spoke, inbound), victims_in(app, copied) as victims:
        before = {vpc_id: ids_of(app, vpc_id) for vpc_id in (alone, copied, hub, spoke)}
        lose_everything(app)
        told = len(app.aws.outbox)
        for vpc_id in (hub, alone):
            app.untag(vpc_id)
            assert app.next_success(vpc_id).made_nothing, "nothing is known to be held"
        for _ in range(2):
            sweep_and_look(app)
        mails = [m for m in app.aws.outbox[told:] if "left that nobody removes" in str(m.subject)]
        orphans = " ".join(str(mail.message) for mail in mails)
        assert alone in orphans
        assert inbound in orphans

        victims.forge()
        ran = make_rebuild(app, "yes\n")
        assert ran.returncode == 2, "make's own code"
        assert "rebuild-ledger] Error 1" in ran.stderr, ran.stdout + ran.stderr
        written = {vpc_id for vpc_id in before if f"{vpc_id}: written." in ran.stdout}
        assert written == {alone, copied, hub}, f"the spoke's was made anew\n{ran.stdout}"
        of_a_look = before[spoke]["group/probe"]
        for id_ in (*victims.ids, of_a_look):
            assert f"undecided  {id_}" in ran.stdout
        for vpc_id in (alone, copied, hub):
            assert ids_of(app, vpc_id) == before[vpc_id]
        delete_group(app, of_a_look)
        used = uses_of(app, spoke)
        assert inbound in used
        Ledger(app, spoke).lose()
        assert rebuild(app, "--vpc", spoke, "--yes").returncode == 0
        assert uses_of(app, spoke) == used, "known by what its names lead to"

        app.sweep()
        assert app.next_success(hub).made_nothing
        assert app.tags(hub)[STATUS] == "needed"
        assert spoke in app.tags(hub)[DETAIL]
        assert app.next_success(copied).output["status"] == "connected"
        for vpc_id in (spoke, copied):
            app.untag(vpc_id)
        for vpc_id in (alone, spoke, copied):
            app.next_success(vpc_id)
        sweep_and_look(app)
    delete_group(app, victims.group)
    for vpc_id in (alone, copied, hub, spoke):
        nothing_is_left(app, vpc_id)
