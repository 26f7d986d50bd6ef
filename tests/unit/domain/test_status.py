"""The one line that a person reads on the VPC."""

from __future__ import annotations

import json

import pytest
from connectivity.domain import errors, status
from connectivity.domain.acknowledgement import Acknowledgements, read_acknowledgements
from connectivity.domain.pacing import Turn
from connectivity.domain.tags import as_tag_value
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.example import VPC, acknowledgement

NOBODY = Acknowledgements()


def test_connected_names_the_resolver_ips_the_generation_and_every_warning() -> None:
    said = status.connected(["ecs", "ssm"], ["10.0.1.9", "10.0.0.9"], 7, ["no route"], NOBODY)
    assert said == status.Status(
        "connected",
        "2 services resolve privately through 10.0.0.9 10.0.1.9 - generation 7; warning: no route",
    )


def test_what_needs_a_person_comes_first() -> None:
    dns1, dns2 = acknowledgement("dns1", 7), acknowledgement("dns2", 7, "failed")
    said = status.connected(
        ["ecs"],
        ["10.0.0.9"],
        7,
        ["no route"],
        read_acknowledgements(
            {f"/p/{VPC.id}/acknowledgements/{a['host']}": json.dumps(a) for a in (dns1, dns2)},
            "/p",
            VPC.id,
        ),
        adopted=["rslvr-in-1", "vpce-1"],
        repairs=["parameter x was edited"],
    )
    assert said.detail.split("; ")[1:] == [
        "dns2 failed: what dns2 says",
        "repaired: parameter x was edited",
        "uses rslvr-in-1 which is not ours",
        "uses vpce-1 which is not ours",
        "confirmed by dns1 (bind)",
        "warning: no route",
    ]
    assert said.to_tell == ("dns2 failed", "repaired: parameter x was edited")


def test_a_plan_says_what_it_costs_and_that_nothing_was_made() -> None:
    said = status.planned(["make a", "make b"], (270.1, 270.1), ["ecs.example"])
    assert said.state == "planned"
    assert "2 steps" in said.detail
    assert "270.10 USD a month" in said.detail
    assert "1 names would" in said.detail
    assert "nothing was made" in said.detail


def test_removed_names_what_still_waits_for_lambda() -> None:
    assert status.removed([]).detail == "nothing of ours is left in this VPC"
    assert status.removed(["sg-1"]).detail.startswith("sg-1 waits for AWS Lambda")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("UnreadableOption", "what was wrong"),
        ("NotReadyYet", "gave up waiting, a later sweep goes on from here: what was wrong"),
        ("States.Timeout", "unexpected States.Timeout, a later sweep tries again: what was wrong"),
        ("ClientError", "unexpected, a later sweep tries again: what was wrong"),
    ],
)
def test_a_failure_says_what_happens_next_unless_its_message_does(error: str, said: str) -> None:
    assert status.failed(error, "what was wrong") == status.Status("failed", said)


@pytest.mark.parametrize("error", ["KeyError", "TypeError", "AttributeError", "ValueError"])
def test_a_fault_of_the_app_is_told_without_the_words_of_python(error: str) -> None:
    said = status.failed(error, "'NoneType' object is not subscriptable").detail
    assert said.startswith("a fault in the app itself, not in this VPC")
    assert "execution's history" in said
    assert error not in said
    assert "NoneType" not in said


def test_none_of_our_own_errors_is_unexpected() -> None:
    ours = [name for name, kind in vars(errors).items() if isinstance(kind, type)]
    assert [name for name in ours if "unexpected" in status.failed(name, "").detail] == []


@given(st.text())
def test_a_lambdas_cause_is_read_for_its_message(message: str) -> None:
    cause = json.dumps({"errorType": "NotRemoved", "errorMessage": message, "stackTrace": []})
    assert status.message_of(cause) == message


@pytest.mark.parametrize("cause", ["", "Task timed out", "[1]", '"text"', '{"error": "other"}'])
def test_any_other_cause_is_its_own_message(cause: str) -> None:
    assert status.message_of(cause) == cause


def test_removed_names_each_dns_host_that_may_still_forward_and_tells_a_person() -> None:
    said = status.removed([], ["vpce-1"], ["dns2", "dns3"])
    cure = (
        "has not confirmed that it stopped forwarding: "
        "run `ecs-anywhere-dns rollback --to-none` there"
    )
    assert said.to_tell == (f"dns2 {cure}", f"dns3 {cure}")
    assert set(said.to_tell) < set(said.detail.split("; "))
    assert "vpce-1" in said.detail


def test_a_status_comes_back_from_the_workflow_as_it_went_in() -> None:
    said = status.removed([], [], ["dns2"])
    assert status.Status.from_json(said.as_json()) == said


def test_waiting_says_when_and_for_whom_in_a_line_that_a_tag_can_hold() -> None:
    turn = Turn("CreateVpcEndpoint", "make", 1_800_000_000.0, 6)
    said = status.waiting(turn)
    assert "its turn is at 2027-01-15T08:00Z" in said.detail
    assert as_tag_value(said.detail) == said.detail
    assert said.to_tell == ()
