"""The measures: of the account by a sweep, of a VPC by the execution that ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connectivity.domain.ledger import HELD_UP, NEEDED, Entry
from connectivity.domain.measures import (
    CONNECTED_VPCS,
    FAILED_VERIFICATIONS,
    OLDEST_VERIFICATION,
    OVERDUE_VERIFICATIONS,
    REPAIRS,
    TIME_TO_READY,
    UNHEALTHY_RESOLVERS,
    VPCS_IN_NEED,
    Measure,
)
from connectivity.domain.model import InboundResolver
from connectivity.domain.status import REPAIRED
from connectivity.domain.verification_clock import VerificationClock

IN_NEED = frozenset({"failed", HELD_UP, NEEDED})
"""States of a VPC in which a person has to do something."""
_CONNECTED = "connected"
_WRONG_ANSWERS = "NotResolvingYet"
"""Name of the error with which a verification fails; nothing here raises it."""
_HEALTHY = frozenset({"operational", "updating"})
"""States of an inbound resolver that answers. The others are `auto_recovering`, `action_needed`,
`creating` and `deleting` (Route 53 Resolver API reference, ResolverEndpoint)."""


def of_the_account(
    entries: Iterable[Entry],
    resolvers: Mapping[str, InboundResolver],
    clock: VerificationClock,
    now: float,
) -> tuple[Measure, ...]:
    """Return what a sweep has seen, zeros too: where no value comes, no sweep ends. `resolvers` are
    those of the Region by their ids, `now` is in seconds since the epoch."""
    known = tuple(entries)
    connected = [entry for entry in known if entry.served.wish]
    ages = [max(0.0, now - entry.verified_at) for entry in connected]
    overdue = sum(clock.is_overdue(entry.verified_at, now) for entry in connected)
    used = {entry.served.resolver for entry in connected} - {""}
    return (
        Measure(CONNECTED_VPCS, len(connected)),
        Measure(VPCS_IN_NEED, sum(entry.status in IN_NEED for entry in known)),
        Measure(OLDEST_VERIFICATION, round(max(ages, default=0.0))),
        Measure(OVERDUE_VERIFICATIONS, overdue),
        Measure(UNHEALTHY_RESOLVERS, sum(not _is_healthy(resolvers.get(id_)) for id_ in used)),
    )


def _is_healthy(resolver: InboundResolver | None) -> bool:
    return resolver is not None and resolver.status in _HEALTHY


def of_an_end(state: str, before: str, news: Iterable[str], seconds: float) -> tuple[Measure, ...]:
    """Return what an execution that ends has come to: `state` is that of its VPC now and `before`,
    `news` are the lines that nobody was told before, `seconds` is how long it took."""
    repairs = sum(line.startswith(REPAIRED) for line in news)
    became_ready = state == _CONNECTED and before != _CONNECTED
    return (
        *((Measure(TIME_TO_READY, round(seconds)),) if became_ready and seconds > 0 else ()),
        *((Measure(REPAIRS, repairs),) if repairs else ()),
    )


def of_a_failure(error: str) -> tuple[Measure, ...]:
    """Return what an execution that failed with this error has come to."""
    return (Measure(FAILED_VERIFICATIONS, 1),) if error == _WRONG_ANSWERS else ()
