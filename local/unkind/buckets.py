"""Token buckets in AWS time."""

from __future__ import annotations

from collections.abc import Callable

from local.unkind.limits import Limit


class Buckets:
    """Token buckets, one per name; every one is full at first. Not thread-safe: its owner locks."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._levels: dict[tuple[str, str], tuple[float, float]] = {}

    def take(self, region: str, limit: Limit) -> bool:
        """Take one token; False where there is none, and then nothing is taken."""
        now = self._now()
        level, since = self._levels.get((region, limit.name), (limit.burst, now))
        level = min(limit.burst, level + (now - since) * limit.rate)
        taken = level >= 1
        self._levels[region, limit.name] = (level - taken, now)
        return taken
