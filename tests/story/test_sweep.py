"""A sweep looks at the whole account with a few reads, and starts an execution only for a VPC that
needs one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto.ec2 import ec2_backends

from local.private_dns import answers_of
from tests.story.app import STATUS, App
from tests.story.test_verification import LOGS, PUBLIC, logs_stay_public, lying

CHANGES = (
    *("Authorize", "Create", "Delete", "Modify", "Publish", "Put", "Revoke", "Start", "Update"),
)


@pytest.fixture(scope="module")
def vpc_id(app: App) -> Iterator[str]:
    """A connected VPC, with CloudWatch Logs beside the six services."""
    app.seen |= app.executions()
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="enabled", services="logs")
    app.next_success(vpc_id)
    yield vpc_id
    app.untag(vpc_id)
    app.next_success(vpc_id)
    assert app.remnants(vpc_id) == {}


def test_of_a_connected_vpc_in_order_a_sweep_starts_and_writes_nothing(
    app: App, vpc_id: str
) -> None:
    before, since, known = app.ledger(vpc_id), app.aws.journal.mark(), app.executions()
    swept = app.sweep()
    assert (swept["knocked"], swept["left"]) == ({}, [])
    called = [call.name.partition(":")[2] for call in app.calls(since)]
    assert len(called) <= 10
    assert not [name for name in called if name.startswith(CHANGES)]
    assert app.ledger(vpc_id) == before
    assert app.executions() == known


def test_what_was_deleted_by_hand_is_found_and_made_anew(app: App, vpc_id: str) -> None:
    name = f"{app.aws.outputs['ParameterPath']}/{vpc_id}/forwarding"
    app.client("ssm").delete_parameter(Name=name)
    assert app.sweep()["knocked"] == {vpc_id: [f"parameter {name} is gone"]}
    repaired = app.next_success(vpc_id)
    assert "was edited or deleted: written again" in repaired.output["detail"]
    assert app.parameters(vpc_id).keys() == {"resolver-ips", "forwarding"}
    assert app.sweep()["knocked"] == {vpc_id: ["its status still tells what was repaired"]}
    assert app.next_success(vpc_id).made_nothing
    app.sweep_leaves_alone(vpc_id)


def test_a_verification_on_the_clock_tells_a_wrong_answer_and_turns_nothing_off(
    app: App, vpc_id: str
) -> None:
    """A hosted zone of others, for example, of which no list of ours shows anything."""
    published = app.parameters(vpc_id)
    _forget_when_it_was_verified(app, vpc_id)
    with lying(app, vpc_id, logs_stay_public):
        _tell_what_resolves(app, vpc_id)
        assert vpc_id in _swept_daily(app)
        failed = app.next_end(vpc_id, timeout=240)
    _tell_what_resolves(app, vpc_id)
    assert failed.error == "NotResolvingYet"
    assert failed.cause.count(f"{LOGS} asked of ") == failed.cause.count(f"got {PUBLIC}") == 4
    assert app.tags(vpc_id)[STATUS] == "failed"
    assert app.aws.outbox[-1].message == f"{vpc_id}: {failed.cause}"
    assert all(endpoint["PrivateDnsEnabled"] for endpoint in app.endpoints(vpc_id).values())
    assert app.parameters(vpc_id) == published

    app.sweep_leaves_alone(vpc_id)
    app.request("Enable", {"vpc-id": vpc_id})
    app.next_success(vpc_id)
    assert app.tags(vpc_id)[STATUS] == "connected"


def test_a_verification_on_the_clock_that_finds_all_well_says_so_and_publishes_nothing(
    app: App, vpc_id: str
) -> None:
    generation = json.loads(app.parameters(vpc_id)["forwarding"])["generation"]
    _forget_when_it_was_verified(app, vpc_id)
    assert vpc_id in _swept_daily(app)
    verified = app.next_success(vpc_id)
    assert "Verify resolution" in verified.states
    assert json.loads(app.parameters(vpc_id)["forwarding"])["generation"] == generation
    assert app.tags(vpc_id)[STATUS] == "connected"
    assert _swept_daily(app) == {}


def _tell_what_resolves(app: App, vpc_id: str) -> None:
    """Let the VPC's network answer anew; somebody may be lying."""
    settings = app.aws.settings
    vpc = ec2_backends[settings.account][settings.region].get_vpc(vpc_id)
    answers_of(app.aws).publish(vpc, again=True)


def _forget_when_it_was_verified(app: App, vpc_id: str) -> None:
    """As if that had been long ago."""
    app.client("dynamodb").update_item(
        TableName=app.aws.outputs["LedgerTable"],
        Key={"id": app.ledger(vpc_id)["id"]},
        UpdateExpression="SET verified_at = :then",
        ExpressionAttributeValues={":then": {"N": "1"}},
    )


def _swept_daily(app: App) -> Any:
    """Sweep as with the parameter VerifyHours at its default."""
    with app.deployed_with({"SweepFunction"}, VERIFY_HOURS="24"):
        return app.sweep()["knocked"]
