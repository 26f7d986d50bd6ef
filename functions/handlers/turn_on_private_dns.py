"""State "Turn on private DNS"."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.desired import Desired
from connectivity.usecases.private_dns import turn_on_private_dns

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """{"desired", "now"} -> the services for which it was turned on now."""
    return turn_on_private_dns(
        Desired.from_json(event["desired"]), float(event["now"]), wiring.aws()
    )
