"""Count, around every handler, what had to be waited for and what AWS has refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from connectivity.adapters import wiring
from connectivity.domain.errors import Throttled, Waiting
from connectivity.domain.measures import WAITS, Measure

from handlers.measuring import emit


@contextmanager
def counting(event: Mapping[str, Any]) -> Iterator[None]:
    """Emit the numbers at the end, however it ends. A throttle is no wait of ours: it is counted
    among the refused calls."""
    waits = 0
    try:
        yield
    except Waiting as why:
        waits = not isinstance(why, Throttled)
        raise
    finally:
        waited = [Measure(WAITS, waits)] if waits else []
        emit((*waited, *wiring.take_refused_calls()), event)
