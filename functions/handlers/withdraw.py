"""State "Withdraw"."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.usecases.withdraw import withdraw

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """{"vpcId", "now"} -> in how many seconds its turn is; if it has come, how long on-premises is
    given to stop forwarding, and who confirms it."""
    return withdraw(event["vpcId"], float(event["now"]), wiring.aws()).as_json()
