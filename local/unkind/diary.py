"""The diary of the weather: the calls that met it, how often, the aims, and the happenings."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, TypeVar

from local.unkind.endings import Ending, Spoil
from local.unkind.faults import Aim, EventFault, Fault, Happening, Quirk

F = TypeVar("F", Fault, EventFault)

AIMED = "aimed"
DRAWN = "drawn"


class Met(NamedTuple):
    """A call: its caller, its action, and its number among that caller's calls of this action."""

    caller: str
    action: str
    ordinal: int


class Diary:
    """The diary, which many threads may use."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._aims: list[Aim] = []
        self._spoils: list[Spoil] = []
        self._met: Counter[tuple[str, str]] = Counter()
        self._happenings: list[Happening] = []
        self._lock = threading.Lock()

    def aim(self, aim: Aim) -> Aim:
        with self._lock:
            self._aims.append(aim)
        return aim

    def spoil(self, spoil: Spoil) -> Spoil:
        with self._lock:
            self._spoils.append(spoil)
        return spoil

    def forget_aims(self) -> None:
        with self._lock:
            self._aims.clear()
            self._spoils.clear()

    def happenings(self, since: int = 0) -> Sequence[Happening]:
        with self._lock:
            return self._happenings[since:]

    def mark(self) -> int:
        with self._lock:
            return len(self._happenings)

    def tell(self, met: Met, what: Quirk | Ending, why: str) -> None:
        with self._lock:
            self._happenings.append(Happening(self._now(), *met, what, why))

    def ending(self, met: Met, possible: Collection[Ending], what: str) -> Ending | None:
        """Return how `what` ends, if badly: the oldest spoil that fits counts."""
        with self._lock:
            endings = (each.ending for each in self._spoils if each.strikes(possible, what))
            ending = next(endings, None)
        if ending is not None:
            self.tell(met, ending, AIMED)
        return ending

    def strike(
        self,
        kinds: Sequence[F],
        caller: str,
        action: str,
        chance: Callable[[int], tuple[F | None, str]],
    ) -> tuple[F | None, int]:
        """Return the fault that strikes, and the ordinal of the call that it strikes. Of aims of
        these `kinds` the oldest goes first; else `chance` of the ordinal says which and why."""
        with self._lock:
            self._met[caller, action] += 1
            ordinal = self._met[caller, action]
            fitting = [aim for aim in self._aims if aim.fault in kinds]
            # Every aim counts what it meets, so all are asked before one is chosen.
            struck = [aim for aim in fitting if aim.strikes(caller, action)]
            aimed = next((kind for kind in kinds if struck and kind is struck[0].fault), None)
            fault, why = (aimed, AIMED) if aimed is not None else chance(ordinal)
            if fault is not None:
                happening = Happening(self._now(), caller, action, ordinal, fault, why)
                self._happenings.append(happening)
                for aim in struck[:1]:
                    aim.happening = happening
            return fault, ordinal
