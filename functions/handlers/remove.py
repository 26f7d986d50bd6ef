"""State "Remove"."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.desired import Desired
from connectivity.usecases.remove import remove_everything, remove_surplus

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """{"vpcId", "desired": null} removes everything -> {"status": as after a teardown};
    {"vpcId", "desired"} what is not in it -> {"removed": ids of VPC endpoints}."""
    aws = wiring.aws()
    if event["desired"] is not None:
        return {"removed": remove_surplus(Desired.from_json(event["desired"]), aws)}
    return {"status": remove_everything(event["vpcId"], aws).as_json()}
