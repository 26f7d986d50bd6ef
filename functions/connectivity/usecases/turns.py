"""Turns at AWS's token buckets, reserved once."""

from __future__ import annotations

from dataclasses import replace

from connectivity.domain.ledger import Entry
from connectivity.domain.pacing import Bucket, Turn, is_good_for
from connectivity.usecases.ports import Ledger


def take_turn(entry: Entry, bucket: Bucket, calls: int, now: float, ledger: Ledger) -> Turn:
    """The VPC's turn to make `calls`: the one it has, or one reserved from `now` on, which is in
    seconds since the epoch.

    Dying between the two writes wastes a reservation: those behind wait a little longer. None is
    lost: nobody has a turn that was not booked. Whoever had to share with others goes on as if
    they were there still: they are, a few seconds behind.
    """
    before = entry.turn
    if before is not None and is_good_for(before, bucket, calls, now):
        return before
    turn = ledger.reserve(bucket, calls, now)
    turn = replace(turn, shared=turn.shared or (before is not None and before.shared))
    ledger.remember(entry.vpc_id, turn)
    return turn
