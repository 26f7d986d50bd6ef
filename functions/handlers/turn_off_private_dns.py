"""State "Turn off private DNS": after a failed verification."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.usecases.private_dns import turn_off_private_dns

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """{"vpcId"} -> ids of the endpoints whose private DNS was turned off again."""
    return turn_off_private_dns(
        event["vpcId"],
        wiring.endpoints(),
        wiring.ledger(),
        wiring.probe(),
        wiring.settings().us,
    )
