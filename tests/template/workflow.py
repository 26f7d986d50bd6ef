"""The workflow's definition as scopes, states and the ways between them.

A scope is the machine itself or one branch of a Parallel state: states see only their own scope's
states, and the variables of their own scope and of those around it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from local.state_machines.definition_files import as_json

PATH = Path(__file__).parents[2] / "statemachine" / "private_connectivity.asl.yaml"

_VARIABLE = re.compile(r"\$(?!states\b)([A-Za-z_]\w*)\b(?!\()")
"""A variable in JSONata; `$states` is AWS's own, and `$name(` a function."""


@dataclass(frozen=True)
class Way:
    """A way from a state to the next one, by Next, a choice or a catch, and what is assigned on
    it."""

    target: str
    assigns: frozenset[str]


@dataclass(frozen=True, eq=False)
class State:
    name: str
    body: Mapping[str, Any]
    parallels: tuple[State, ...]
    """The Parallel states around this one, the outermost first."""

    @property
    def is_task(self) -> bool:
        return bool(self.body["Type"] == "Task")

    @property
    def is_end(self) -> bool:
        return bool(self.body["Type"] in {"Succeed", "Fail"} or self.body.get("End"))

    @property
    def retries(self) -> list[dict[str, Any]]:
        return list(self.body.get("Retry", []))

    @property
    def catches(self) -> list[dict[str, Any]]:
        return list(self.body.get("Catch", []))

    @property
    def function(self) -> str:
        """The substitution that a task invokes, as in `ReadVpcFunction`."""
        return str(self.body["Arguments"]["FunctionName"]).removeprefix("${").removesuffix("}")

    @cached_property
    def ways(self) -> tuple[Way, ...]:
        """Return the ways onward. What a choice or a catch assigns, it assigns instead of its
        state, not as well."""
        onward = [self.body, *self.body.get("Choices", []), *self.catches]
        ways = [
            Way(item["Next"], frozenset(item.get("Assign", ())))
            for item in onward
            if "Next" in item
        ]
        if "Default" in self.body:
            ways.append(Way(self.body["Default"], frozenset(self.body.get("Assign", ()))))
        return tuple(ways)

    @property
    def assigns(self) -> frozenset[str]:
        return frozenset().union(self.body.get("Assign", ()), *(way.assigns for way in self.ways))

    @property
    def uses(self) -> frozenset[str]:
        """The variables that its expressions name; those of its branches are theirs."""
        own = {key: value for key, value in self.body.items() if key != "Branches"}
        return frozenset(
            variable
            for text in texts(own)
            if text.startswith("{%")
            for variable in _VARIABLE.findall(text)
        )


@dataclass(frozen=True)
class Scope:
    start: str
    states: Mapping[str, State]
    parallels: tuple[State, ...]

    @property
    def assigns(self) -> frozenset[str]:
        return frozenset[str]().union(*(state.assigns for state in self.states.values()))

    def reachable(self, start: str) -> frozenset[str]:
        found: set[str] = set()
        waiting = [start]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += [way.target for way in self.states[name].ways]
        return frozenset(found)

    def assigned_before(self, known: frozenset[str]) -> Mapping[str, frozenset[str]]:
        """Return state -> the variables that have a value there on every way; `known` have one at
        the start."""
        before = dict.fromkeys(self.states, known | self.assigns) | {self.start: known}
        changed = True
        while changed:
            changed = False
            for name, state in self.states.items():
                for way in state.ways:
                    remaining = before[way.target] & (before[name] | way.assigns)
                    changed |= remaining != before[way.target]
                    before[way.target] = remaining
        return before


def definition() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(as_json(PATH.read_text()))
    return read


def scopes(machine: Mapping[str, Any], parallels: tuple[State, ...] = ()) -> Iterator[Scope]:
    """The machine's own scope, then those inside it, each after the one around it."""
    states = {name: State(name, body, parallels) for name, body in machine["States"].items()}
    yield Scope(machine["StartAt"], states, parallels)
    for state in states.values():
        for branch in state.body.get("Branches", []):
            yield from scopes(branch, (*parallels, state))


def assigned_before(scope: Scope, scopes: Sequence[Scope]) -> Mapping[str, frozenset[str]]:
    """Return, by state, the variables that have a value on every way there; `scopes` are all."""
    if not scope.parallels:
        return scope.assigned_before(frozenset())
    parallel = scope.parallels[-1]
    around = next(each for each in scopes if each.states.get(parallel.name) is parallel)
    return scope.assigned_before(assigned_before(around, scopes)[parallel.name])


def texts(value: Any) -> Iterator[str]:
    """Every string in a JSON value, its keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
