"""Guard deletion: CloudFormation, about the stack itself."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.custom_resource import Request
from connectivity.usecases.guard_deletion import guard_deletion

from handlers.entry import Event, entry


@entry
def handler(event: Event) -> Any:
    """A request of a custom resource -> what it was answered."""
    return guard_deletion(
        Request.from_json(event),
        wiring.ledger(),
        wiring.host_policy(),
        wiring.protection(),
        wiring.stacks(),
    ).as_json()
