"""State "Await acknowledgements"."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.usecases.await_acknowledgements import await_acknowledgements

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """{"vpcId", "waited_seconds"} -> how many hosts did not confirm in time."""
    waited_seconds = event["waited_seconds"]
    return {"unconfirmed": await_acknowledgements(event["vpcId"], waited_seconds, wiring.aws())}
