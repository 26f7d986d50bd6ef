"""Chance that can be repeated: a hash instead of a sequence of random numbers."""

from __future__ import annotations

import re
from hashlib import sha256

STRANGER = "stranger"
_GENERATED = re.compile(r"-[A-Za-z0-9]{12,13}$")
"""The suffix of names that AWS CloudFormation makes up; it differs from run to run."""


def draw(seed: int, *what: object) -> float:
    """Return a number from 0 up to but not 1, always the same for the same arguments."""
    digest = sha256("|".join(map(str, (seed, *what))).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def caller_of(role_arn: str | None) -> str:
    """Return the role's name as it is in every run, or `stranger`."""
    return stable_name(role_arn.rpartition("/")[2]) if role_arn else STRANGER


def stable_name(name: str) -> str:
    return _GENERATED.sub("", name)
