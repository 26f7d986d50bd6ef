"""Event patterns and schedules that EventBridge refuses when a rule is put.

AWS: an unknown match type, a value that is no list, two wildcards in a row, and a rate whose unit
does not fit its number are refused (EventBridge user guide, "Event patterns", "Rate expressions":
a value of 1 takes the singular; Ruler, aws/event-ruler, `WildcardParser`: "Consecutive wildcard
characters"). moto 5.2.5 takes all of them, and such a rule matches nothing or too much.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.events.exceptions import ValidationException
from moto.events.models import EventPattern

MATCHERS = frozenset(
    {
        "anything-but",
        "cidr",
        "equals-ignore-case",
        "exists",
        "numeric",
        "prefix",
        "suffix",
        "wildcard",
    }
)
EVENT_FIELDS = ("id", "account", "source", "time", "region", "detail-type")
"""The fields without which AWS refuses an event. Its API reference names `resources`, too, and AWS
takes an event without (as tried on AWS by the LocalStack project, pull request 11994)."""
RATE = re.compile(r"rate\((?:1 (?:minute|hour|day)|(?!1 )[1-9]\d* (?:minutes|hours|days))\)")
CRON = re.compile(r"cron\((?:\S+ ){5}\S+\)")


class InvalidEventPattern(JsonRESTError):  # type: ignore[misc]
    def __init__(self, reason: str) -> None:
        super().__init__(
            "InvalidEventPatternException", f"Event pattern is not valid. Reason: {reason}"
        )


def require_valid(pattern: str | None, schedule: str | None) -> None:
    """Raise AWS's error for a pattern (JSON) or a schedule that it refuses."""
    if pattern:
        reason = next(_wrong_with(_parsed(pattern)), None)
        if reason:
            raise InvalidEventPattern(reason)
    if schedule and not (RATE.fullmatch(schedule) or CRON.fullmatch(schedule)):
        raise ValidationException("Parameter ScheduleExpression is not valid.")


def matches(pattern: str, event: str) -> bool:
    """Return what TestEventPattern answers of a pattern and an event, both JSON. Raises AWS's error
    for a pattern that is refused, and for an event that lacks a field (API reference,
    TestEventPattern)."""
    require_valid(pattern, None)
    told = _parsed_event(event)
    if not isinstance(told, dict) or any(field not in told for field in EVENT_FIELDS):
        raise ValidationException("Parameter Event is not valid.")
    return bool(EventPattern.load(pattern).matches_event(told))


def _parsed_event(event: str) -> Any:
    with suppress(ValueError):
        return json.loads(event)
    return None


def _parsed(pattern: str) -> Any:
    try:
        return json.loads(pattern)
    except ValueError as error:
        raise InvalidEventPattern(str(error)) from error


def _wrong_with(pattern: Any) -> Iterator[str]:
    """Yield each reason why a pattern, or a part of it, is refused."""
    if not isinstance(pattern, dict):
        yield "Filter is not an object"
        return
    if not pattern:
        yield "Empty objects are not allowed"
    for name, value in pattern.items():
        if name == "$or" and isinstance(value, list):
            for branch in value:
                yield from _wrong_with(branch)
        elif isinstance(value, dict):
            yield from _wrong_with(value)
        elif isinstance(value, list):
            yield from _wrong_values(name, value)
        else:
            yield f'"{name}" must be an object or an array'


def _wrong_values(name: str, values: list[Any]) -> Iterator[str]:
    if not values:
        yield "Empty arrays are not allowed"
    for value in values:
        if isinstance(value, list):
            yield f'Match value must be String, number, true, false, or null ("{name}")'
        if isinstance(value, dict):
            yield from _wrong_matcher(value)


def _wrong_matcher(matcher: dict[str, Any]) -> Iterator[str]:
    if len(matcher) != 1:
        yield "Only one key allowed in match expression"
        return
    [(kind, value)] = matcher.items()
    if kind not in MATCHERS:
        yield f"Unrecognized match type {kind}"
    for wildcard in _wildcards(kind, value):
        if "**" in wildcard.replace("\\*", ""):
            yield "Consecutive wildcard characters"


def _wildcards(kind: str, value: Any) -> list[str]:
    if kind == "anything-but" and isinstance(value, dict):
        kind, value = next(iter(value.items()), ("", []))
    found = value if isinstance(value, list) else [value]
    return [each for each in found if isinstance(each, str)] if kind == "wildcard" else []
