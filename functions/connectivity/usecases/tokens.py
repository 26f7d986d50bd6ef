"""Random words that nobody can know beforehand: what carries one was made by whoever wrote it down
first (docs/decisions/0018)."""

from __future__ import annotations

from uuid import uuid4

_LENGTH = 10
"""Hexadecimal digits: short enough to be read in a name, and 10^12 of them."""


def token() -> str:
    """Return a token for one creation."""
    return uuid4().hex


def ending() -> str:
    """Return the end of a name that people see."""
    return token()[:_LENGTH]
