"""States "Finish" and "Tell when its turn is"."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.status import Status
from connectivity.usecases.finish import Failure, finish, finish_failed, tell

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """{"vpcId", "execution", "status": null or `Status.as_json()`, "failure": null or {"error",
    "cause", "at"}, "refused": a request, at the door; "now"} -> what was told, and shall we go
    round again? Without an execution the status is written and the hold is kept."""
    vpc_id, failure = event["vpcId"], event["failure"]
    status = Status.from_json(event["status"]) if event["status"] else None
    desk = wiring.desk(float(event["now"]), event["execution"] or "")
    if failure:
        why = Failure(failure["error"], failure["cause"], failure["at"], event["refused"])
        return finish_failed(vpc_id, why, desk, wiring.aws()).as_json()
    if event["execution"] is None:
        tell(vpc_id, status or Status.from_json(event["status"]), desk)
        return {"again": False}
    return finish(vpc_id, status, desk).as_json()
