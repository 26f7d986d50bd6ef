"""Follow an execution as it goes: which state it is in, what it waits for, how it ended."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

POLL_SECONDS = 0.1


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
    """What was waited for did not come in time."""


def next_execution(
    client: Any, machine: str, known: set[str], timeout: float = 30, name: str = ""
) -> str:
    """The ARN of the oldest execution that is not among the `known` ones and whose name begins
    with `name`."""
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
    """Its steps as they happen; ends when the execution has ended."""
    deadline = time.monotonic() + timeout
    seen = 0
    entered: dict[int, str] = {}
    while time.monotonic() < deadline:
        running = client.describe_execution(executionArn=execution)["status"] == "RUNNING"
        events = _events(client, execution)
        for event in events[seen:]:
            step = _step(event, entered)
            if step is not None:
                yield step
        seen = len(events)
        if not running:
            return
        time.sleep(POLL_SECONDS)
    raise TookTooLongError(f"{execution} is still running after {timeout:.0f} s")


def _events(client: Any, execution: str) -> list[dict[str, Any]]:
    pages = client.get_paginator("get_execution_history").paginate(executionArn=execution)
    return [event for page in pages for event in page["events"]]


def _step(event: dict[str, Any], entered: dict[int, str]) -> Step | None:
    """`entered` maps each event's id to the state it belongs to, through the one before it."""
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
