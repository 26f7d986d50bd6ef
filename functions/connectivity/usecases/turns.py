"""Turns at AWS's token buckets: reserved once, waited for, and used no faster than AWS refills."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from connectivity.domain.errors import NotItsTurnYet, NotReadyYet, TurnHoursAway
from connectivity.domain.ledger import Entry
from connectivity.domain.pacing import LONGEST_WAIT_AT_WORK, Bucket, Turn, due, is_good_for
from connectivity.usecases.aws import Aws
from connectivity.usecases.patience import Patience
from connectivity.usecases.ports import Ledger


@dataclass
class Pace:
    """The pace of a turn: its calls one after the other, each when AWS's bucket holds it."""

    turn: Turn
    bucket: Bucket
    next_call: int
    """The number of the next call of the turn, from 0: an earlier try may have made some."""
    now: float
    """The time at which this try began, in seconds since the epoch."""
    patience: Patience
    unwritten: Mapping[str, Turn]
    """Turns by their steps that the ledger has still to remember, with the next write."""
    _late: float | None = field(default=None, init=False)
    """Seconds after its time at which the first call of this try was answered, where that is of the
    burst. AWS's bucket is full until that call takes of it, so it refills that much later for those
    after the burst."""

    def __post_init__(self) -> None:
        self._first = self.next_call

    def wait_for_next(self) -> None:
        """Return when the next call may be made. Raises NotReadyYet where that is too far away for
        this try; the next one goes on from there."""
        later = NotReadyYet(
            f"{self.next_call} of {self.turn.calls} calls are made: AWS allows "
            f"the next {self.bucket.name} later"
        )
        if self._first < self.next_call <= self.bucket.burst and self._late is None:
            self._late = max(0.0, self._seconds_since(self._first))
        self.patience.pause((self._late or 0.0) - self._seconds_since(self.next_call), later)
        self.next_call += 1

    def _seconds_since(self, call: int) -> float:
        """Return the seconds since the call of this number was due."""
        return self.now + self.patience.spent - due(self.turn, self.bucket, call)


def take_turn(entry: Entry, bucket: Bucket, calls: int, now: float, ledger: Ledger) -> Turn:
    """Return the VPC's turn to make `calls`: the one it has, or one reserved from `now` on, which
    is in seconds since the epoch.

    Dying between the two writes wastes a reservation: those behind wait a little longer. None is
    lost: nobody has a turn that was not booked.
    """
    turn, turns = _turn(entry, bucket, calls, now, ledger)
    if turns:
        ledger.record_turns(entry.vpc_id, turns)
    return turn


def _turn(
    entry: Entry, bucket: Bucket, calls: int, now: float, ledger: Ledger
) -> tuple[Turn, Mapping[str, Turn]]:
    """Return the VPC's turn, and by their steps the turns that are to be remembered; none where it
    had this one before."""
    before = entry.turns.get(bucket.step)
    if before is not None and is_good_for(before, bucket, calls, now):
        return before, {}
    turn = ledger.reserve(bucket, calls, now)
    earlier = {} if bucket.opens else entry.turns
    return turn, {**earlier, bucket.step: turn}


def take_turn_now(entry: Entry, bucket: Bucket, calls: int, now: float, aws: Aws) -> Pace:
    """Wait for the turn, and return the pace of its calls; `now` is when this try began. Raises
    NotItsTurnYet where it comes later than this try can wait, and TurnHoursAway where no execution
    waits that long in the middle of its work."""
    pace = begin_turn_now(entry, bucket, calls, now, aws)
    if pace.unwritten:
        aws.ledger.record_turns(entry.vpc_id, pace.unwritten)
    return pace


def begin_turn_now(entry: Entry, bucket: Bucket, calls: int, now: float, aws: Aws) -> Pace:
    """Wait for the turn as `take_turn_now` does. One that has come at once is not remembered yet:
    whoever asks writes it down with something else, before the first call."""
    turn, unwritten = _turn(entry, bucket, calls, now + aws.patience.spent, aws.ledger)
    seconds = turn.at - now - aws.patience.spent
    if unwritten and seconds > 0:
        aws.ledger.record_turns(entry.vpc_id, unwritten)
        unwritten = {}
    if seconds > LONGEST_WAIT_AT_WORK:
        raise TurnHoursAway(f"so many other VPCs come before {entry.vpc_id} at {bucket.name}")
    aws.patience.pause(
        seconds, NotItsTurnYet(f"other VPCs come before {entry.vpc_id} at {bucket.name}")
    )
    return Pace(turn, bucket, turn.calls - calls, now, aws.patience, unwritten)
