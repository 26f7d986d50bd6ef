"""The one wait of this package: for a change that another process makes in its own time."""

from __future__ import annotations

import time
from collections.abc import Callable

POLL = 0.02
"""Seconds between two looks."""


def comes_true(condition: Callable[[], bool], patience: float, poll: float = POLL) -> bool:
    """Return whether `condition` became true within about `patience` seconds. It is asked once at
    least, and then every `poll` seconds."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(poll)
    return True
