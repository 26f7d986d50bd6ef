"""Request: an event asks to enable or to delete (schemas/request-event.schema.json)."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.errors import UnreadableOption, UnreadableRequest
from connectivity.usecases import request

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """What cannot be carried out becomes an execution that says why: people look there."""
    detail = event["detail"]
    executions = wiring.executions()
    try:
        asked = request.read_request(event["detail-type"], detail)
    except UnreadableRequest as problem:
        return {"started": executions.start_refused("unknown", "UnreadableRequest", str(problem))}
    except UnreadableOption as problem:
        vpc_id = request.vpc_id_of(detail)
        return {"started": executions.start_refused(vpc_id, "UnreadableOption", str(problem))}
    started = request.carry_out(asked, wiring.vpcs(), wiring.ledger(), executions)
    return {"vpcId": asked.vpc_id, "started": started}
