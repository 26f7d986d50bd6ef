"""State "Finish"."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.status import Status
from connectivity.usecases.finish import finish

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """{"vpcId", "execution", "status": null or {"status", "detail"}} -> shall we go round again?"""
    said = event["status"]
    status = Status(said["status"], said["detail"]) if said else None
    again = finish(event["vpcId"], event["execution"], status, wiring.vpcs(), wiring.ledger())
    return {"again": again}
