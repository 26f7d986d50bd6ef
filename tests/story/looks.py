"""Looks at the ledger by which one branch of the workflow waits for another, counted as one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from connectivity.usecases.patience import BETWEEN_LOOKS

LOOK = "dynamodb:GetItem"
WAITING = ("VerifyResolutionFunction", "TurnOnPrivateDnsFunction")
"""The probe waits for its security group, private DNS for the resolver."""


def counts(calls: Iterable[tuple[str, str, float]]) -> Counter[str]:
    """Return how often each action is called. A call is the function that makes it, its name and
    its time in AWS seconds, in the order of the times. How often a function that waits looks again
    hangs on what it waits for, so these looks count as one."""
    by_function: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for function, name, at in calls:
        by_function[function].append((name, at))
    counted = Counter[str]()
    for function, made in by_function.items():
        names = [name for name, _ in made]
        counted.update(_looks_as_one(made) if function in WAITING else names)
    return counted


def _looks_as_one(calls: Sequence[tuple[str, float]]) -> Iterator[str]:
    """Yield the names without a look that follows another one after the pause between two."""
    before: float | None = None
    for name, at in calls:
        is_look = name == LOOK
        if not is_look or before is None or at - before < BETWEEN_LOOKS / 2:
            yield name
        before = at if is_look else None
