"""State "Verify resolution"."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.desired import Desired
from connectivity.usecases.ensure_resolver import Resolver
from connectivity.usecases.verify_resolution import verify_resolution

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """{"desired", "resolver"} -> the evidence."""
    return verify_resolution(
        Desired.from_json(event["desired"]),
        Resolver.from_json(event["resolver"]),
        wiring.aws(),
    ).as_json()
