"""AWS time on this machine: every duration that AWS takes, scaled by one number."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Clock:
    """A clock that scales AWS seconds to real ones; `time_scale` real seconds last one AWS
    second."""

    def __init__(self, time_scale: float) -> None:
        self._time_scale = time_scale
        self._checked = (time.time(), time.monotonic() / time_scale, time.monotonic())
        """The time that AWS's clocks showed, `now`, and the real second at which they were so."""
        self._timers: set[threading.Timer] = set()
        self._stopped = False
        self._lock = threading.Lock()

    @property
    def time_scale(self) -> float:
        return self._time_scale

    @time_scale.setter
    def time_scale(self, other: float) -> None:
        self._checked = (self.epoch(), self.now(), time.monotonic())
        self._time_scale = other

    def now(self) -> float:
        """Return AWS seconds since an arbitrary start; only differences mean something. Another
        scale changes how fast they go by from then on."""
        _, now, then = self._checked
        return now + (time.monotonic() - then) / self.time_scale

    def epoch(self) -> float:
        """Return the time of AWS's own clocks, in seconds since 1970: right when this clock was
        made, and scaled since. Another scale does not turn them back."""
        shown, _, then = self._checked
        return shown + (time.monotonic() - then) / self.time_scale

    def sleep(self, aws_seconds: float) -> None:
        time.sleep(max(0.0, aws_seconds * self.time_scale))

    def after(self, aws_seconds: float, action: Callable[[], None]) -> None:
        """Run `action` once, on a thread of its own, unless the clock is stopped before."""

        def run() -> None:
            with self._lock:
                self._timers.discard(timer)
            action()

        timer = threading.Timer(max(0.0, aws_seconds * self.time_scale), run)
        timer.daemon = True
        with self._lock:
            if self._stopped:
                return
            self._timers.add(timer)
        timer.start()

    def stop(self) -> None:
        with self._lock:
            timers, self._timers, self._stopped = self._timers, set(), True
        for timer in timers:
            timer.cancel()
