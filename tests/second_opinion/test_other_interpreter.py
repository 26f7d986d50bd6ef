"""The comparison behind `make second-opinion`: what is a difference, and what is not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests.second_opinion.other_interpreter.alike import Account, differences
from tests.second_opinion.other_interpreter.emulator.reach import refuse_to_be_reached
from tests.second_opinion.other_interpreter.histories import History, Visit, visits_of

VPC, OTHER_VPC = "vpc-0123456789abcdef0", "vpc-fedcba98765432100"


def _account(*visits: Visit, ending: Any = "SUCCEEDED", **logical: str) -> Account:
    return Account({"connect": History(list(visits), [ending])}, logical)


def _read(payload: Any = None, **told: Any) -> Visit:
    asked = [{"FunctionName": "f", "Payload": each} for each in (payload or [{"vpcId": VPC}])]
    return Visit("Read the VPC", **{"given": {}, "asked": asked, "left": True, **told})


def _where(one: Account, other: Account) -> list[str]:
    return [difference.where for difference in differences(one, other)]


def test_what_aws_invents_is_no_difference() -> None:
    one = _read(
        [{"vpcId": VPC, "now": 1795914463.9}],
        output={"ips": ["10.0.0.4"], "detail": f"its turn is at 2026-11-29T01:49Z - {VPC}"},
    )
    other = _read(
        [{"vpcId": OTHER_VPC, "now": 1795999999}],
        output={"ips": ["10.0.0.9"], "detail": f"its turn is at 2026-11-30T11:00Z - {OTHER_VPC}"},
    )
    assert differences(_account(one), _account(other)) == []


def test_names_that_a_stack_gives_are_the_templates() -> None:
    one, other = _read(output="app-Read-1A"), _read(output="app-Read-2B")
    assert _where(_account(one), _account(other))
    named = _account(one, **{"app-Read-1A": "Read"}), _account(other, **{"app-Read-2B": "Read"})
    assert differences(*named) == []


def test_two_ids_that_are_mixed_up_are_a_difference() -> None:
    one = _read(output=[{"made": VPC, "kept": OTHER_VPC}, VPC])
    other = _read(output=[{"made": VPC, "kept": OTHER_VPC}, OTHER_VPC])
    assert _where(_account(one), _account(other)) == [
        "connect, from 'Read the VPC', Read the VPC[0], output[1]"
    ]


@pytest.mark.parametrize(
    ("told", "place"),
    [
        ({"given": {"because": "sweep"}}, "given"),
        ({"payload": [{"vpcId": VPC, "services": ["ecr"]}]}, "asked[0], Payload"),
        ({"left": False}, "left"),
        ({"output": {"verdict": "plan"}}, "output"),
        ({"assigned": {"failure": None}}, "assigned"),
    ],
)
def test_each_part_of_a_visit_is_compared(told: dict[str, Any], place: str) -> None:
    assert _where(_account(_read()), _account(_read(**told))) == [
        f"connect, from 'Read the VPC', Read the VPC[0], {place}"
    ]


def test_an_undefined_value_is_not_null() -> None:
    assert _where(_account(_read(output={"a": None})), _account(_read(output={})))


def test_another_ending_is_a_difference() -> None:
    assert _where(_account(_read()), _account(_read(), ending="FAILED")) == ["connect, ending[0]"]


def test_a_situation_that_only_one_account_told_is_a_difference() -> None:
    assert differences(_account(_read()), Account({}, {}))


def test_how_many_attempts_a_task_takes_is_no_difference() -> None:
    often = _read([{"vpcId": VPC, "tries": number} for number in range(4)])
    assert differences(_account(_read([{"vpcId": VPC, "tries": 0}])), _account(often)) == []


def test_an_interpreter_that_counts_attempts_otherwise_is_a_difference() -> None:
    right = _read([{"vpcId": VPC, "tries": number} for number in range(3)])
    wrong = _read([{"vpcId": VPC, "tries": 0} for _ in range(3)])
    assert _where(_account(right), _account(wrong))


def _way(*states: str) -> Account:
    return _account(*(Visit(state, {}) for state in states))


def test_another_way_through_the_states_is_told_as_a_way() -> None:
    (difference,) = differences(
        _way("Read the VPC", "What is to be done?", "Finish"),
        _way("Read the VPC", "What is to be done?", "Take away"),
    )
    assert "Read the VPC -> What is to be done? -> Finish" in str(difference)
    assert "Read the VPC -> What is to be done? -> Take away" in str(difference)


def test_branches_side_by_side_are_entered_in_any_order() -> None:
    endpoints, resolver = "Ensure interface endpoints", "Ensure inbound resolver"
    assert differences(_way(endpoints, resolver), _way(resolver, endpoints)) == []


def _event(number: int, before: int, kind: str, **details: Any) -> dict[str, Any]:
    return {"id": number, "previousEventId": before, "type": kind, **details}


def _entered(number: int, before: int, state: str) -> dict[str, Any]:
    details = {"name": state, "input": "{}"}
    return _event(number, before, "TaskStateEntered", stateEnteredEventDetails=details)


def _scheduled(number: int, before: int, vpc_id: str) -> dict[str, Any]:
    details = {"parameters": json.dumps({"vpcId": vpc_id})}
    return _event(number, before, "TaskScheduled", taskScheduledEventDetails=details)


def _exited(number: int, before: int, state: str) -> dict[str, Any]:
    details = {"name": state, "output": "[1]", "assignedVariables": {"made": '{"a": null}'}}
    return _event(number, before, "TaskStateExited", stateExitedEventDetails=details)


def test_events_of_branches_that_interleave_belong_each_to_its_own_state() -> None:
    events: Sequence[dict[str, Any]] = [
        _entered(1, 0, "left"),
        _entered(2, 0, "right"),
        _scheduled(3, 1, "l"),
        _scheduled(4, 2, "r"),
        _event(5, 3, "TaskFailed"),
        _scheduled(6, 5, "l again"),
        _exited(7, 4, "right"),
        _exited(8, 6, "left"),
    ]
    left, right = visits_of(events)
    assert [each["vpcId"] for each in left.asked] == ["l", "l again"]
    assert [each["vpcId"] for each in right.asked] == ["r"]
    assert left.left and left.output == [1] and left.assigned == {"made": {"a": None}}


def test_localemu_starts_only_where_nothing_but_the_loopback_reaches_it() -> None:
    refuse_to_be_reached(["lo"])
    with pytest.raises(SystemExit, match="eth0"):
        refuse_to_be_reached(["lo", "eth0"])
