"""State "Await acknowledgements"."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.usecases.await_acknowledgements import await_acknowledgements

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """{"vpcId", "waited_seconds"} -> how many hosts did not confirm in time."""
    unconfirmed = await_acknowledgements(
        event["vpcId"],
        event["waited_seconds"],
        wiring.vpcs(),
        wiring.parameters(),
        wiring.ledger(),
        wiring.clock(),
        wiring.settings(),
    )
    return {"unconfirmed": unconfirmed}
