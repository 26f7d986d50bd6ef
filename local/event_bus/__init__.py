"""EventBridge's default bus (and custom ones), with real targets behind the rules.

moto matches patterns well, but it refuses Lambda, Step Functions and SNS targets with an
HTTP 500, and ignores a rule's state, schedule, Input, InputPath, retry policy,
dead-letter queue and role. So its PutEvents is replaced, and its rules are only its store.

Sets `aws.events` (the bus) and `aws.outbox` (the e-mails that SNS would have sent).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from moto.events.exceptions import ValidationException
from moto.events.models import EventsBackend
from moto.events.responses import EventsHandler
from moto.sns.models import Topic

from local.contracts import Notification
from local.event_bus.bus import Bus
from local.event_bus.outbox import notifications
from local.event_bus.rules import matches, require_valid
from local.service_roles import require_events_role

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

MAX_ENTRIES = 10
"""The most entries that PutEvents takes."""

_STOCK_PUT_RULE = EventsBackend.put_rule
_STOCK_PUT_TARGETS = EventsBackend.put_targets
_STOCK_ENABLE_RULE = EventsBackend.enable_rule
_STOCK_PUBLISH = Topic.publish

_current: Bus
_outbox: list[Notification]


def install(aws: EmbeddedAws) -> None:
    global _current, _outbox
    _current, _outbox = Bus(aws), []
    aws.events = _current
    aws.outbox = _outbox
    aws.closers.append(_current.close)
    EventsBackend.put_events = _put_events
    EventsBackend.put_rule = _put_rule
    EventsBackend.put_targets = _put_targets
    EventsBackend.enable_rule = _enable_rule
    EventsHandler.test_event_pattern = _test_event_pattern
    Topic.publish = _publish


def _put_events(backend: Any, events: list[dict[str, Any]]) -> list[dict[str, str]]:
    if len(events) > MAX_ENTRIES:
        raise ValidationException(
            "1 validation error detected: Value '[PutEventsRequestEntry]' at 'entries' failed to"
            " satisfy constraint: Member must have length less than or equal to 10"
        )
    return [_current.put(entry, backend.region_name) for entry in events]


def _put_rule(backend: Any, name: str, **kwargs: Any) -> Any:
    require_events_role(backend, name, kwargs.get("role_arn"))
    require_valid(kwargs.get("event_pattern"), kwargs.get("scheduled_expression"))
    rule = _STOCK_PUT_RULE(backend, name, **kwargs)
    _current.schedule(rule)
    return rule


def _put_targets(
    backend: Any, name: str, event_bus_arn: str | None, targets: Sequence[Mapping[str, Any]]
) -> None:
    for target in targets:
        require_events_role(backend, name, target.get("RoleArn"))
    _STOCK_PUT_TARGETS(backend, name, event_bus_arn, targets)


def _enable_rule(backend: Any, name: str, event_bus_arn: str | None) -> bool:
    enabled: bool = _STOCK_ENABLE_RULE(backend, name, event_bus_arn)
    if enabled:
        _current.schedule(backend.describe_rule(name, event_bus_arn))
    return enabled


def _test_event_pattern(handler: EventsHandler) -> str:
    """Answer TestEventPattern, of which moto says nothing."""
    asked = json.loads(handler.body)
    return json.dumps({"Result": matches(asked["EventPattern"], asked["Event"])})


def _publish(
    topic: Any, message: str, subject: str | None = None, *args: Any, **kwargs: Any
) -> str:
    message_id: str = _STOCK_PUBLISH(topic, message, subject, *args, **kwargs)
    _outbox.extend(notifications(topic, subject, message))
    return message_id
