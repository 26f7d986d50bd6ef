"""State "Check preconditions"."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.wish import Options
from connectivity.usecases.check_preconditions import check_preconditions

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """{"vpcId", "services", "onprem_cidrs", "because", "verdict", "now", "tries": made before
    this one} -> what shall be there, the plan, and in how many seconds its turn is."""
    options = Options(tuple(event["services"]), tuple(event["onprem_cidrs"]))
    return check_preconditions(
        event["vpcId"],
        options,
        event["because"],
        wiring.aws(),
        float(event["now"]),
        only_plan=event["verdict"] == "plan",
        tries=event["tries"],
    ).as_json()
