"""Remember a doubt: a connection that may fail its verification, so that sweeps do not try it each
time."""

from __future__ import annotations

from collections.abc import Iterable

from connectivity.domain.desired import Desired
from connectivity.domain.doubt import is_doubted
from connectivity.domain.ledger import Entry
from connectivity.usecases.aws import Aws


def remember_doubt(desired: Desired, entry: Entry, proven: Iterable[str], aws: Aws) -> None:
    """Remember that `desired` is in doubt, once for all the tries of a run: the time is that of the
    first. `proven` are ids of endpoints whose private DNS is verified nevertheless."""
    now, fingerprint, proven = aws.clock.now(), desired.fingerprint, frozenset(proven)
    since = entry.doubted_at if is_doubted(entry, fingerprint, now) else now
    if (entry.doubt, entry.doubted_at, entry.proven_endpoints) != (fingerprint, since, proven):
        aws.ledger.record_doubt(desired.vpc_id, fingerprint, since, proven)
