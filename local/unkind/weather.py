"""The weather over one embedded AWS, which decides what strikes a call or a delivery."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from local.clock import Clock
from local.settings import Unkindness
from local.unkind.buckets import Buckets
from local.unkind.chance import STRANGER, caller_of, draw, stable_name
from local.unkind.diary import DRAWN, Diary, Met
from local.unkind.endings import Ending, Spoil
from local.unkind.faults import Aim, EventFault, Fault, Happening, Quirk
from local.unkind.limits import limit_of
from local.unkind.past import Past
from local.unkind.refusals import Refusal, refusal

if TYPE_CHECKING:
    from local.gateway.calls import ApiCall

F = TypeVar("F", Fault, EventFault)

SCHEDULES = "aws.events"
AT_ONCE = (0.0,)


class Unanswered(ConnectionAbortedError):
    """An error: the connection is to be closed without an answer."""


@dataclass(frozen=True)
class Fate:
    """The fate of one call: `before` its effect, then `after` it."""

    fault: Fault | None = None
    refusal: Refusal | None = None
    kill: Callable[[], object] | None = None

    def before(self) -> Refusal | None:
        """Return the error in the effect's place; None where the call has its effect. Raises
        Unanswered where there is neither."""
        if self.fault is Fault.DROPPED_REQUEST:
            raise Unanswered
        return self.refusal

    def after(self) -> None:
        """Let the fault strike after the effect. Raises Unanswered where the caller never hears of
        it."""
        if self.kill is not None:
            self.kill()
        if self.fault in (Fault.LOST_ANSWER, Fault.KILLED_FUNCTION):
            raise Unanswered


KIND = Fate()
UNKNOWN = Met(STRANGER, "", 0)


class Weather:
    """The weather, kind by default. `kill` ends the function whose invocation has that trace id."""

    def __init__(self, unkindness: Unkindness, clock: Clock) -> None:
        self.kill: Callable[[str], object] = lambda _: None
        self._unkindness = unkindness
        self._buckets = Buckets(clock.now)
        self._diary = Diary(clock.now)
        self._is_calm = False
        self._answering = threading.local()
        self.past = Past(clock.now, self._lag, partial(self.tell, Quirk.STALE))

    @property
    def unkindness(self) -> Unkindness:
        """Return the unkindness; none while it is calm."""
        return Unkindness() if self._is_calm else self._unkindness

    def aim(self, aim: Aim) -> Aim:
        """Aim a fault, which strikes once; return `aim`, which then has the happening."""
        return self._diary.aim(aim)

    def spoil(self, spoil: Spoil) -> Spoil:
        """Let creations or removals end badly from now on; return `spoil`, which counts them."""
        return self._diary.spoil(spoil)

    def ending(self, possible: Collection[Ending], what: str) -> Ending | None:
        """Return how the creation or removal of this thread's accepted call ends, if badly; asking
        counts."""
        return None if self._is_calm else self._diary.ending(self._met, possible, what)

    def capitalises(self) -> bool:
        """Return whether the answer to this thread's call writes its states with a capital."""
        unkindness = self.unkindness
        drawn = draw(unkindness.seed, "capital", *self._met)
        if drawn >= unkindness.capitalised_states:
            return False
        self.tell(Quirk.CAPITALISED, DRAWN)
        return True

    def tell(self, what: Quirk, why: str) -> None:
        """Note that this strikes the call that this thread answers."""
        self._diary.tell(self._met, what, why)

    def _lag(self) -> float:
        return self.unkindness.visible_after

    @property
    def _met(self) -> Met:
        return getattr(self._answering, "met", UNKNOWN)

    def forget_aims(self) -> None:
        """Forget all aims and spoils, with their counts."""
        self._diary.forget_aims()

    @contextmanager
    def calm(self) -> Iterator[None]:
        """Strike no call meanwhile, and count none."""
        self._is_calm = True
        try:
            yield
        finally:
            self._is_calm = False

    def happenings(self, since: int = 0) -> Sequence[Happening]:
        """Return the happenings, oldest first."""
        return self._diary.happenings(since)

    def mark(self) -> int:
        """Return a position to hand to `happenings` later."""
        return self._diary.mark()

    def meet(self, call: ApiCall, role_arn: str | None, trace: str | None) -> Fate:
        """Return the fate of a call that was authorised. `trace` is of the function that makes it,
        None if none does: only a function can be killed."""
        if self._is_calm:
            return KIND
        caller = caller_of(role_arn)
        kinds = [kind for kind in Fault if trace or kind is not Fault.KILLED_FUNCTION]
        chance = partial(self._chance, call, caller, kinds)
        fault, ordinal = self._diary.strike(kinds, caller, call.name, chance)
        self._answering.met = Met(caller, call.name, ordinal)
        if fault is None:
            return KIND
        kill = partial(self.kill, trace) if trace and fault is Fault.KILLED_FUNCTION else None
        return Fate(fault, refusal(fault, call.service, call.protocol), kill)

    def deliveries(self, source: str, rule_name: str) -> tuple[float, ...]:
        """Return when an event comes to a rule's target, in AWS seconds after its time: not at all,
        once, or twice.

        Events of AWS's services are best effort (aws.tag is documented to be), so they can be
        lost. Your own, and schedules, come at least once.
        """
        if self._is_calm:
            return AT_ONCE
        rule, seed = stable_name(rule_name), self._unkindness.seed
        best_effort = source.startswith("aws.") and source != SCHEDULES
        chances = {
            EventFault.LOST: self._unkindness.lost_events * best_effort,
            EventFault.DOUBLED: self._unkindness.doubled_events,
            EventFault.LATE: self._unkindness.late_events,
        }
        fault, ordinal = self._diary.strike(
            [*EventFault],
            rule,
            source,
            lambda ordinal: (_pick(chances, draw(seed, rule, source, ordinal)), DRAWN),
        )
        delay = self._unkindness.longest_delay * draw(seed, "delay", rule, source, ordinal)
        match fault:
            case EventFault.LOST:
                return ()
            case EventFault.DOUBLED:
                return (0.0, delay)
            case EventFault.LATE:
                return (delay,)
        return AT_ONCE

    def _chance(
        self, call: ApiCall, caller: str, kinds: Sequence[Fault], ordinal: int
    ) -> tuple[Fault | None, str]:
        """Return the fault of a call, a throttle first: a token that is taken is spent, whatever
        becomes of the call."""
        unkindness = self._unkindness
        limit = limit_of(call.service, call.action, call.region, call.parameters)
        if unkindness.throttles and limit and not self._buckets.take(call.region, limit):
            return Fault.THROTTLED, limit.name
        chances = {
            Fault.SERVER_ERROR: unkindness.server_errors,
            Fault.DROPPED_REQUEST: unkindness.dropped_requests,
            Fault.LOST_ANSWER: unkindness.lost_answers,
            Fault.KILLED_FUNCTION: unkindness.killed_functions,
        }
        possible = {fault: chances[fault] for fault in chances if fault in kinds}
        return _pick(possible, draw(unkindness.seed, caller, call.name, ordinal)), DRAWN


def _pick(chances: Mapping[F, float], drawn: float) -> F | None:
    """Return the fault in whose share of [0, 1) `drawn` falls; None beyond the last."""
    for fault, chance in chances.items():
        if drawn < chance:
            return fault
        drawn -= chance
    return None
