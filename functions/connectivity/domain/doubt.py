"""The pause after a failed verification, in which sweeps do not try it again.

Each try turns private DNS on for the whole VPC and off again: its workloads must not pay for that
twice an hour, whatever it was that failed. Somebody who changes a tag or sends a request is
answered at once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from connectivity.domain.ledger import Entry

PATIENCE = timedelta(hours=6)
"""The time after which a sweep tries the same again: the cause may have been mended."""
VERIFICATION = "verification"
"""The reason of an execution that verifies again on a clock, although nobody changed anything."""
UNASKED = ("sweep", "acknowledgement")
"""The reasons of executions that nobody asked for."""


def rests(entry: Entry, fingerprint: str, because: str, now: str) -> bool:
    """Return whether to leave the VPC as it is. `now` is ISO 8601 UTC."""
    return because in UNASKED and is_doubted(entry, fingerprint, now)


def is_within_rest(entry: Entry, now: float) -> bool:
    """Return whether something was begun a short while ago, and neither verified nor published
    since; `now` in seconds since the epoch."""
    if not entry.doubt:
        return False
    return now - datetime.fromisoformat(entry.doubted_at).timestamp() < PATIENCE.total_seconds()


def is_doubted(entry: Entry, fingerprint: str, now: str) -> bool:
    """Return whether exactly this was begun a short while ago, and neither verified nor published
    since."""
    if entry.doubt != fingerprint:
        return False
    return datetime.fromisoformat(now) - datetime.fromisoformat(entry.doubted_at) < PATIENCE
