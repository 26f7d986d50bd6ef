"""States "Finish", "Tell when its turn is" and "Tell when it goes"."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.status import Status
from connectivity.usecases.finish import finish, tell

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """{"vpcId", "execution", "status": null or `Status.as_json()`, "now"} -> shall we go round
    again? Without an execution the status is written and the hold is kept."""
    said, now = event["status"], float(event["now"])
    if event["execution"] is None:
        status = Status.from_json(said)
        tell(event["vpcId"], status, wiring.desk(now))
        return {"again": False}
    status_or_none = Status.from_json(said) if said else None
    desk = wiring.desk(now, event["execution"])
    return {"again": finish(event["vpcId"], event["execution"], status_or_none, desk)}
