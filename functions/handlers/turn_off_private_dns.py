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
    verified; {"desired", "now"} or {"vpcId", "now"} -> {"expireSeconds"}, how long answers may be
    cached still."""
    aws = wiring.aws()
    if "desired" in event:
        desired = Desired.from_json(event["desired"])
        seconds = private_dns.turn_off_surplus_private_dns(desired, float(event["now"]), aws)
    elif "now" in event:
        vpc_id = event["vpcId"]
        seconds = private_dns.turn_off_all_private_dns(vpc_id, float(event["now"]), aws)
    else:
        return private_dns.turn_off_private_dns(event["vpcId"], aws)
    return {"expireSeconds": seconds}
