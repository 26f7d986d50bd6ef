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
    # An execution goes on with the definition of the release that it was started by, which may be
    # the one before this: that one said "notes".
    notes = event.get("notes", event)
    published = publish(
        Desired.from_json(event["desired"]),
        Resolver.from_json(event["resolver"]),
        event["verified"],
        Notes(notes["warnings"], notes["repairs"]),
        wiring.aws(),
    )
    return {"publication": published.as_json(), "status": published.status.as_json()}
