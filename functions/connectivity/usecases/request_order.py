"""The order of request events about a VPC, of which the last one holds: EventBridge keeps none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

from connectivity.domain.errors import UnreadableRequest
from connectivity.domain.printable import shown

Kind = Literal["Enable", "Plan", "Delete", "Remove"]
"""The kinds of requests; of two events with the same time the later kind in this order wins. Remove
is a Delete that says yes to the removal although many VPCs are removed at once."""

_EVENT_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
_AHEAD = timedelta(minutes=5)
_OLDEST = timedelta(days=1)


def order_of(event: Mapping[str, Any], kind: Kind, now: str) -> str:
    """Return the request's order: microseconds, the kind's rank, and the event's id, each of a
    fixed length. An event is carried out twice where AWS delivers it twice. Raises
    UnreadableRequest."""
    field, at = "time", event.get("time", now)
    if event["detail"].get("requested-at") is not None:
        field, at = "requested-at", event["detail"]["requested-at"]
    moment, present = _moment(at), datetime.fromisoformat(now)
    if moment is None or not present - _OLDEST <= moment <= present + _AHEAD:
        raise UnreadableRequest(
            f'request event: "{field}" is {shown(at)}, and a UTC time such as '
            "2026-11-23T12:00:00.25Z is needed, not older than a day and not in the future"
        )
    id_ = event.get("id")
    name = id_ if isinstance(id_, str) and _EVENT_ID.fullmatch(id_) else ""
    return f"{moment:%Y%m%dT%H%M%S.%f}#{get_args(Kind).index(kind)}#{name}"


def _moment(text: Any) -> datetime | None:
    if not isinstance(text, str) or not _MOMENT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
