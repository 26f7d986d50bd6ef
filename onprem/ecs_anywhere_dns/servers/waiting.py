"""The one wait there is: for something that another process does in its own time."""

from __future__ import annotations

import time
from collections.abc import Callable

POLL = 0.02
"""Seconds between two looks."""


def comes_true(condition: Callable[[], bool], patience: float, poll: float = POLL) -> bool:
    """Whether it did, within about `patience` seconds; looked at once at least, and then every
    `poll` seconds."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(poll)
    return True
