"""AWS time on this machine: every duration that AWS takes, scaled by one number."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Clock:
    """Scales AWS seconds to real ones; `time_scale` real seconds last one AWS second."""

    time_scale: float
    _timers: set[threading.Timer] = field(default_factory=set)
    _stopped: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> float:
        """AWS seconds since an arbitrary start; only differences mean something."""
        return time.monotonic() / self.time_scale

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
