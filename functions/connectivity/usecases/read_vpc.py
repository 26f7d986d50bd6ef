"""Read the VPC: what it asks for, what there is, every reason why not, the plan, the turn - and out
of all that one verdict, on which the workflow goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from connectivity.domain import pacing
from connectivity.domain.errors import Throttled
from connectivity.domain.ledger import begun_endpoints
from connectivity.domain.status import Status, waiting
from connectivity.usecases.asked import Reading, Wished, read_wish_of
from connectivity.usecases.aws import Aws
from connectivity.usecases.check_preconditions import Check, check_preconditions
from connectivity.usecases.look_briefly import look_briefly
from connectivity.usecases.ports import Executions
from connectivity.usecases.removal_valve import held_up_by_others, needed_by_others
from connectivity.usecases.run import Run
from connectivity.usecases.turns import take_turn

ToDo = Literal["ask", "connect", "take away", "wait", "look again", "busy", "nothing"]

NOTHING_DIFFERS = "nothing differs"
SOONEST = 5
"""Seconds after which a look that was throttled is tried again."""


@dataclass(frozen=True)
class Verdict:
    """The verdict: the work that is to be done now, and its reason."""

    todo: ToDo
    reason: str
    status: Status | None = None
    """The status to report before that work, or instead of it."""
    check: Check | None = None
    """The desired resources, and the steps to them; None where nothing is desired."""
    seconds: int = 0
    """The seconds until the VPC's turn comes, to make or take away, or to be looked at."""
    begun: bool = False
    """True where VPC endpoints were announced whose ids are not known: they may exist."""

    def as_json(self) -> dict[str, Any]:
        plan = self.check.as_json() if self.check else {"desired": None, "surplus": False}
        return plan | {
            "todo": self.todo,
            "reason": self.reason,
            "status": self.status.as_json() if self.status else None,
            "seconds": self.seconds,
            "begun": self.begun,
        }


def read_vpc(run: Run, aws: Aws, executions: Executions) -> Verdict:
    """Return the verdict. A turn is reserved where something is to be made or taken away. Raises
    UnreadableOption, UnknownVpc, VpcNotAllowed, PreconditionsNotMet with every problem, and
    NotReadyYet and NotCompleteYet for what has to be looked at again."""
    reading = read_wish_of(run, aws, executions)
    if reading.wished:
        return _of_a_wish(reading, reading.wished, run, aws)
    if reading.verdict == "tear down":
        return _of_a_teardown(reading, run, aws)
    todo: ToDo = "busy" if reading.verdict == "busy" else "nothing"
    return Verdict(todo, reading.reason, reading.status)


def _of_a_wish(reading: Reading, wished: Wished, run: Run, aws: Aws) -> Verdict:
    booked = wished.entry.turns.get(pacing.MAKING.step)
    waits = booked and booked.seconds_to_begin(run.now)
    if booked and waits and not wished.asks_anew and not wished.only_plan:
        return _of_a_turn(booked, waits, run.now)
    try:
        if said := look_briefly(wished, run, aws):
            return Verdict("nothing", NOTHING_DIFFERS, said.compared_with(wished.entry))
        check = check_preconditions(wished, run, aws)
    except Throttled as why:
        return _look_again(why, run, aws)
    reason = reading.reason
    if wished.only_plan or check.converged or check.rests:
        said = check.status.compared_with(wished.entry)
        return Verdict("nothing", check.reason or reason, said, check)
    if check.to_ask:
        return Verdict("ask", "something else answers for its names", check=check)
    seconds = check.turn.seconds_to_begin(run.now) if check.turn else 0
    if check.turn is None or not seconds:
        return Verdict("connect", reason, check=check)
    return _of_a_turn(check.turn, seconds, run.now, check)


def _look_again(why: Throttled, run: Run, aws: Aws) -> Verdict:
    """Return the verdict of a look that AWS throttled: a later one is booked. AWS takes five such
    calls a second from an account, in which hundreds may look at once. The VPC stays as it is."""
    turn = aws.ledger.reserve(pacing.LOOKING, pacing.CALLS_OF_A_LOOK, run.now)
    return Verdict("look again", str(why), seconds=SOONEST + turn.seconds(run.now))


def _of_a_teardown(reading: Reading, run: Run, aws: Aws) -> Verdict:
    """Return the verdict for a teardown. Its turn is for turning private DNS off, after the drain.
    All drains are equally long, so VPCs that begin in turn get there in turn, and none is withdrawn
    long before it goes."""
    entry = reading.entry
    if not reading.is_confirmed and (needed := needed_by_others(entry, aws)):
        return Verdict("nothing", "other VPCs use what was made for it", needed)
    held_up = None if reading.is_confirmed else held_up_by_others(entry, run.now, aws)
    if held_up:
        return Verdict("nothing", "too many ask to be removed at once", held_up)
    calls = entry.interface_endpoints
    if calls:
        turn = take_turn(entry, pacing.TURNING_OFF, calls, run.now, aws.ledger)
        if seconds := turn.seconds(run.now):
            return _of_a_turn(turn, seconds, run.now)
    return Verdict("take away", reading.reason, begun=bool(begun_endpoints(entry)))


def _of_a_turn(turn: pacing.Turn, seconds: int, now: float, check: Check | None = None) -> Verdict:
    """Return the verdict for a turn of which the VPC has so many seconds to wait. One that is
    further away than an execution waits is left to a sweep."""
    status = waiting(turn)
    if pacing.is_far_away([turn], now):
        return Verdict("nothing", "its turn is hours away", status, check)
    return Verdict("wait", "other VPCs come first", status, check, seconds)
