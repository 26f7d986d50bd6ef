"""State "Read the VPC"."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain import errors
from connectivity.usecases.read_vpc import read_vpc

from handlers.entry import Event, entry

_REFUSALS = {fact.__name__: fact for fact in errors.Fact.__subclasses__()}


@entry
def handler(event: Event) -> Any:
    """{"execution", "given": the execution's input, "tries": made before this one} -> the reading.
    A request that was refused at the door is raised here, so that it ends as every other failure
    does."""
    given = event["given"]
    if "refused" in given:
        raise _REFUSALS[given["refused"]["error"]](given["refused"]["problem"])
    return read_vpc(
        given["vpcId"],
        event["execution"],
        given.get("because", "tag"),
        event["tries"],
        wiring.vpcs(),
        wiring.ledger(),
        wiring.executions(),
        wiring.settings(),
    ).as_json()
