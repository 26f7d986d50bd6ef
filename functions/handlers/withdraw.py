"""State "Withdraw"."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.usecases.withdraw import withdraw

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """{"vpcId"} -> how long on-premises is given to stop forwarding, and whether somebody confirms
    it."""
    return withdraw(event["vpcId"], wiring.aws()).as_json()
