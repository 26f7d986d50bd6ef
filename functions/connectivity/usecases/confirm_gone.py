"""Confirm gone: look once more at everything, and name what may still wait."""

from __future__ import annotations

from connectivity.domain import ledger as ledgers
from connectivity.domain import status
from connectivity.domain.errors import NotReadyYet
from connectivity.domain.status import Status
from connectivity.usecases.remove import Holdings, leftovers


def confirm_gone(vpc_id: str, holdings: Holdings) -> Status:
    """Raises NotReadyYet naming what is left."""
    entry = holdings.ledger.read(vpc_id)
    left = leftovers(entry, holdings)
    if left:
        raise NotReadyYet(f"still there: {', '.join(left)}")
    waiting = [entry.held[ledgers.PROBE_GROUP]] if ledgers.PROBE_GROUP in entry.held else []
    return status.removed(waiting)
