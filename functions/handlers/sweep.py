"""Sweep: the schedule."""

from __future__ import annotations

from typing import Any

from connectivity.adapters import wiring
from connectivity.usecases.sweep import sweep

from handlers.entry import Event, entry


@entry
def handler(_event: Event) -> Any:
    return {"knocked": sweep(wiring.vpcs(), wiring.ledger(), wiring.executions())}
