"""Eventual consistency: for a while, readers of what has just changed read what it was.

EC2 API reference, Eventual consistency: the result of a command may not be visible at once to the
commands after it, so what was just made may not be found, by its id or in a list.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


class Past:
    """The former states of resources before their latest changes, by their ids. Safe to use from
    many threads.

    `lag` are the AWS seconds by which readers are behind; `tell` is called with the ids that a
    reader got, or did not get, as they were.
    """

    def __init__(
        self, now: Callable[[], float], lag: Callable[[], float], tell: Callable[[str], None]
    ) -> None:
        self._now, self._lag, self._tell = now, lag, tell
        self._changes: list[tuple[float, str, Any]] = []
        self._lock = threading.Lock()

    @property
    def is_behind(self) -> bool:
        return self._lag() > 0

    def changing(self, thing_id: str, before: object | None) -> None:
        """Remember a thing before its change: `before` is a copy that the change does not reach;
        None for a new thing."""
        if self.is_behind:
            with self._lock:
                since = self._now() - self._lag()
                self._changes = [change for change in self._changes if change[0] > since]
                self._changes.append((self._now(), thing_id, before))

    def seen(self, things: Mapping[str, T], gone: str | None = None) -> dict[str, T]:
        """Return the things as readers see them now, with those that are gone and still seen, if
        their ids begin with `gone`."""
        since = self._now() - self._lag()
        with self._lock:
            recent = [change for change in self._changes if change[0] > since]
        # Of several changes the oldest counts: before it nothing had happened yet.
        before = {
            id_: was
            for _, id_, was in reversed(recent)
            if id_ in things or (gone is not None and id_.startswith(gone))
        }
        if before:
            self._tell(", ".join(sorted(before)))
        as_seen = {**things, **before}
        return {id_: thing for id_, thing in as_seen.items() if thing is not None}


class Reading:
    """moto's response object, which answers from other tables: those of a copied backend."""

    def __init__(self, response: Any, backend: str, **tables: object) -> None:
        self._response = response
        seen = copy.copy(getattr(response, backend))
        vars(seen).update(tables)
        setattr(self, backend, seen)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._response, name)
