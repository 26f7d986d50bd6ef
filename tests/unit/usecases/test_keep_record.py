"""Records of runs: what stands in one, that each names the one before, and that nothing fails."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from connectivity.domain import evidence
from connectivity.domain.errors import EvidenceNotKept, SigningRefused, Throttled, Unavailable
from connectivity.domain.evidence import Ran, digest_of, sha256_of
from connectivity.domain.status import Status
from connectivity.usecases.finish import Failure, finish, finish_failed
from connectivity.usecases.knock import knock
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from jsonschema import Draft202012Validator

from tests.unit.example import VPC
from tests.unit.usecases.world import EXECUTION, World, connected

SCHEMA = json.loads((Path(__file__).parents[3] / "schemas" / "evidence.schema.json").read_text())
CONNECTED = Status("connected", "6 services")
QUESTION = {
    "name": "ecs.us-east-2.amazonaws.com",
    "resolver": "10.20.0.9",
    "transport": "udp",
    "expected": ["10.20.0.10"],
    "got": ["10.20.0.10"],
    "chain": [],
    "error": "",
    "milliseconds": 1.5,
    "ok": True,
}
RAN: dict[str, Any] = {
    "todo": "connect",
    "because": "tag",
    "began": "2026-11-29T12:00:00.000Z",
    "reason": "the tag asks for it",
    "steps": ["make interface endpoint: ecs has none"],
    "warnings": [],
    "repairs": [],
    "findings": [QUESTION],
    "checks": 1,
}


@pytest.fixture
def world() -> World:
    """A VPC that is connected, and an execution that holds it."""
    world = connected()
    hold(world)
    return world


def hold(world: World) -> None:
    world.executions.running.add(EXECUTION)
    world.ledger.take(world.ledger.knock(VPC.id), EXECUTION)


def end(world: World, **ran: Any) -> None:
    finish(VPC.id, CONNECTED, world.desk, Ran.from_json({**RAN, **ran}))


def records(world: World) -> list[dict[str, Any]]:
    return [json.loads(data) for data in world.record_store.all.values()]


def test_a_record_is_what_the_published_schema_says(world: World) -> None:
    world.acknowledge("dns1", 1)
    end(world, hosts=[{**HOST, "host": "dns1"}])
    [record] = records(world)
    Draft202012Validator(SCHEMA).validate(record)
    assert record["questions"] == [QUESTION]
    assert record["steps"] == RAN["steps"]
    assert record["made"] == record["held"] == evidence.ids_held(world.entry)
    assert record["publication"]["checksum"] == world.document["checksum"]
    assert record["publication"]["signature"] == world.document["signature"]
    assert (record["number"], record["previous"]) == (1, None)


HOST = {
    "host": "dns1",
    "generation": 1,
    "state": "active",
    "result": "applied",
    "server": "bind",
    "detail": "",
}


def test_each_record_names_the_sha_256_of_the_one_before(world: World) -> None:
    end(world)
    hold(world)
    end(world)
    first, second = world.record_store.all.values()
    assert json.loads(second)["previous"] == sha256_of(first)
    assert json.loads(second)["number"] == 2
    assert json.loads(second)["made"] == json.loads(second)["removed"] == {}


def test_a_record_is_signed_by_the_key_of_the_publications(world: World) -> None:
    end(world)
    [record] = records(world)
    assert record["signedBy"]["keyId"] == world.signing_key
    key = world.signatures.key.public_key()
    key.verify(b64decode(record["signature"]), digest_of(record), ec.ECDSA(Prehashed(SHA256())))


def test_where_nothing_is_signed_a_record_is_not_either() -> None:
    world = connected(signing_key="")
    hold(world)
    end(world)
    assert "signature" not in records(world)[0]
    assert world.signatures.signed == []


def test_a_run_that_found_nothing_to_do_leaves_no_record(world: World) -> None:
    end(world, todo="nothing", findings=[])
    finish(VPC.id, None, world.desk)
    assert world.record_store.all == {}


def test_what_a_teardown_took_away_is_named(world: World) -> None:
    end(world)
    before = evidence.ids_held(world.entry)
    world.disconnect()
    hold(world)
    finish(VPC.id, Status("removed", "gone"), world.desk, Ran.from_json({"todo": "take away"}))
    *_, last = records(world)
    Draft202012Validator(SCHEMA).validate(last)
    assert last["removed"] == {k: v for k, v in before.items() if k not in last["held"]}
    assert set(last["held"]) <= {"group/probe"}, "waits for AWS Lambda, which holds it for a while"
    assert last["publication"]["state"] == "withdrawn"


def test_a_failure_while_something_was_made_is_recorded_and_one_of_reading_is_not(
    world: World,
) -> None:
    ran = Ran.from_json(RAN)
    for at in ("reading", "connecting"):
        why = Failure("QuotaReached", json.dumps({"errorMessage": "full"}), at)
        finish_failed(VPC.id, why, world.desk, world.aws, ran)
        hold(world)
    [record] = records(world)
    Draft202012Validator(SCHEMA).validate(record)
    assert record["failure"] == {"error": "QuotaReached", "at": "connecting"}
    assert (record["status"], record["detail"]) == ("failed", "full")


def test_a_round_that_is_repeated_is_one_link(world: World) -> None:
    """The function died between the record and the ledger, or its answer was lost."""
    desk = world.desk
    world.ledger.take(world.entry, EXECUTION)
    lost = replace(desk, ledger=_LosesTheEnd(world.ledger))
    with pytest.raises(Unavailable):
        finish(VPC.id, CONNECTED, lost, Ran.from_json(RAN))
    finish(VPC.id, CONNECTED, desk, Ran.from_json(RAN))
    finish(VPC.id, CONNECTED, desk, Ran.from_json(RAN))
    [data] = world.record_store.all.values()
    recorded = world.entry.recorded
    assert recorded is not None
    assert (recorded.number, recorded.sha256) == (1, sha256_of(data))


class _LosesTheEnd:
    """A ledger that is not reached when the hold is given up."""

    def __init__(self, ledger: Any) -> None:
        self._ledger = ledger

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def release(self, *_: Any) -> bool:
        raise Unavailable("the answer was lost")


def test_a_knock_meanwhile_makes_each_round_a_record_of_its_own(world: World) -> None:
    knock(VPC.id, "tag", world.ledger, world.executions)
    end(world)
    end(world)
    assert [each["number"] for each in records(world)] == [1], "the answer was lost"
    world.ledger.take(world.entry, EXECUTION)
    end(world)
    assert [each["number"] for each in records(world)] == [1, 2]


def test_two_rounds_that_could_not_tell_the_ledger_overwrite_nothing_of_each_other(
    world: World,
) -> None:
    lost = replace(world.desk, ledger=_LosesTheEnd(world.ledger))
    with pytest.raises(Unavailable):
        finish(VPC.id, CONNECTED, lost, Ran.from_json(RAN))
    world.ledger.take(world.ledger.knock(VPC.id), EXECUTION)
    end(world)
    assert [each["number"] for each in records(world)] == [1, 1]
    recorded = world.entry.recorded
    assert recorded is not None
    assert recorded.sha256 == sha256_of([*world.record_store.all.values()][1])


REFUSALS = [
    EvidenceNotKept("Amazon S3 answers AccessDenied for the bucket b: allow it"),
    Unavailable("no answer"),
    RuntimeError("a bug"),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda each: type(each).__name__)
def test_a_record_that_cannot_be_stored_fails_no_connection_and_is_told_once(
    world: World, refusal: Exception
) -> None:
    world.record_store.refusal = refusal
    for _ in range(2):
        end(world)
        assert world.entry.status == "connected"
        assert evidence.NOT_KEPT in world.entry.detail
        assert world.entry.holder is None
        hold(world)
    [told] = [each for each in world.notifications.sent if evidence.NOT_KEPT in each]
    assert f"the record of a run on {VPC.id}" in told
    end(world)
    recorded = world.entry.recorded
    assert recorded is not None
    assert recorded.number == 3, "the gap can be seen"
    world.record_store.refusal = None
    hold(world)
    end(world)
    [record] = records(world)
    assert (record["number"], record["previous"]) == (4, recorded.sha256)
    assert evidence.NOT_KEPT not in world.entry.detail, "it is well again"


@pytest.mark.parametrize("refusal", [SigningRefused("the key is disabled"), RuntimeError("bug")])
def test_a_record_that_cannot_be_signed_is_stored_unsigned_and_told(
    world: World, refusal: Exception
) -> None:
    world.signatures.refusal = refusal
    end(world)
    [record] = records(world)
    assert "signature" not in record
    assert "it is not signed" in world.entry.detail
    assert len(world.notifications.sent) == 1


@pytest.mark.parametrize("weather", [Throttled("slow down"), Unavailable("no answer")])
@pytest.mark.parametrize("port", ["record_store", "signatures"])
def test_aws_s_weather_is_waited_out_before_the_run_goes_on_without_a_record(
    world: World, weather: Exception, port: str
) -> None:
    getattr(world, port).refusal = weather
    world.is_last_try = False
    with pytest.raises(type(weather)):
        end(world)
    assert world.entry.holder is not None, "the workflow comes again"
    assert world.notifications.sent == []
    getattr(world, port).refusal = None
    end(world)
    [record] = records(world)
    assert "signature" in record
    assert evidence.NOT_KEPT not in world.entry.detail


def test_what_does_not_pass_is_not_waited_out(world: World) -> None:
    world.is_last_try = False
    world.record_store.refusal = REFUSALS[0]
    end(world)
    assert evidence.NOT_KEPT in world.entry.detail


def test_a_failed_run_tells_of_its_record_as_well(world: World) -> None:
    world.record_store.refusal = REFUSALS[0]
    why = Failure("QuotaReached", json.dumps({"errorMessage": "full"}), "connecting")
    finish_failed(VPC.id, why, world.desk, world.aws, Ran.from_json(RAN))
    assert "full; " + evidence.NOT_KEPT in world.entry.detail


def test_an_execution_of_the_release_before_says_nothing_of_its_round(world: World) -> None:
    finish(VPC.id, CONNECTED, world.desk, Ran.from_json({}))
    assert world.record_store.all == {}
    assert world.entry.status == "connected"


def test_without_a_bucket_nothing_is_kept_and_nothing_told(world: World) -> None:
    finish(VPC.id, CONNECTED, replace(world.desk, archive=None), Ran.from_json(RAN))
    assert world.entry.recorded is None
    assert world.notifications.sent == []
