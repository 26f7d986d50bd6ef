"""Request: an event asks to enable, to plan or to delete (schemas/request-event.schema.json)."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.errors import Fact
from connectivity.usecases import refusal, request

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """What cannot be carried out becomes an execution that says why: people look there."""
    vpc_id, ledger, executions = None, wiring.ledger(), wiring.executions()
    now, settings = wiring.clock().now(), wiring.settings()
    try:
        vpc_id = request.vpc_id_of(event["detail"])
        asked = request.read_request(event, now, settings.bounds)
        started = request.carry_out(asked, wiring.vpcs(), ledger, executions, settings)
    except Fact as problem:
        refused = refusal.refuse(vpc_id, problem, now, ledger, executions)
        return {"vpcId": vpc_id, "refused": type(problem).__name__, "started": refused}
    return {"vpcId": vpc_id, "started": started}
