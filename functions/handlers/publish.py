"""State "Publish"."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.desired import Desired
from connectivity.usecases.ensure_resolver import Resolver
from connectivity.usecases.publish import Notes, publish

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """{"desired", "resolver", "verified", "warnings", "repairs"} -> what on-premises reads now."""
    resolver = event["resolver"]
    return publish(
        Desired.from_json(event["desired"]),
        Resolver(resolver["id"], tuple(resolver["ips"]), resolver["probe_group"]),
        event["verified"],
        Notes(event["warnings"], event["repairs"]),
        wiring.aws(),
    ).as_json()
