"""States "Ensure interface endpoints" and "Learn what was begun" (before a teardown)."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.desired import Desired
from connectivity.usecases.ensure_endpoints import ensure_endpoints, learn_what_was_begun

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """{"desired", "now"} -> ids of the endpoints, all available; {"vpcId", "now"} -> ids of those
    that were begun and never answered."""
    if "desired" not in event:
        return learn_what_was_begun(event["vpcId"], float(event["now"]), wiring.aws())
    return ensure_endpoints(Desired.from_json(event["desired"]), float(event["now"]), wiring.aws())
