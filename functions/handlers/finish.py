"""States "Finish", "Tell when its turn is" and "Tell when it goes"."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.status import Status
from connectivity.usecases.finish import finish, tell

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """{"vpcId", "execution", "status": null or `Status.as_json()`} -> shall we go round again?
    Without an execution the status is written and the hold is kept."""
    said = event["status"]
    if event["execution"] is None:
        status = Status.from_json(said)
        tell(event["vpcId"], status, wiring.vpcs(), wiring.ledger(), wiring.notifications())
        return {"again": False}
    again = finish(
        event["vpcId"],
        event["execution"],
        Status.from_json(said) if said else None,
        wiring.vpcs(),
        wiring.ledger(),
        wiring.notifications(),
    )
    return {"again": again}
