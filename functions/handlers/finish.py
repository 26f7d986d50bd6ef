"""State "Finish"."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.status import Status
from connectivity.usecases.finish import finish

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """{"vpcId", "execution", "status": null or `Status.as_json()`} -> shall we go round again?"""
    said = event["status"]
    again = finish(
        event["vpcId"],
        event["execution"],
        Status.from_json(said) if said else None,
        wiring.vpcs(),
        wiring.ledger(),
        wiring.notifications(),
    )
    return {"again": again}
