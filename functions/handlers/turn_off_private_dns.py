"""States "Turn off private DNS" (after a failure, what was never verified) and "Turn off what goes"
(before an interface endpoint does)."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.desired import Desired
from connectivity.usecases import turn_off_private_dns as turn_off

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """{"vpcId", "which": "unverified"} -> ids of the endpoints whose private DNS was turned off
    because it was never verified; {"vpcId", "which": "going", "desired": null for all of them,
    "now"} -> {"expireSeconds"}, how long answers may be cached still."""
    aws = wiring.aws()
    if event["which"] == "unverified":
        return turn_off.turn_off_unverified(event["vpcId"], aws)
    if event["desired"] is None:
        seconds = turn_off.turn_off_everything(event["vpcId"], float(event["now"]), aws)
    else:
        desired = Desired.from_json(event["desired"])
        seconds = turn_off.turn_off_surplus(desired, float(event["now"]), aws)
    return {"expireSeconds": seconds}
