"""A ledger that was lost, or restored from a former day, is rebuilt by one command, which makes,
changes and removes nothing; the next sweep goes on as if nothing had happened."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connectivity.domain.endpoint_policy import is_default

from tests.story.app import App
from tests.story.test_ownership import victims_in

ROOT = Path(__file__).parents[2]


class Ledger:
    """The item of one VPC, as an accident leaves it."""

    def __init__(self, app: App, vpc_id: str) -> None:
        self._table = app.aws.outputs["LedgerTable"]
        self._client = app.client("dynamodb")
        region = self._client.meta.region_name
        account = app.client("sts").get_caller_identity()["Account"]
        self._key = {"id": {"S": f"{account}#{region}#{vpc_id}"}}

    def copy(self) -> dict[str, Any]:
        item: dict[str, Any] = self._client.get_item(TableName=self._table, Key=self._key)["Item"]
        return item

    def lose(self) -> None:
        self._client.delete_item(TableName=self._table, Key=self._key)

    def restore(self, item: Mapping[str, Any]) -> None:
        self._client.put_item(TableName=self._table, Item=item)


def environment(app: App) -> dict[str, str]:
    """A person's, who has read access to the account and write access to the ledger."""
    return {
        "AWS_ENDPOINT_URL": app.aws.url,
        "AWS_DEFAULT_REGION": app.aws.settings.region,
        "AWS_ACCESS_KEY_ID": "operator",
        "AWS_SECRET_ACCESS_KEY": "any",
    }


def rebuild(app: App, *options: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    paths = f"{ROOT / 'functions'}:{ROOT / 'cli'}:{ROOT}"
    stack = app.aws.settings.stack_name
    return subprocess.run(
        [sys.executable, "-m", "recovery", "--stack", stack, *options],
        env={**os.environ, **environment(app), "PYTHONPATH": paths},
        input=answer,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@contextmanager
def connected(app: App) -> Iterator[str]:
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="enabled")
    app.next_success(vpc_id)
    yield vpc_id
    app.untag(vpc_id)
    app.next_success(vpc_id)
    assert app.remnants(vpc_id).keys() <= {"security groups"}


def ids_of(app: App, vpc_id: str) -> dict[str, str]:
    held = app.ledger(vpc_id)["held"]["M"]
    return {purpose: value["S"] for purpose, value in held.items()}


def test_a_lost_entry_is_rebuilt_whole_and_everything_goes_with_the_tag(app: App) -> None:
    with connected(app) as vpc_id:
        before, published = ids_of(app, vpc_id), app.parameters(vpc_id)
        Ledger(app, vpc_id).lose()
        ran = rebuild(app, "--vpc", vpc_id, answer="yes\n")
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert ids_of(app, vpc_id) == before
        assert app.parameters(vpc_id) == published
        app.sweep()
        ended = app.next_success(vpc_id)
        assert ended.output["status"] == "connected"
        assert "generation 1" in ended.output["detail"]
        assert ids_of(app, vpc_id) == before


def test_nothing_is_written_without_a_yes(app: App) -> None:
    with connected(app) as vpc_id:
        ledger = Ledger(app, vpc_id)
        item = ledger.copy()
        ledger.lose()
        for answer in ("y\n", ""):
            ran = rebuild(app, "--vpc", vpc_id, answer=answer)
            assert ran.returncode == 2
            assert "Nothing was written." in ran.stdout
            assert "Traceback" not in ran.stderr
        assert app.ledger(vpc_id) == {}
        ledger.restore(item)


def test_a_ledger_of_yesterday_learns_what_was_made_and_published_since(app: App) -> None:
    with connected(app) as vpc_id:
        ledger = Ledger(app, vpc_id)
        yesterday = ledger.copy()
        app.tag(vpc_id, services="logs")
        app.next_success(vpc_id)
        today = ids_of(app, vpc_id)
        ledger.restore(yesterday)
        assert len(ids_of(app, vpc_id)) < len(today)
        ran = rebuild(app, "--vpc", vpc_id, "--yes")
        assert "generation 2 was published, the ledger knows 1" in ran.stdout
        assert ids_of(app, vpc_id) == today
        app.sweep()
        assert "generation 2" in app.next_success(vpc_id).output["detail"]


def policies_of(app: App, vpc_id: str) -> dict[str, str]:
    """What the ledger has of the policies of our VPC endpoints."""
    item = app.ledger(vpc_id)
    return {name: item[name]["S"] for name in item if name.startswith("policy/")}


def test_endpoint_policies_that_we_set_are_ours_again_and_follow_another_choice(app: App) -> None:
    """Else each would count as set by hand, for good."""
    with connected(app) as vpc_id:
        app.tag(vpc_id, endpoint_policy="account")
        app.next_success(vpc_id)
        known = policies_of(app, vpc_id)
        assert len(known) >= 3
        Ledger(app, vpc_id).lose()
        ran = rebuild(app, "--vpc", vpc_id, answer="yes\n")
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert policies_of(app, vpc_id) == known
        app.sweep()
        app.next_success(vpc_id)
        app.untag(vpc_id, "ecs-anywhere:endpoint-policy")
        app.next_success(vpc_id)
        only = [{"Name": "vpc-id", "Values": [vpc_id]}]
        there = app.client("ec2").describe_vpc_endpoints(Filters=only)["VpcEndpoints"]
        assert all(is_default(each["PolicyDocument"]) for each in there)


def test_what_a_stranger_made_look_like_ours_is_named_with_its_price_and_not_written(
    app: App,
) -> None:
    with connected(app) as vpc_id, victims_in(app, vpc_id) as victims:
        victims.forge()
        ran = rebuild(app, "--vpc", vpc_id)
        assert ran.returncode == 1
        for id_ in victims.ids:
            assert f"undecided  {id_}" in ran.stdout
        assert "USD a month" in ran.stdout
        assert not {*victims.ids, victims.group} & set(ids_of(app, vpc_id).values())


def test_a_stack_that_is_not_there_is_said_in_one_line(app: App) -> None:
    ran = rebuild(app, "--stack", "nobody")
    assert ran.returncode == 3
    assert "the stack nobody cannot be read" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_look_before_the_ledger_is_rebuilt_names_the_cure_and_nothing_is_lost(app: App) -> None:
    with connected(app) as vpc_id:
        before, published = ids_of(app, vpc_id), app.parameters(vpc_id)
        Ledger(app, vpc_id).lose()
        app.sweep()
        looked = app.next_end(vpc_id)
        assert "rebuild-ledger" in looked.cause + str(looked.output)
        assert app.parameters(vpc_id) == published
        assert all(each["PrivateDnsEnabled"] for each in app.endpoints(vpc_id).values())
        assert rebuild(app, "--vpc", vpc_id, "--yes").returncode == 0
        assert ids_of(app, vpc_id) == before
        app.sweep()
        assert app.next_success(vpc_id).output["status"] == "connected"
        assert ids_of(app, vpc_id) == before


def test_a_vpc_that_is_not_there_is_said_in_one_line(app: App) -> None:
    ran = rebuild(app, "--vpc", "vpc-0badbadbadbadbad0")
    assert ran.returncode == 3
    assert "there is no vpc-0badbadbadbadbad0" in ran.stderr
