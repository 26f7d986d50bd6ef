"""Follow an execution: its states, its waits, and its end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

POLL_SECONDS = 0.1
EVENTS_A_POLL = 20


@dataclass(frozen=True)
class Step:
    """One thing that happened in an execution."""

    kind: str
    """`entered`, `left`, or `waiting` (a retry on a named error)."""
    state: str
    at: float
    """Seconds since the epoch."""
    reason: str = ""


class TookTooLongError(Exception):
    """An error: the awaited execution or state did not come in time."""


def next_execution(
    client: Any, machine: str, known: set[str], timeout: float = 30, name: str = ""
) -> str:
    """Return the ARN of the oldest execution that is not among the `known` ones and whose name
    begins with `name`."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        listed = client.get_paginator("list_executions").paginate(stateMachineArn=machine)
        new = [
            execution
            for page in listed
            for execution in page["executions"]
            if execution["executionArn"] not in known and execution["name"].startswith(name)
        ]
        if new:
            return str(min(new, key=lambda e: e["startDate"])["executionArn"])
        time.sleep(POLL_SECONDS)
    raise TookTooLongError(f"no execution of {machine} has started within {timeout:.0f} s")


def follow(client: Any, execution: str, timeout: float = 120) -> Iterator[Step]:
    """Yield the steps of an execution as they happen; ends with the execution."""
    deadline = time.monotonic() + timeout
    last = 0
    entered: dict[int, str] = {}
    while time.monotonic() < deadline:
        running = client.describe_execution(executionArn=execution)["status"] == "RUNNING"
        for event in _events_after(client, execution, last):
            last = event["id"]
            step = _step(event, entered)
            if step is not None:
                yield step
        if not running:
            return
        time.sleep(POLL_SECONDS)
    raise TookTooLongError(f"{execution} is still running after {timeout:.0f} s")


def _events_after(client: Any, execution: str, last: int) -> list[dict[str, Any]]:
    """Return the events after one, oldest first. AWS is asked for the newest first, in pages that a
    poll seldom fills twice: the whole history would be read again and again."""
    pages = client.get_paginator("get_execution_history").paginate(
        executionArn=execution, reverseOrder=True, PaginationConfig={"PageSize": EVENTS_A_POLL}
    )
    newest_first = (event for page in pages for event in page["events"])
    return list(takewhile(lambda event: event["id"] > last, newest_first))[::-1]


def _step(event: dict[str, Any], entered: dict[int, str]) -> Step | None:
    """Return the step of an event; None for any other. `entered` maps each event's id to the state
    it belongs to, through the one before it."""
    at = event["timestamp"].timestamp()
    state = entered.get(event.get("previousEventId", 0), "")
    if event["type"].endswith("StateEntered"):
        state = event["stateEnteredEventDetails"]["name"]
        entered[event["id"]] = state
        return Step("entered", state, at)
    entered[event["id"]] = state
    if event["type"].endswith("StateExited"):
        return Step("left", event["stateExitedEventDetails"]["name"], at)
    if event["type"] == "TaskFailed":
        return Step("waiting", state, at, _reason(event["taskFailedEventDetails"]))
    return None


def _reason(failure: dict[str, Any]) -> str:
    try:
        message = json.loads(failure.get("cause", ""))["errorMessage"]
    except (ValueError, KeyError, TypeError):
        message = failure.get("cause", "")
    return f"{failure.get('error', '')}: {message}"
