"""Waiting inside a function: some seconds that end by themselves, before the workflow waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from connectivity.domain.errors import NotReadyYet, Waiting
from connectivity.usecases.ports import Clock

Seen = TypeVar("Seen")
Found = TypeVar("Found")

PATIENCE = 45
"""Seconds of one invocation; the functions that wait may run for 60 or longer."""
BETWEEN_LOOKS = 2
"""Seconds. A look is one read of one VPC's own resources, for which AWS's rates leave room."""


class Patience:
    """The seconds for which one invocation waits by itself. After them NotReadyYet and kin go on to
    the workflow, which invokes the function again: a function that died meanwhile loses nothing."""

    def __init__(self, clock: Clock, seconds: float = PATIENCE) -> None:
        self._clock = clock
        self._left = seconds
        self._paused = 0.0
        self._began = clock.seconds()

    @property
    def spent(self) -> float:
        """The seconds since the beginning, in pauses and in between."""
        return self._paused + max(0.0, self._clock.seconds() - self._began)

    def pause(self, seconds: float, why: Waiting, then: float = 0) -> None:
        """Let `seconds` pass. Raises `why` where less is left than they and what comes `then`."""
        if seconds <= 0:
            return
        if self.spent + seconds + then > self._left:
            raise why
        before = self._clock.seconds()
        self._clock.sleep(seconds)
        self._paused += seconds
        self._began += self._clock.seconds() - before

    def until(
        self,
        judge: Callable[[Seen], Found],
        look: Callable[[], Seen],
        seen: Seen | None = None,
        not_yet: type[Waiting] = NotReadyYet,
    ) -> Found:
        """Return what `judge` finds in what was seen, and look again while it raises `not_yet` and
        there is time for another look as long as this one. `seen` is what was seen already, if
        anything was."""
        began = self.spent
        now = look() if seen is None else seen
        while True:
            try:
                return judge(now)
            except not_yet as why:
                self.pause(BETWEEN_LOOKS, why, then=self.spent - began)
            began = self.spent
            now = look()
