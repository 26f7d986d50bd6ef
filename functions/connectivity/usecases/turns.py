"""Turns at AWS's token buckets: reserved once, and waited for."""

from __future__ import annotations

from dataclasses import replace

from connectivity.domain.errors import NotItsTurnYet, TurnHoursAway
from connectivity.domain.ledger import Entry
from connectivity.domain.pacing import (
    LONGEST_WAIT,
    LONGEST_WAIT_AT_WORK,
    Bucket,
    Turn,
    is_good_for,
)
from connectivity.usecases.ports import Ledger


def take_turn(entry: Entry, bucket: Bucket, calls: int, now: float, ledger: Ledger) -> Turn:
    """The VPC's turn to make `calls`: the one it has, or one reserved from `now` on, which is in
    seconds since the epoch.

    Dying between the two writes wastes a reservation: those behind wait a little longer. None is
    lost: nobody has a turn that was not booked. Whoever had to share with others goes on as if
    they were there still: they are, a few seconds behind.
    """
    before = entry.turns.get(bucket.step)
    if before is not None and is_good_for(before, bucket, calls, now):
        return before
    turn = ledger.reserve(bucket, calls, now)
    earlier = {} if bucket.opens else entry.turns
    shared = turn.shared or any(t.shared and now < t.at + LONGEST_WAIT for t in earlier.values())
    turn = replace(turn, shared=shared)
    ledger.remember(entry.vpc_id, {**earlier, bucket.step: turn})
    return turn


def take_turn_now(entry: Entry, bucket: Bucket, calls: int, now: float, ledger: Ledger) -> Turn:
    """Return a turn that has come. Raises NotItsTurnYet with the seconds until it does, and
    TurnHoursAway where no execution waits that long in the middle of its work."""
    turn = take_turn(entry, bucket, calls, now, ledger)
    seconds = turn.seconds(now)
    if seconds > LONGEST_WAIT_AT_WORK:
        raise TurnHoursAway(f"so many other VPCs come before {entry.vpc_id} at {bucket.name}")
    if seconds:
        raise NotItsTurnYet(f"other VPCs come before {entry.vpc_id} at {bucket.name}", seconds)
    return turn
