"""The safety valve: when more than a share of the connected VPCs ask to be torn down within an
hour, the others stay connected until somebody says yes. A script that removes a tag everywhere is
held up so; a single VPC never is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

WITHIN = 3600
"""Seconds within which removals are counted together."""
ALWAYS = 3
"""Removals within that time that are carried out however few VPCs are connected."""


@dataclass(frozen=True)
class Asking:
    """A connected VPC that asks to be torn down."""

    vpc_id: str
    at: float
    """The time at which the VPC asked, in seconds since the epoch."""


@dataclass(frozen=True)
class Crowd:
    """The number of VPCs that ask at once."""

    asking: int
    connected: int
    """VPCs that are connected, or were when they asked."""
    most: int
    """Removals within an hour that need no yes."""


def ahead_of(vpc_id: str, asking: Sequence[Asking], now: float) -> list[str]:
    """Return the VPCs that asked within the last hour before this one did, each once. `asking` is
    in the order in which they asked, `now` in seconds since the epoch."""
    recent = dict.fromkeys(each.vpc_id for each in asking if now - each.at < WITHIN)
    before: list[str] = []
    for each in recent:
        if each == vpc_id:
            break
        before.append(each)
    return before


def crowd(ahead: Sequence[str], connected: Collection[str], percent: int) -> Crowd | None:
    """Return the crowd that holds a VPC up; None where it may go. `ahead` asked before it,
    `connected` are all VPCs that are connected now, this one too, and `percent` of them may go
    within an hour."""
    everyone = len({*ahead, *connected})
    most = max(ALWAYS, everyone * percent // 100)
    return Crowd(len(ahead) + 1, everyone, most) if len(ahead) >= most else None
