"""States "Finish" and "Tell when its turn is"."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.evidence import Ran
from connectivity.domain.status import Status
from connectivity.usecases.finish import Failure, finish, finish_failed, tell

from handlers.entry import Event, entry
from handlers.measuring import emit


@entry
def handler(event: Event) -> Any:
    """{"vpcId", "execution", "status": null or `Status.as_json()`, "failure": null or {"error",
    "cause", "at"}, "refused": a request, at the door; "now"; "tries" before this one; "ran":
    `Ran.from_json`'s} -> what was told, and shall we go round again? An execution of the release
    before says neither of the last two. Without an execution the status is written and the hold is
    kept."""
    vpc_id, said, failure = event["vpcId"], event["status"], event["failure"]
    desk = wiring.desk(float(event["now"]), event["execution"] or "", event.get("tries"))
    if event["execution"] is None:
        tell(vpc_id, Status.from_json(said), desk)
        return {"again": False}
    ran = Ran.from_json(event.get("ran") or {})
    if failure:
        why = Failure(failure["error"], failure["cause"], failure["at"], event["refused"])
        finished = finish_failed(vpc_id, why, desk, wiring.aws(), ran)
    else:
        finished = finish(vpc_id, Status.from_json(said) if said else None, desk, ran)
    emit(finished.measures, event)
    return finished.as_json()
