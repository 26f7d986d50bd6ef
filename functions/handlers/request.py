"""Request: an event asks to enable or to delete (schemas/request-event.schema.json)."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.errors import TagsRefused, UnreadableOption, UnreadableRequest
from connectivity.usecases import request

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """What cannot be carried out becomes an execution that says why: people look there."""
    kind, detail, executions = event["detail-type"], event["detail"], wiring.executions()
    try:
        vpc_id = request.vpc_id_of(detail)
    except UnreadableRequest as problem:
        return {"started": executions.start_refused("unknown", "UnreadableRequest", str(problem))}
    try:
        asked = request.read_request(kind, detail)
        started = request.carry_out(asked, wiring.vpcs(), wiring.ledger(), executions)
    except (UnreadableOption, TagsRefused) as problem:
        error = type(problem).__name__
        return {"started": executions.start_refused(vpc_id, error, str(problem))}
    return {"vpcId": vpc_id, "started": started}
