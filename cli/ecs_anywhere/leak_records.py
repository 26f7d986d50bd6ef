"""Read records of calls and queries: files of a trail or of a query log, or CloudTrail's event
history of the last hours."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from ecs_anywhere.leaks import SERVICES
from ecs_anywhere.stack import Stack

MOST_EVENTS = 2000
"""Calls of a service, the newest: LookupEvents gives 50 each time, and takes two a second."""

LISTS = {"Records": "", "Events": "CloudTrailEvent", "events": "message"}
"""Name of a list of records -> the field of each that holds the record as a text: of a trail, of
LookupEvents (AWS CloudTrail) and of FilterLogEvents (Amazon CloudWatch Logs)."""


class UnreadableRecords(Exception):
    """A file holds no records; the message names it."""


def in_files(paths: Sequence[Path]) -> Iterator[Any]:
    """Yield the records in files as AWS CloudTrail (`{"Records": […]}`) and Route 53 Resolver (a
    line each) write them, also packed by gzip, or as the AWS CLI prints them (`aws cloudtrail
    lookup-events`, `aws logs filter-log-events`). Raises UnreadableRecords."""
    for path in paths:
        try:
            text = path.read_bytes()
            plain = gzip.decompress(text) if path.suffix == ".gz" else text
            yield from _records(plain.decode("utf-8"))
        except (OSError, ValueError, EOFError) as why:
            raise UnreadableRecords(
                f"{path} holds no records of AWS CloudTrail or of a Resolver query log: {why}"
            ) from why


def _records(text: str) -> Iterable[Any]:
    try:
        document = json.loads(text)
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    if isinstance(document, list):
        return document
    for name, record in LISTS.items():
        found = document.get(name) if isinstance(document, dict) else None
        if isinstance(found, list):
            return [_inner(each, record) for each in found]
    return [document]


def _inner(each: Any, record: str) -> Any:
    """Return the record that stands as a text in the field `record`; `each` itself without one."""
    text = each.get(record) if record and isinstance(each, dict) else None
    return json.loads(text) if isinstance(text, str) else each


def in_event_history(stack: Stack, hours: float) -> Iterator[Any]:
    """Yield the calls of the last hours, the newest first of each service. Raises botocore's
    ClientError."""
    since = datetime.now(UTC) - timedelta(hours=hours)
    pages = stack.client("cloudtrail").get_paginator("lookup_events")
    for source in SERVICES:
        found = pages.paginate(
            LookupAttributes=[{"AttributeKey": "EventSource", "AttributeValue": source}],
            StartTime=since,
        )
        events = (event for page in found for event in page["Events"])
        for event in islice(events, MOST_EVENTS):
            yield json.loads(event["CloudTrailEvent"])
