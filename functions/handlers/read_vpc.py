"""State "Read the VPC"."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain import errors
from connectivity.usecases.read_vpc import read_vpc
from connectivity.usecases.run import Run

from handlers.entry import Event, entry

_REFUSALS = {fact.__name__: fact for fact in errors.Fact.__subclasses__()}


@entry
def handler(event: Event) -> Any:
    """{"execution", "given": the execution's input, "now", "tries": made before this one} -> the
    verdict. A request that was refused at the door is raised here, so that it ends as every other
    failure does."""
    given = event["given"]
    if "refused" in given:
        raise _REFUSALS[given["refused"]["error"]](given["refused"]["problem"])
    run = Run(
        given["vpcId"],
        event["execution"],
        given.get("because", "tag"),
        float(event["now"]),
        event["tries"],
    )
    return read_vpc(run, wiring.aws(), wiring.executions()).as_json()
