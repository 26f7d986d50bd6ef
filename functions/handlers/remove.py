"""States "Remove" and "Remove what is no longer asked for"."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.desired import Desired
from connectivity.usecases.remove import remove_everything, remove_surplus

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """{"vpcId"} removes everything; {"desired"} what is not in it."""
    if "desired" in event:
        return remove_surplus(Desired.from_json(event["desired"]), wiring.aws())
    remove_everything(event["vpcId"], wiring.aws())
    return []
