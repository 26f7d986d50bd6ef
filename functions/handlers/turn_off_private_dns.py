"""States "Turn off private DNS" (after a failure, what was never verified) and "Turn off what goes"
(before an interface endpoint does)."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.desired import Desired
from connectivity.usecases import private_dns

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """{"vpcId", "which": "unverified"} -> ids of the endpoints whose private DNS was turned off
    because it was never verified; {"vpcId", "which": "going", "desired": null for all of them,
    "now"} -> {"expireSeconds"}, how long answers may be cached still."""
    aws = wiring.aws()
    if event["which"] == "unverified":
        return private_dns.turn_off_private_dns(event["vpcId"], aws)
    if event["desired"] is None:
        seconds = private_dns.turn_off_all_private_dns(event["vpcId"], float(event["now"]), aws)
    else:
        desired = Desired.from_json(event["desired"])
        seconds = private_dns.turn_off_surplus_private_dns(desired, float(event["now"]), aws)
    return {"expireSeconds": seconds}
