"""The workflow's definition, checked as far as it can be without running it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from connectivity.domain import errors
from connectivity.domain.pacing import LONGEST_WAIT, LONGEST_WAIT_AT_WORK
from connectivity.usecases.patience import PATIENCE

from local.state_machines.definition_files import as_json
from tests.template import definition_rules, sam_template, workflow
from tests.template.waits import names_used_by
from tests.template.workflow import Scope, State

DEFINITION = workflow.definition()
SCOPES = list(workflow.scopes(DEFINITION))
STATES = [state for scope in SCOPES for state in scope.states.values()]
TASKS = [state for state in STATES if state.is_task]
SUBSTITUTIONS = sam_template.resources("AWS::Serverless::StateMachine")["PrivateConnectivity"][
    "DefinitionSubstitutions"
]

LEFT_TO_A_LATER_RUN = {"TurnHoursAway"}
"""What is not waited for, because it takes hours: the execution ends, and a sweep comes back."""
WAITED_FOR = {kind.__name__ for kind in errors.Waiting.__subclasses__()} - LEFT_TO_A_LATER_RUN
FACTS = {kind.__name__ for kind in errors.Fact.__subclasses__()}

AWS_S_OWN = {
    "Lambda.ServiceException": "AWS Lambda answers with a server error",
    "Lambda.AWSLambdaException": "AWS Lambda answers with a server error, by its older name",
    "Lambda.SdkClientException": "AWS Step Functions could not reach AWS Lambda",
    "Lambda.TooManyRequestsException": "too many functions run at once in this account",
    "Lambda.ClientExecutionTimeoutException": "AWS Step Functions waited too long for an answer",
    "Runtime.ExitError": "the function's process died in the middle of its work",
    "Lambda.Unknown": "the function's environment died: memory, or the time-out of old runtimes",
    "Sandbox.Timedout": "the function's own time-out",
    "States.ALL": "whatever has no name of its own",
}
"""Names that no class of ours bears, and when AWS uses them."""

THE_WORKFLOW_S_OWN = {"Unreported"}
"""ReportUnreportedEndFunction tells a person about executions that end with it."""

CANNOT_WAIT = {
    ("Ask what answers", "NotResolvingYet"): "it writes down what is answered, and judges nothing",
    **{
        (state, "ConflictingPrivateDns"): "nothing conflicts with what is off"
        for state in ("Turn off private DNS", "Turn off what goes")
    },
    **{
        ("Tell when its turn is", weather): "it waits its turn also where that cannot be written"
        for weather in ("Throttled", "Unavailable")
    },
    ("Turn off private DNS", "NotItsTurnYet"): "after a failure nobody is let wait",
    ("Ensure interface endpoints", "ConflictingPrivateDns"): "they are made with private DNS off",
    ("Learn what was begun", "ConflictingPrivateDns"): "they are made with private DNS off",
    ("Learn what was begun", "NotItsTurnYet"): "it makes again what had its turn, and takes none",
    ("Learn what was begun", "JustBegun"): "its ids are what it wants; nobody needs it ready",
    ("Ensure probe", "NotResolvingYet"): "it is asked nothing yet",
}
"""What the source seems to raise, as calls are followed by name, and why it does not."""

LONGEST_DRAIN: int = sam_template.TEMPLATE["Parameters"]["DrainSeconds"]["MaxValue"]
"""Seconds; the longest of the waits whose length is an expression, without those for a turn."""

MOST_ATTEMPTS = {"Await acknowledgements": 250}
"""States that are repeated more often than sixty times, because a parameter says how long."""

FIELDS = frozenset(
    [
        "Arguments",
        "Assign",
        "Branches",
        "Catch",
        "Cause",
        "Choices",
        "Comment",
        "Default",
        "End",
        "Error",
        "Next",
        "Output",
        "Resource",
        "Retry",
        "Seconds",
        "Type",
    ]
)
"""Fields of a state in the Amazon States Language, as far as this definition needs them."""

every_state = pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
every_task = pytest.mark.parametrize("state", TASKS, ids=lambda state: state.name)
every_scope = pytest.mark.parametrize("scope", SCOPES, ids=lambda scope: scope.start)


def _scope_of(state: State) -> Scope:
    return next(scope for scope in SCOPES if scope.states.get(state.name) is state)


def _retried(state: State) -> set[str]:
    return {name for retry in state.retries for name in retry["ErrorEquals"]}


def test_only_strings_are_substituted() -> None:
    inside = "".join(workflow.texts(DEFINITION))
    assert workflow.PATH.read_text().count("${") == inside.count("${")


def test_the_story_is_short_enough_to_be_read_aloud() -> None:
    assert len(workflow.PATH.read_text().splitlines()) <= 300


def test_the_file_holds_no_anchor() -> None:
    """AWS CloudFormation refuses them in a file, with SCHEMA_VALIDATION_FAILED."""
    with pytest.raises(ValueError, match="SCHEMA_VALIDATION_FAILED"):
        as_json("States: &states {}\nOthers: *states")
    assert json.loads(as_json(workflow.PATH.read_text()))["StartAt"] == "Read the VPC"


def test_every_substitution_is_given_and_every_given_one_is_used() -> None:
    used = set(re.findall(r"\$\{(\w+)\}", workflow.PATH.read_text()))
    assert used == set(SUBSTITUTIONS)


def test_cfn_lint_finds_nothing_wrong_with_the_definition(tmp_path: Path) -> None:
    """By itself, because `sam validate --lint` does not open a DefinitionUri; and as an object,
    because cfn-lint reads a definition in a string by JSONPath's rules."""
    role = "arn:aws:iam::123456789012:role/any"
    properties = {
        "RoleArn": role,
        "Definition": json.loads(as_json(workflow.PATH.read_text().replace("${Partition}", "aws"))),
        "DefinitionSubstitutions": dict.fromkeys(SUBSTITUTIONS, "any"),
    }
    machine = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
    template = tmp_path / "template.json"
    template.write_text(json.dumps({"Resources": {"Machine": machine}}))
    linted = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), "--region", "us-east-1", "--", template],
        capture_output=True,
        text=True,
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr


@every_state
def test_a_state_has_only_fields_of_the_language(state: State) -> None:
    """A comma in a comment that stands in braces makes a field of what follows it."""
    assert state.body.keys() <= FIELDS


def test_the_definition_breaks_no_rule_that_only_aws_checks() -> None:
    assert definition_rules.problems(DEFINITION) == []


def test_every_state_has_a_name_of_its_own() -> None:
    """AWS asks for it across all branches; and a name is how a person finds a state."""
    assert len({state.name for state in STATES}) == len(STATES)


@every_scope
def test_every_state_can_be_reached_and_can_reach_an_end(scope: Scope) -> None:
    assert scope.reachable(scope.start) == set(scope.states)
    assert not [
        name
        for name in scope.states
        if not any(scope.states[reached].is_end for reached in scope.reachable(name))
    ]


def test_every_error_name_exists() -> None:
    handled = {
        name for state in STATES for item in _handlers(state) for name in item["ErrorEquals"]
    }
    failed_with = {state.body["Error"] for state in STATES if state.body["Type"] == "Fail"}
    literal = {name for name in failed_with if not name.startswith("{%")}
    assert handled <= WAITED_FOR | FACTS | AWS_S_OWN.keys()
    assert literal <= THE_WORKFLOW_S_OWN


def test_a_person_hears_of_an_execution_that_ends_unreported() -> None:
    events = sam_template.functions()["ReportUnreportedEndFunction"]["Events"]
    [named] = sam_template.found(events["Ended"]["Properties"]["Pattern"], "error")
    assert all(name in named for name in THE_WORKFLOW_S_OWN)
    assert {"prefix": "States."} in named, "not all of AWS's own errors can be caught"


@every_state
def test_a_retry_is_counted_and_never_repeats_a_fact_or_a_bug(state: State) -> None:
    for retry in state.retries:
        assert 0 < retry["MaxAttempts"] <= MOST_ATTEMPTS.get(state.name, 60)
        assert set(retry["ErrorEquals"]) <= WAITED_FOR | AWS_S_OWN.keys() - {"States.ALL"}


@every_task
def test_what_a_function_can_wait_for_is_waited_for_by_name_at_or_around_its_state(
    state: State,
) -> None:
    """Weather may be retried by the chapter. What AWS is making is waited for where it is made: a
    chapter would begin again from its first state."""
    handler = sam_template.functions()[state.function]["Handler"].split(".")[1]
    raised = names_used_by(handler) & WAITED_FOR
    assert raised, f"handlers/{handler}.py calls AWS, which can be throttled"
    exempted = {error for name, error in CANNOT_WAIT if name == state.name}
    assert exempted <= raised
    at, around = _retried(state), set[str]().union(*map(_retried, state.parallels))
    assert raised - exempted <= at | (around & {"Throttled", "Unavailable"})


def test_every_error_that_can_be_waited_for_is_waited_for_somewhere() -> None:
    assert set[str]().union(*map(_retried, STATES)) >= WAITED_FOR


def test_the_count_is_longer_than_the_longest_time_that_the_use_case_ends_by_itself() -> None:
    """Else a teardown would fail of a silent host instead of going on without it."""
    [patience] = [
        _patience(retry)
        for state in TASKS
        for retry in state.retries
        if retry["ErrorEquals"] == ["NotAcknowledgedYet"]
    ]
    assert LONGEST_DRAIN < patience < LONGEST_DRAIN + 120


def test_what_a_state_says_it_has_waited_is_what_its_retry_waits() -> None:
    [state] = [state for state in TASKS if state.name == "Await acknowledgements"]
    [retry] = state.retries
    said = state.body["Arguments"]["Payload"]["waited_seconds"]
    assert retry["BackoffRate"] == 1
    assert said == f"{{% $states.context.State.RetryCount * {retry['IntervalSeconds']} %}}"


@every_task
def test_every_failure_of_a_task_is_caught_at_or_around_it(state: State) -> None:
    """What is not caught ends the execution without a word on the VPC."""
    assert any(
        "States.ALL" in catch["ErrorEquals"]
        for place in (state, *state.parallels)
        for catch in place.catches
    )


def test_a_failure_beside_something_in_the_making_waits_until_that_is_made() -> None:
    """AWS Step Functions ends the other branch; a function that is at work there goes on. What
    stands meanwhile is looked at when it can work no longer."""
    [state] = [state for state in STATES if state.name == "Ensure side by side"]
    [catch] = state.catches
    beside = _scope_of(state).states
    wait = beside[catch["Next"]].body
    failed = beside[wait["Next"]].body
    longest = max(
        sam_template.timeout_of(task.function) for task in TASKS if state in task.parallels
    )
    assert (catch["ErrorEquals"], wait["Type"], failed["Type"]) == (["States.ALL"], "Wait", "Fail")
    assert wait["Seconds"] >= longest
    assert catch["Assign"] == {
        "unmade": {
            "error": "{% $states.errorOutput.Error %}",
            "cause": "{% $states.errorOutput.Cause %}",
        }
    }
    assert (failed["Error"], failed["Cause"]) == ("{% $unmade.error %}", "{% $unmade.cause %}")


def test_the_machine_s_time_is_longer_than_the_longest_waits_of_one_round() -> None:
    """All patience spent once on the longest way through, in a chapter that is not begun again; a
    round waits for one turn, wherever on its way. Worse weather than that runs into the time-out,
    which a person hears of."""
    assert _longest_waits(SCOPES[0]) + LONGEST_WAIT < DEFINITION["TimeoutSeconds"]


def test_a_turn_in_the_middle_of_the_work_is_waited_for_as_long_as_the_use_case_says() -> None:
    """Else the execution would fail of a turn that it was told to wait for."""
    for state in TASKS:
        for retry in state.retries:
            if "NotItsTurnYet" in retry["ErrorEquals"]:
                assert _patience(retry) >= LONGEST_WAIT_AT_WORK, state.name
                assert "JitterStrategy" not in retry, "full jitter would halve the time"


@every_task
def test_a_function_ends_its_own_waiting_before_its_time_is_over(state: State) -> None:
    """With a quarter of a minute for its calls; else every try would be killed in the middle."""
    if any(map(_waits_inside, state.retries)):
        assert sam_template.timeout_of(state.function) >= PATIENCE + 15


@every_scope
def test_no_branch_assigns_a_variable_of_a_scope_around_it(scope: Scope) -> None:
    """AWS refuses the definition."""
    outside = set[str]().union(*(_scope_of(parallel).assigns for parallel in scope.parallels))
    assert not scope.assigns & outside


@every_scope
def test_every_variable_has_a_value_on_every_way_to_where_it_is_used(scope: Scope) -> None:
    before = workflow.assigned_before(scope, SCOPES)
    assert not {
        name: missing
        for name, state in scope.states.items()
        if (missing := state.uses - before[name])
    }


def _handlers(state: State) -> list[dict[str, Any]]:
    return state.retries + state.catches


def _longest_waits(scope: Scope) -> float:
    """Seconds, on the longest way from the start that visits no state twice."""

    def onward(name: str, visited: frozenset[str]) -> float:
        state = scope.states[name]
        targets = {way.target for way in state.ways} - visited - {name}
        after = max((onward(target, visited | {name}) for target in targets), default=0)
        return _waits_at(state) + after

    return onward(scope.start, frozenset())


def _waits_at(state: State) -> float:
    seconds = state.body.get("Seconds", 0)
    is_turn = state.name.startswith("Await its turn")
    wait = seconds if isinstance(seconds, int) else 0 if is_turn else LONGEST_DRAIN
    branches = [_longest_waits(scope) for scope in SCOPES if scope.parallels[-1:] == (state,)]
    inside: int = sum(
        PATIENCE * retry["MaxAttempts"] for retry in state.retries if _waits_inside(retry)
    )
    return max(branches, default=0) + wait + inside + sum(map(_patience, state.retries))


def _waits_inside(retry: dict[str, Any]) -> bool:
    """Tell whether the function has waited itself before it raised one of these."""
    return bool({"NotReadyYet", "NotResolvingYet"} & set(retry["ErrorEquals"]))


def _patience(retry: dict[str, Any]) -> float:
    """Seconds between the tries; full jitter only shortens them."""
    longest: float = retry.get("MaxDelaySeconds", float("inf"))
    interval, rate = retry["IntervalSeconds"], retry["BackoffRate"]
    delays: list[float] = [interval * rate**n for n in range(retry["MaxAttempts"])]
    return sum(min(longest, delay) for delay in delays)
