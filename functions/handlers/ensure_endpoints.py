"""State "Ensure interface endpoints"."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.desired import Desired
from connectivity.usecases.ensure_endpoints import ensure_endpoints

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """{"desired", "now"} -> ids of the endpoints, all available."""
    return ensure_endpoints(Desired.from_json(event["desired"]), float(event["now"]), wiring.aws())
