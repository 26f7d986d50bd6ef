"""State "Confirm gone"."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.usecases.confirm_gone import confirm_gone

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """{"vpcId"} -> the status after a teardown."""
    return confirm_gone(event["vpcId"], wiring.aws()).as_json()
