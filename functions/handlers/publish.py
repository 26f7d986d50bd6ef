"""State "Publish"."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.desired import Desired
from connectivity.usecases.publish import publish

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """{"desired", "resolver", "verified", "warnings"} -> what on-premises reads now."""
    return publish(
        Desired.from_json(event["desired"]),
        tuple(event["resolver"]["ips"]),
        event["verified"],
        event["warnings"],
        wiring.parameters(),
        wiring.ledger(),
        wiring.clock(),
        wiring.settings(),
    ).as_json()
