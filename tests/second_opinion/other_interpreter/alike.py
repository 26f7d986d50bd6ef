"""Compares what two accounts tell: states visited, and what each was given, asked, put out and
assigned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from tests.second_opinion.other_interpreter.equal import Names
from tests.second_opinion.other_interpreter.histories import History, Visit
from tests.template import workflow

_SHOWN = 300
"""Characters of a value that a report shows."""
_BY_ATTEMPT = {"tries": 1, "waited_seconds": 15}
"""Member that tells a Task of its attempts -> how much it grows with each."""


@dataclass(frozen=True)
class Account:
    """The histories of one account, and physical id -> logical id of its stack."""

    histories: Mapping[str, History]
    logical: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Account:
        histories = {each: History.from_json(told) for each, told in said["histories"].items()}
        return cls(histories, said["logical"])


@dataclass(frozen=True)
class Difference:
    """A difference between the two accounts."""

    where: str
    one: Any
    other: Any

    def __str__(self) -> str:
        return "\n    ".join((self.where, repr(self.one)[:_SHOWN], repr(self.other)[:_SHOWN]))


def differences(one: Account, other: Account) -> list[Difference]:
    """Return all differences, in the order of the situations and of the definition."""
    told, told_there = (_told(account) for account in (one, other))
    return list(_between(told, told_there, ""))


def visited(account: Account) -> set[str]:
    """Return the names of all states that an account's executions entered."""
    return {visit.state for history in account.histories.values() for visit in history.visits}


def _told(account: Account) -> dict[str, Any]:
    """Return situation -> what is compared of it, made equal."""
    names = Names(account.logical)
    return {
        situation: {**_by_scope(history.visits, names), "ending": names.equal(history.ending)}
        for situation, history in account.histories.items()
    }


def _by_scope(visits: Sequence[Visit], names: Names) -> dict[str, Any]:
    """Return scope -> its visits. Those of branches side by side come in any order, those of one
    branch do not."""
    told = {}
    for scope in workflow.scopes(workflow.definition()):
        within = [visit for visit in visits if visit.state in scope.states]
        if within:
            way = " -> ".join(visit.state for visit in within)
            told[f"from {scope.start!r}"] = {way: [_shown(visit, names) for visit in within]}
    return told


def _shown(visit: Visit, names: Names) -> dict[str, Any]:
    """Return what is compared of a visit. How many attempts a Task takes is a matter of time; that
    each is asked the same is not."""
    attempts = (names.equal(_without_attempt(n, asked)) for n, asked in enumerate(visit.asked))
    return {
        "state": visit.state,
        "given": names.equal(visit.given),
        "asked": [attempt for attempt, _ in groupby(attempts)],
        "left": visit.left,
        "output": names.equal(visit.output),
        "assigned": names.equal(visit.assigned),
    }


def _without_attempt(number: int, asked: Mapping[str, Any]) -> dict[str, Any]:
    payload = {
        key: value - number * _BY_ATTEMPT[key] if key in _BY_ATTEMPT else value
        for key, value in asked["Payload"].items()
    }
    return {**asked, "Payload": payload}


def _between(one: Any, other: Any, where: str) -> Iterator[Difference]:
    """Yield the places where two JSON values differ; of two objects with other keys, these keys."""
    if isinstance(one, dict) and isinstance(other, dict):
        if one.keys() != other.keys():
            yield Difference(where, sorted(one.keys() - other), sorted(other.keys() - one))
        for key in (key for key in one if key in other):
            yield from _between(one[key], other[key], f"{where}, {key}" if where else key)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (here, there) in enumerate(zip(one, other, strict=True)):
            yield from _between(here, there, f"{where}[{number}]")
    elif one != other:
        yield Difference(where, one, other)
