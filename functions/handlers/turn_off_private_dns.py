"""States "Turn off private DNS" (after a failed verification), "Turn off all private DNS" and
"Turn off what is no longer asked for" (before an interface endpoint goes)."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.desired import Desired
from connectivity.usecases import private_dns

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """{"vpcId"} -> ids of the endpoints whose private DNS was turned off because it was never
    verified; {"desired", "now"} or {"vpcId", "now", "acknowledgements"} -> {"expireSeconds"},
    how long answers may be cached still, and the acknowledgements that came."""
    endpoints, ledger, settings = wiring.endpoints(), wiring.ledger(), wiring.settings()
    if "desired" in event:
        desired = Desired.from_json(event["desired"])
        seconds = private_dns.turn_off_surplus_private_dns(
            desired, float(event["now"]), endpoints, ledger, settings
        )
    elif "acknowledgements" in event:
        seconds = private_dns.turn_off_all_private_dns(
            event["vpcId"], float(event["now"]), wiring.vpcs(), endpoints, ledger, settings
        )
    else:
        return private_dns.turn_off_private_dns(
            event["vpcId"], endpoints, ledger, wiring.probe(), settings.us
        )
    return {"expireSeconds": seconds, "acknowledgements": event.get("acknowledgements", [])}
