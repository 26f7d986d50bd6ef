"""State "Publish"."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.desired import Desired
from connectivity.usecases.ensure_resolver import Resolver
from connectivity.usecases.publish import Notes, publish

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """{"desired", "warnings", "repairs", "resolver", "verified"} -> {"publication": what
    on-premises reads now, "status"}."""
    published = publish(
        Desired.from_json(event["desired"]),
        Resolver.from_json(event["resolver"]),
        event["verified"],
        Notes(event["warnings"], event["repairs"]),
        wiring.aws(),
    )
    return {"publication": published.as_json(), "status": published.status.as_json()}
