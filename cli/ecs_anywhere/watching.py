"""Watch a VPC: who is at work on it, in which state, and how it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.ledger import Entry
from connectivity.domain.printable import printable
from connectivity.domain.status import message_of

from ecs_anywhere.stack import Stack

LOOK_SECONDS = 2.0
EVENTS_A_LOOK = 100


@dataclass(frozen=True)
class Step:
    """Event that a person is told of."""

    at: float
    """Seconds since the epoch."""
    state: str
    """Name of the state that was entered; empty for a pause."""
    reason: str = ""
    """Thing that is waited for."""


class NobodyCameError(Exception):
    """Error: no execution has taken the VPC in time."""


class Watch:
    """Follow the execution that holds a VPC, or the next one that does."""

    def __init__(self, stack: Stack, vpc_id: str, sleep: Callable[[float], None] = time.sleep):
        self._client = stack.client("stepfunctions")
        self._ledger = wiring.ledger()
        self._vpc_id = vpc_id
        self._sleep = sleep

    def entry(self) -> Entry:
        return self._ledger.read(self._vpc_id)

    def execution(self, before: Entry, seconds: float) -> str:
        """Return the ARN of the execution that holds the VPC; empty where one came, after the entry
        was as `before`, and has ended. Raises NobodyCameError where none came within `seconds`."""
        for _ in range(round(seconds / LOOK_SECONDS)):
            entry = self.entry()
            if entry.holder or entry.taken_at != before.taken_at:
                return entry.holder or ""
            self._sleep(LOOK_SECONDS)
        raise NobodyCameError(
            f"nobody has looked at {self._vpc_id} within {seconds:.0f} s: see whether the stack's "
            "rules are enabled (ecs-anywhere doctor). The next sweep looks at it"
        )

    def steps(self, execution: str) -> Iterator[Step]:
        """Yield what happens until the execution has ended."""
        last = 0
        while True:
            running = self._client.describe_execution(executionArn=execution)["status"] == "RUNNING"
            for event in self._events(execution, last):
                last = event["id"]
                if step := _step(event):
                    yield step
            if not running:
                return
            self._sleep(LOOK_SECONDS)

    def _events(self, execution: str, last: int) -> list[dict[str, Any]]:
        """Return the events after that one, the oldest first."""
        new: list[dict[str, Any]] = []
        pages = self._client.get_paginator("get_execution_history").paginate(
            executionArn=execution,
            reverseOrder=True,
            includeExecutionData=True,
            PaginationConfig={"PageSize": EVENTS_A_LOOK},
        )
        for page in pages:
            new += [event for event in page["events"] if event["id"] > last]
            if not page["events"] or page["events"][-1]["id"] <= last:
                break
        return sorted(new, key=lambda event: int(event["id"]))


def _step(event: dict[str, Any]) -> Step | None:
    at = event["timestamp"].timestamp()
    if event["type"].endswith("StateEntered"):
        return Step(at, event["stateEnteredEventDetails"]["name"])
    failed = event.get("taskFailedEventDetails")
    if failed is None:
        return None
    return Step(at, "", printable(message_of(failed.get("cause", ""))) or failed["error"])
