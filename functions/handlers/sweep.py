"""Sweep: the schedule."""

from __future__ import annotations

import time
from typing import Any

from connectivity.adapters import wiring
from connectivity.usecases.sweep import Sweep, sweep

from handlers.entry import Event, entry


@entry
def handler(_event: Event) -> Any:
    """Any event -> which VPCs an execution looks at now, and why."""
    tools = Sweep(
        account=wiring.account(),
        ledger=wiring.ledger(),
        executions=wiring.executions(),
        settings=wiring.settings(),
        clock=wiring.verification_clock(),
        desk=wiring.desk(time.time()),
    )
    return sweep(tools).as_json()
