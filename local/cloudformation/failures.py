"""Reasons why a resource is not made, changed or deleted."""

from __future__ import annotations


class ResourceFailedError(Exception):
    """A resource could not be made or changed; the message names it and says why."""

    def __init__(self, logical_id: str, kind: str, reason: str) -> None:
        super().__init__(f"{logical_id} ({kind}): {reason}")
        self.logical_id, self.kind, self.reason = logical_id, kind, reason


class NotUpdatableError(Exception):
    """A change that nobody can make, and that has touched nothing; the message names what."""
