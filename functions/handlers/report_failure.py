"""State "Report failure"."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.usecases.finish import report_failure

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """{"vpcId", "error", "cause", "execution", "now", "refused": a request, at the door} -> the
    failure as a person reads it."""
    return report_failure(
        event["vpcId"],
        event["error"],
        event["cause"],
        wiring.desk(float(event["now"]), event["execution"]),
        wiring.aws(),
        of_a_request=event["refused"],
    ).as_json()
