"""Sweep: the schedule."""

from __future__ import annotations

import time
from typing import Any

from connectivity.adapters import wiring
from connectivity.usecases.sweep import Sweep, sweep

from handlers.entry import Event, entry
from handlers.measuring import emit


@entry
def handler(event: Event) -> Any:
    """Any event -> which VPCs an execution looks at now, and why."""
    settings = wiring.settings()
    key = settings.signing_key
    tools = Sweep(
        account=wiring.account(),
        ledger=wiring.ledger(),
        executions=wiring.executions(),
        settings=settings,
        clock=wiring.verification_clock(),
        desk=wiring.desk(time.time()),
        signatures=wiring.signatures(key) if key else None,
    )
    swept = sweep(tools)
    emit(swept.measures, event)
    return swept.as_json()
