"""The decision whether a VPC needs a look. A sweep starts an execution only where this says so, and
why.

the VPC                                                    then
-------------------------------------------------------    ---------------------------------
its execution died, or never took the hold                 it is looked at
it asks for nothing, and nothing is left of it             nothing
it asks for nothing, and something is                      it is looked at
its removal is held up, and nobody has said yes            nothing
its tags, or the stack's parameters, are new               it is looked at
its turn is booked, and further away than one waits        nothing, until it comes near
it failed its verification a short while ago               nothing, until its pause is over
it is not as it asks for: failed, waiting, never made      it is looked at
it is connected, and something differs                     it is looked at, once for the same
its status tells what was repaired                         it is looked at, so that the same is news
it is connected, and its time has come                     it is verified again
else                                                       nothing
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from connectivity.domain.differences import View, differences, fingerprint, left_on
from connectivity.domain.doubt import PATIENCE, VERIFICATION, is_within_rest
from connectivity.domain.errors import UnreadableOption
from connectivity.domain.ledger import HELD_UP, PLANNED, WAITING, Entry
from connectivity.domain.model import Vpc
from connectivity.domain.pacing import is_far_away
from connectivity.domain.printable import first_lines
from connectivity.domain.status import REPAIRED
from connectivity.domain.verification_clock import VerificationClock
from connectivity.domain.wish import Wish, read_wish

SWEEP = "sweep"
CONNECTED = "connected"


@dataclass(frozen=True)
class Need:
    """The need for a look at a VPC, with its reasons."""

    entry: Entry
    because: str
    """`sweep`, or `verification` where it is to be verified although nothing differs."""
    reasons: tuple[str, ...] = ()
    """The reasons; empty where only the clock asks for a verification."""
    differences: str = ""
    """The fingerprint of the reasons."""

    @property
    def vpc_id(self) -> str:
        return self.entry.vpc_id

    @property
    def told(self) -> tuple[str, ...]:
        """Return the reasons for the log."""
        return tuple(first_lines(self.reasons)) or ("it is time to verify it again",)


def need_of(view: View, asked: str, now: float, clock: VerificationClock) -> Need | None:
    """Return why the VPC needs a look, None if it does not. `asked` is the fingerprint of what it
    asks for now, `now` in seconds since the epoch. No execution is at work on it."""
    entry, wish = view.entry, wish_of(view.vpc)
    unfinished = tuple(_unfinished(entry))
    if not unfinished and _waits_for_its_turn(entry, asked, now):
        return None
    reasons = (*unfinished, *_asked_anew(view, wish, asked))
    if wish is Wish.DISABLED:
        return Need(entry, SWEEP, reasons) if reasons else None
    if entry.asked == asked and is_within_rest(entry, now):
        reasons = (*reasons, *left_on(view))
        return Need(entry, SWEEP, reasons) if reasons else None
    found = differences(view)
    told = fingerprint(found)
    if told != entry.handed and entry.status == CONNECTED:
        reasons = (*reasons, *found)
    since = entry.verified_at if wish is Wish.ENABLED else entry.taken_at
    due = bool(entry.served.wish or wish is Wish.PLAN) and clock.is_due(view.vpc_id, since, now)
    if due:
        return Need(entry, VERIFICATION if wish is Wish.ENABLED else SWEEP, reasons, told)
    reasons = (*reasons, *_not_in_order(entry, wish))
    return Need(entry, SWEEP, reasons, told) if reasons else None


def wish_of(vpc: Vpc | None) -> Wish:
    """Return the wish; one that cannot be read asks for something that has to be told."""
    try:
        return read_wish(vpc.tags) if vpc else Wish.DISABLED
    except UnreadableOption:
        return Wish.PLAN


def _waits_for_its_turn(entry: Entry, asked: str, now: float) -> bool:
    """Tell whether the turn for exactly this is booked and so far away that an execution would only
    say so again."""
    is_the_same = entry.status == WAITING and entry.asked == asked
    return is_the_same and is_far_away(entry.turns.values(), now)


def _unfinished(entry: Entry) -> Iterator[str]:
    if entry.holder is not None:
        yield f"{entry.holder} has not ended its work and is not running"
    if entry.unread:
        yield "the execution that a sweep started never looked at it"


def _asked_anew(view: View, wish: Wish, asked: str) -> Iterator[str]:
    entry = view.entry
    if wish is not Wish.DISABLED and entry.asked != asked:
        yield "its tags or the stack's parameters are not those that were acted on last"
    elif entry.status == HELD_UP and entry.asked == asked:
        return
    elif wish is Wish.DISABLED and entry.held:
        yield f"it asks for nothing, and {len(entry.held)} things are held for it"
    elif wish is Wish.DISABLED and not entry.is_at_rest and entry.holder is None:
        yield f"it asks for nothing, and its status is {entry.status}"


def _not_in_order(entry: Entry, wish: Wish) -> Iterator[str]:
    if entry.status not in ((CONNECTED,) if wish is Wish.ENABLED else (CONNECTED, PLANNED)):
        yield f"its status is {entry.status or 'not known'}"
    elif entry.doubt:
        yield f"its pause of {PATIENCE} after a failure is over"
    elif any(line.startswith(REPAIRED) for line in entry.told):
        yield "its status still tells what was repaired"
