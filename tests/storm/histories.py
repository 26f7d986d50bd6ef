"""Histories: the executions at work on each VPC, by their own histories, and the ledger's holders,
by the journal of calls."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from local.contracts import Call
from tests.storm.sky import Sky

WORKING = ("Connect", "Take away", "Turn off private DNS", "Finish")
"""States of an execution that has the hold; it is given up in the last one."""
READING = ("Describe", "Get", "List", "Scan", "Search", "Sign")
"""Calls of these names change nothing."""
BOOKKEEPING = ("dynamodb", "states", "sns", "logs", "sts")
CLOCKS = 0.002
"""Real seconds by which the times in histories, in milliseconds, and those of calls may differ."""


@dataclass(frozen=True)
class Task:
    """A function at work for an execution, in seconds since the epoch."""

    function: str
    since: float
    until: float


@dataclass(frozen=True)
class Past:
    """An execution that has ended."""

    arn: str
    vpc_id: str
    status: str
    at_work: tuple[float, float] | None
    """The times, in seconds since the epoch, from the first step with the hold until the execution
    began to give it up, or was stopped; None for one that found another at work."""
    tasks: Sequence[Task]


def pasts(sky: Sky, vpcs: Sequence[str], mark: int) -> list[Past]:
    """Return the pasts of all executions of these VPCs that were started since `mark`."""
    names = [
        call.parameters["name"]
        for call in sky.aws.journal.calls(mark)
        if call.name == "states:StartExecution" and call.status == 200
    ]
    base = sky.machine.replace(":stateMachine:", ":execution:")
    return [
        _past(sky, f"{base}:{name}", vpc_id)
        for name in names
        for vpc_id in vpcs
        if name.startswith(vpc_id)
    ]


def _past(sky: Sky, arn: str, vpc_id: str) -> Past:
    machine = sky.client("stepfunctions")
    ended = machine.describe_execution(executionArn=arn)
    pages = machine.get_paginator("get_execution_history").paginate(
        executionArn=arn, PaginationConfig={"PageSize": 1000}
    )
    events = [event for page in pages for event in page["events"]]
    stopped = ended["stopDate"].timestamp()
    return Past(arn, vpc_id, ended["status"], _at_work(events, stopped), [*_tasks(events)])


def _at_work(events: Sequence[Mapping[str, Any]], stopped: float) -> tuple[float, float] | None:
    entered = [
        (event["stateEnteredEventDetails"]["name"], event["timestamp"].timestamp())
        for event in events
        if event["type"].endswith("StateEntered")
    ]
    work = [(name, at) for name, at in entered if name in WORKING]
    if not work:
        return None
    last, at = work[-1]
    return work[0][1], at if last == "Finish" else stopped


def _tasks(events: Sequence[Mapping[str, Any]]) -> Iterator[Task]:
    """Yield the tasks that ended; one that has no end was left alone when its execution was
    stopped."""
    begun: dict[int, tuple[str, float]] = {}
    for event in events:
        at = event["timestamp"].timestamp()
        if event["type"] == "TaskScheduled":
            given = json.loads(event["taskScheduledEventDetails"]["parameters"])
            begun[event["id"]] = given["FunctionName"], at
        elif event["type"] == "TaskStarted" and event["previousEventId"] in begun:
            begun[event["id"]] = begun.pop(event["previousEventId"])
        elif event["previousEventId"] in begun and event["type"].startswith("Task"):
            yield Task(*begun.pop(event["previousEventId"]), at)
    yield from (Task(*task, math.inf) for task in begun.values())


def overlaps(all_pasts: Sequence[Past]) -> list[tuple[Past, Past]]:
    """Executions that were at work on one VPC at the same time."""
    worked = sorted((p.vpc_id, p.at_work, p.arn, p) for p in all_pasts if p.at_work)
    return [
        (former, later)
        for (vpc, (_, until), _, former), (next_vpc, (since, _), _, later) in pairwise(worked)
        if vpc == next_vpc and since < until - CLOCKS
    ]


def changes_by_others(sky: Sky, all_pasts: Sequence[Past], mark: int) -> list[Call]:
    """Changing calls of functions that worked for no execution with the hold at that time. The
    function of an execution that was stopped goes on, which no lock can hinder: for it counts who
    had the hold when it began."""
    calls = sky.aws.journal.calls(mark)
    owners, holds = _owners(calls), _holds(calls)
    functions = sky.client("lambda").list_functions()["Functions"]
    roles = {each["FunctionArn"]: each["Role"] for each in functions}
    vpcs = {past.vpc_id for past in all_pasts}

    def is_by_other(call: Call) -> bool:
        # What was announced and never written down by its id may be anybody's.
        meant = {owners.get(word, word) for word in _words(call.parameters)} & vpcs or vpcs
        return not any(
            _was_right(sky, call, past, task, holds)
            for past in all_pasts
            for task in past.tasks
            if past.vpc_id in meant and roles[task.function] == call.role_arn
        )

    # A request is written by whoever hears it.
    changes = [each for each in calls if is_change(each) and "Request" not in str(each.role_arn)]
    return [each for each in changes if is_by_other(each)]


def is_change(call: Call) -> bool:
    """Tell whether a call of one of the app's functions changes more than its own ledger."""
    return bool(
        call.role_arn
        and call.status == 200
        and call.service not in BOOKKEEPING
        and call.action != "InvokeFunction"
        and not call.action.startswith(READING)
    )


def _was_right(
    sky: Sky, call: Call, past: Past, task: Task, holds: Sequence[tuple[str, float, float]]
) -> bool:
    at, was_stopped = _epoch(sky, call.at), past.status == "ABORTED"
    until = math.inf if was_stopped else task.until
    held_at = task.since if was_stopped else at
    return task.since - CLOCKS <= at <= until + CLOCKS and any(
        arn == past.arn and _epoch(sky, since) - CLOCKS <= held_at <= _epoch(sky, until) + CLOCKS
        for arn, since, until in holds
    )


def _holds(calls: Sequence[Call]) -> list[tuple[str, float, float]]:
    """Holder, since and until, in AWS seconds, from the writes to the ledger that succeeded."""
    since: dict[str, float] = {}
    until: dict[str, float] = {}
    for call in calls:
        expression = str(call.parameters.get("UpdateExpression", ""))
        if call.status == 200 and "holder" in expression:
            arn = call.parameters["ExpressionAttributeValues"][":me"]["S"]
            if expression.startswith("SET holder"):
                since.setdefault(arn, call.at)
            else:
                until[arn] = call.at
    return [(arn, at, until.get(arn, math.inf)) for arn, at in since.items()]


def _owners(calls: Sequence[Call]) -> dict[str, str]:
    """Id of what is held -> the VPC for which the ledger holds it."""
    return {
        word: call.parameters["Key"]["id"]["S"].rsplit("#", 1)[1]
        for call in calls
        if call.action == "UpdateItem"
        for word in _words(call.parameters.get("ExpressionAttributeValues", {}))
    }


def _words(value: Any) -> Iterator[str]:
    """Every string in it, and of names that have a VPC's id in them that id."""
    if isinstance(value, str):
        yield value
        yield from (f"vpc-{rest[:17]}" for rest in value.split("vpc-")[1:])
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _words(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _words(each)


def _epoch(sky: Sky, aws_seconds: float) -> float:
    return aws_seconds * sky.aws.settings.time_scale + (time.time() - time.monotonic())
