"""State "Ensure inbound resolver"."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.desired import Desired
from connectivity.usecases.ensure_resolver import ensure_resolver

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """{"desired"} -> the resolver's id, its IPs and the probe's security group."""
    return ensure_resolver(Desired.from_json(event["desired"]), wiring.aws()).as_json()
