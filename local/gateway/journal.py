"""The journal: every call in the order in which they ended, and the questions to IAM about each."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from itertools import islice

from local.contracts import Call
from local.gateway.authorization import Authorization

CAPACITY = 200_000


class Journal:
    """The last `capacity` calls; a mark is the number of calls ever recorded."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._lock = threading.Lock()
        self._entries: deque[tuple[Call, tuple[Authorization, ...]]] = deque(maxlen=capacity)
        self._recorded = 0

    def record(self, call: Call, authorizations: tuple[Authorization, ...] = ()) -> None:
        with self._lock:
            self._entries.append((call, authorizations))
            self._recorded += 1

    def calls(self, since: int = 0) -> Sequence[Call]:
        return [call for call, _ in self._since(since)]

    def recent(self, count: int) -> Sequence[Call]:
        return self.calls(self.mark() - count)

    def authorizations(self, since: int = 0) -> Sequence[Authorization]:
        """Return the questions to IAM and its answers, for the calls of roles; `since` as for
        `calls`."""
        return [each for _, asked in self._since(since) for each in asked]

    def mark(self) -> int:
        with self._lock:
            return self._recorded

    def _since(self, mark: int) -> list[tuple[Call, tuple[Authorization, ...]]]:
        with self._lock:
            forgotten = self._recorded - len(self._entries)
            return list(islice(self._entries, max(0, mark - forgotten), None))
