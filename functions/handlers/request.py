"""Request: an event asks to enable, to plan or to delete (schemas/request-event.schema.json)."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.usecases.request import RequestDoor, receive

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """What Amazon EventBridge delivers -> the VPC, and the execution that was started."""
    door = RequestDoor(
        wiring.vpcs(),
        wiring.ledger(),
        wiring.executions(),
        wiring.clock(),
        wiring.settings(),
    )
    return receive(event, door)
