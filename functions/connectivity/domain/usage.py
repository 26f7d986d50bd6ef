"""Idle: a connection that costs every month, and that nobody uses.

Our own verification asks each inbound resolver for each name once a day, and opens TLS to each
endpoint. One container host asks thousands of times a day, and its agents send megabytes: between
the two lie the bounds. A DNS host that follows the VPC asks as often: somebody keeps that one.
"""

from __future__ import annotations

from dataclasses import dataclass

from connectivity.domain.survey import Survey
from connectivity.domain.warning_lines import begins

DAY = 24 * 3600
QUIET_QUERIES = 500
"""DNS queries through the inbound resolver in a day, fewer than a container host makes."""
QUIET_BYTES = 1_000_000
"""Bytes through all interface endpoints in a day, fewer than the agents of a host send."""

_IDLE = "nobody has used it for"


@dataclass(frozen=True)
class Usage:
    """The use of a connection, as Amazon CloudWatch has counted it."""

    queries: float
    bytes: float

    def is_idle(self, days: int) -> bool:
        """Tell whether so little is no use, over so many days."""
        return self.queries < QUIET_QUERIES * days and self.bytes < QUIET_BYTES * days


def stood_for(survey: Survey, days: int, now: float) -> bool:
    """Tell whether the connection was there, unchanged, for so many days: less than that says
    nothing of its use. `now` is in seconds since the epoch."""
    resolver = next((r for r in survey.resolvers if r.id == survey.entry.served.resolver), None)
    return resolver is not None and resolver.modified_at <= now - days * DAY


def idle(days: int, dollars: float) -> str:
    """Return the warning. `dollars` is the list price for a month."""
    return f"{_IDLE} {days} days, and it costs about {dollars:.0f} USD a month"


def is_about_idleness(warning: str) -> bool:
    return begins(warning, _IDLE)
