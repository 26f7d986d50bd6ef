"""States "Ask what answers", "Ensure probe" and "Verify resolution"."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.desired import Desired
from connectivity.usecases.ask_names import ask_names
from connectivity.usecases.ensure_probe import ensure_probe
from connectivity.usecases.ensure_resolver import Resolver
from connectivity.usecases.verify_resolution import verify_resolution

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """{"desired", "resolver"} -> the evidence; {"desired", "names", "server"} -> the names, whose
    answers are written down; {"desired"} -> the name of the probe, ready."""
    desired, aws = Desired.from_json(event["desired"]), wiring.aws()
    if "names" in event:
        return ask_names(desired, event["names"], event["server"], aws)
    if "resolver" not in event:
        return ensure_probe(desired, aws)
    return verify_resolution(desired, Resolver.from_json(event["resolver"]), aws).as_json()
