"""Wrong definitions, each made from the right one by one change that AWS refuses."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Definition = dict[str, Any]
States = dict[str, Any]

MUTANTS: dict[str, Callable[[Definition], None]] = {}
"""Mistake -> the change that makes it."""


def mutants(definition: Mapping[str, Any]) -> dict[str, Definition]:
    """Return a wrong definition for each kind of mistake."""
    made = {}
    for name, change in MUTANTS.items():
        wrong = copy.deepcopy(dict(definition))
        change(wrong)
        assert wrong != definition, f"{name}: nothing was changed"
        made[name] = wrong
    return made


def _mutant(name: str) -> Callable[[Callable[[Definition], None]], None]:
    def register(change: Callable[[Definition], None]) -> None:
        MUTANTS[name] = change

    return register


def _scopes(machine: Mapping[str, Any]) -> Iterator[States]:
    yield machine["States"]
    for state in machine["States"].values():
        for branch in state.get("Branches", []):
            yield from _scopes(branch)


def _all_states(definition: Definition) -> list[tuple[str, dict[str, Any]]]:
    return [item for states in _scopes(definition) for item in states.items()]


def _first(definition: Definition, kind: str, *having: str) -> dict[str, Any]:
    """Return the first state of a type that has all these fields."""
    return next(
        state
        for _, state in _all_states(definition)
        if state["Type"] == kind and all(key in state for key in having)
    )


def _retry(definition: Definition) -> list[dict[str, Any]]:
    retries: list[dict[str, Any]] = _first(definition, "Task", "Retry")["Retry"]
    return retries


@_mutant("a Next to a state that does not exist")
def _(definition: Definition) -> None:
    _first(definition, "Task", "Next")["Next"] = "Nowhere"


@_mutant("a JSONata syntax error")
def _(definition: Definition) -> None:
    _first(definition, "Task")["Arguments"]["Payload"] = "{% $states.input. %}"


@_mutant("InputPath in a JSONata state")
def _(definition: Definition) -> None:
    _first(definition, "Task")["InputPath"] = "$"


@_mutant("a syntax error in a Condition")
def _(definition: Definition) -> None:
    _first(definition, "Choice")["Choices"][0]["Condition"] = "{% $failure != %}"


@_mutant("a state that nothing leads to")
def _(definition: Definition) -> None:
    definition["States"]["Lost"] = {"Type": "Succeed"}


@_mutant("a Next out of a branch")
def _(definition: Definition) -> None:
    inner = next(iter(list(_scopes(definition))[1].values()))
    inner.pop("End", None)
    inner["Next"] = definition["StartAt"]


@_mutant("$states.result in Arguments")
def _(definition: Definition) -> None:
    _first(definition, "Task")["Arguments"]["Payload"] = {"x": "{% $states.result.Payload %}"}


@_mutant("a variable that nobody assigns")
def _(definition: Definition) -> None:
    _first(definition, "Task")["Arguments"]["Payload"] = {"x": "{% $neverAssigned %}"}


@_mutant("MaxDelaySeconds below IntervalSeconds")
def _(definition: Definition) -> None:
    _retry(definition)[0] |= {"IntervalSeconds": 30, "MaxDelaySeconds": 5, "BackoffRate": 2}


@_mutant("States.ALL before another retrier")
def _(definition: Definition) -> None:
    _retry(definition).insert(0, {"ErrorEquals": ["States.ALL"], "MaxAttempts": 1})


@_mutant("a misspelt JitterStrategy")
def _(definition: Definition) -> None:
    _retry(definition)[0]["JitterStrategy"] = "FUL"


@_mutant("neither Next nor End")
def _(definition: Definition) -> None:
    _first(definition, "Task", "Next").pop("Next")


@_mutant("Assign of the reserved name states")
def _(definition: Definition) -> None:
    _first(definition, "Task").setdefault("Assign", {})["states"] = 1


@_mutant("no StartAt")
def _(definition: Definition) -> None:
    definition.pop("StartAt")


@_mutant("one name for two states")
def _(definition: Definition) -> None:
    parallel = _first(definition, "Parallel")
    branch = parallel["Branches"][0]
    start = branch["StartAt"]
    state = branch["States"].pop(start)
    branch["States"][definition["StartAt"]] = state
    branch["StartAt"] = definition["StartAt"]
    for other in branch["States"].values():
        if other.get("Next") == start:
            other["Next"] = definition["StartAt"]


@_mutant("$eval")
def _(definition: Definition) -> None:
    _first(definition, "Task")["Arguments"]["Payload"] = {"x": "{% $eval('1 + 1') %}"}


@_mutant("a Condition that is no expression")
def _(definition: Definition) -> None:
    _first(definition, "Choice")["Choices"][0]["Condition"] = "$failure != null"


@_mutant("a Wait of two lengths")
def _(definition: Definition) -> None:
    _first(definition, "Wait")["Timestamp"] = "2030-01-01T00:00:00Z"


@_mutant("a misspelt field")
def _(definition: Definition) -> None:
    _first(definition, "Task")["TimeoutSecond"] = 5


@_mutant("$states.errorOutput outside a Catch")
def _(definition: Definition) -> None:
    _first(definition, "Task")["Arguments"]["Payload"] = {"x": "{% $states.errorOutput.Error %}"}


@_mutant("a misspelt argument of lambda:invoke")
def _(definition: Definition) -> None:
    arguments = _first(definition, "Task")["Arguments"]
    arguments["Payloads"] = arguments.pop("Payload")


@_mutant("a misspelt Resource")
def _(definition: Definition) -> None:
    _first(definition, "Task")["Resource"] = "arn:aws:states:::lambda:invok"


@_mutant("JSONPath's Variable in a choice rule")
def _(definition: Definition) -> None:
    _first(definition, "Choice")["Choices"][0]["Variable"] = "$.x"


@_mutant("Retry on a Wait")
def _(definition: Definition) -> None:
    _first(definition, "Wait")["Retry"] = [{"ErrorEquals": ["States.ALL"]}]


@_mutant("a bare name, as if there were an input document")
def _(definition: Definition) -> None:
    _first(definition, "Task")["Arguments"]["Payload"] = {"x": "{% vpcId %}"}
