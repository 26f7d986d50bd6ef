"""Events in, deliveries out: entries, envelopes, matching rules, schedules."""

from __future__ import annotations

import json
import logging
import re
import threading
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.events.models import events_backends

from local.event_bus.delivery import Courier, Delivery

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

log = logging.getLogger(__name__)

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


class Bus:
    """The contract `contracts.EventBus`. As on AWS, events that are under way at the end are
    lost."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self._aws = aws
        self._courier = Courier(aws)
        self._schedules: dict[str, object] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        self._courier.close()

    def publish(
        self,
        source: str,
        detail_type: str,
        detail: Mapping[str, Any],
        resources: Sequence[str],
        region: str,
    ) -> None:
        """Publish an event of an AWS service; only these may come from `aws.*`."""
        self._match(self._envelope(source, detail_type, detail, resources, region), "default")

    def put(self, entry: Mapping[str, Any], region: str) -> dict[str, str]:
        """Put one entry of PutEvents; return its answer: an EventId, or why it was refused."""
        refusal = _refusal(entry)
        if refusal is not None:
            return refusal
        event = self._envelope(
            entry["Source"],
            entry["DetailType"],
            json.loads(entry["Detail"]),
            entry.get("Resources", []),
            region,
            entry.get("Time"),
        )
        self._match(event, entry.get("EventBusName") or "default")
        return {"EventId": event["id"]}

    def schedule(self, rule: Any) -> None:
        """Start the countdown of a rate() rule; a newer countdown replaces an older one."""
        if not rule.scheduled_expression:
            return
        rate = _RATE.fullmatch(rule.scheduled_expression)
        if rate is None:
            log.warning(
                "Rule %s will never fire here: %s is not rate(…)",
                rule.name,
                rule.scheduled_expression,
            )
            return
        countdown = object()
        with self._lock:
            self._schedules[rule.arn] = countdown
        self._count_down(rule, int(rate[1]) * _SECONDS[rate[2]], countdown)

    def _count_down(self, rule: Any, period: int, countdown: object) -> None:
        def tick() -> None:
            if self._is_due(rule, countdown):
                self._count_down(rule, period, countdown)
                event = self._envelope(
                    "aws.events", "Scheduled Event", {}, [rule.arn], rule.region_name
                )
                self._dispatch(rule, event)

        self._courier.after(period, tick)

    def _is_due(self, rule: Any, countdown: object) -> bool:
        bus = events_backends[rule.account_id][rule.region_name].event_buses.get("default")
        with self._lock:
            is_newest = self._schedules.get(rule.arn) is countdown
        return is_newest and bus.rules.get(rule.name) is rule and rule.state != "DISABLED"

    def _envelope(
        self,
        source: str,
        detail_type: str,
        detail: Mapping[str, Any],
        resources: Sequence[str],
        region: str,
        at: float | None = None,
    ) -> dict[str, Any]:
        time = datetime.now(UTC) if at is None else datetime.fromtimestamp(at, UTC)
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": detail_type,
            "source": source,
            "account": self._aws.settings.account,
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": region,
            "resources": list(resources),
            "detail": dict(detail),
        }

    def _match(self, event: dict[str, Any], bus_name: str) -> None:
        """Deliver an event to the targets of the rules that match. A rule that has only a schedule
        matches none."""
        backend = events_backends[event["account"]][event["region"]]
        bus = backend.describe_event_bus(bus_name)
        for rule in list(bus.rules.values()):
            pattern = rule.event_pattern
            if rule.state != "DISABLED" and pattern.get_pattern() and pattern.matches_event(event):
                self._dispatch(rule, event)

    def _dispatch(self, rule: Any, event: dict[str, Any]) -> None:
        for target in list(rule.targets):
            delivery = Delivery(rule.name, rule.arn, target, event, self._aws.clock.now())
            for delay in self._aws.weather.deliveries(event["source"], rule.name):
                self._courier.send(delivery, delay)


def _refusal(entry: Mapping[str, Any]) -> dict[str, str] | None:
    for member in ("Source", "DetailType", "Detail"):
        if not entry.get(member):
            reason = f"Parameter {member} is not valid. Reason: {member} is a required argument."
            return {"ErrorCode": "InvalidArgument", "ErrorMessage": reason}
    if entry["Source"].startswith("aws."):
        return {
            "ErrorCode": "NotAuthorizedForSourceException",
            "ErrorMessage": "Not authorized for the source.",
        }
    if not _is_object(entry["Detail"]):
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    return None


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
