"""An execution's history as visits of states: what each was given, asked, put out and assigned."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Visit:
    """One entering of one state, until it is left."""

    state: str
    given: Any
    asked: list[Any] = field(default_factory=list)
    """A Task's arguments, for each attempt."""
    left: bool = False
    output: Any = None
    assigned: dict[str, Any] = field(default_factory=dict)


@dataclass
class History:
    """An execution that has ended. `ending` is its status, its error and its cause or output."""

    visits: list[Visit]
    ending: list[Any]

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> History:
        return cls([Visit(**visit) for visit in said["visits"]], said["ending"])


def history_of(client: Any, execution: str) -> History:
    """Read an execution that has ended, with a boto3 client of AWS Step Functions."""
    ended = client.describe_execution(executionArn=execution)
    pages = client.get_paginator("get_execution_history").paginate(executionArn=execution)
    output = json.loads(ended.get("output", "null"))
    return History(
        visits=visits_of(event for page in pages for event in page["events"]),
        ending=[ended["status"], ended.get("error"), ended.get("cause"), output],
    )


def visits_of(events: Iterable[Mapping[str, Any]]) -> list[Visit]:
    """Return the visits in the order in which the states were entered.

    An event of a Task belongs to the state of the event before it: `previousEventId` is AWS's.
    """
    visits: list[Visit] = []
    by_event: dict[int, Visit] = {}
    for event in events:
        visit = by_event.get(event.get("previousEventId", 0))
        kind = event["type"]
        if kind.endswith("StateEntered"):
            entered = event["stateEnteredEventDetails"]
            visit = Visit(entered["name"], json.loads(entered["input"]))
            visits.append(visit)
        elif kind.endswith("StateExited"):
            visit = _leave(visits, event["stateExitedEventDetails"])
        elif visit is not None and kind == "TaskScheduled":
            visit.asked.append(json.loads(event["taskScheduledEventDetails"]["parameters"]))
        if visit is not None:
            by_event[event["id"]] = visit
    return visits


def _leave(visits: list[Visit], exited: Mapping[str, Any]) -> Visit:
    """Close the last visit of the state that was left, whichever event came before."""
    visit = next(visit for visit in reversed(visits) if visit.state == exited["name"])
    visit.left = True
    visit.output = json.loads(exited["output"])
    assigned = exited.get("assignedVariables", {})
    visit.assigned = {name: json.loads(value) for name, value in assigned.items()}
    return visit
