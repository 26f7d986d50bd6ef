"""The verification on a clock: each connected VPC is verified again once in a period, at a time of
its own, although nothing differs. What a look cannot see is found so: a network ACL, a hosted zone
or a rule of others."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

_ALWAYS = 10
"""VPCs that a sweep has verified at most, where there are few: each makes a probe, a function with
network interfaces, and reads its resolver, which AWS lets an account do five times a second."""

_LONGEST = 3
"""Periods after which a VPC that was not verified is overdue: a busy AWS may put it off once."""


@dataclass(frozen=True)
class VerificationClock:
    """The clock by which VPCs are verified again."""

    period: int = 0
    """Seconds between two verifications of a VPC; 0 for never."""
    sweep: int = 1800
    """Seconds between two sweeps."""

    def is_due(self, vpc_id: str, verified_at: float, now: float) -> bool:
        """Tell whether the VPC's time has come since it was verified last; both in seconds since
        the epoch. The VPC's id decides the time, so that VPCs which were connected together are not
        verified together."""
        if not self.period:
            return False
        own = int(hashlib.sha256(vpc_id.encode()).hexdigest(), 16) % self.period
        return (now - own) // self.period > (verified_at - own) // self.period

    def is_overdue(self, verified_at: float, now: float) -> bool:
        """Tell whether a VPC should have been verified long ago; both in seconds since the
        epoch."""
        return bool(self.period) and now > verified_at + _LONGEST * self.period

    def most_at_once(self, connected: int) -> int:
        """Return how many of so many connected VPCs one sweep has verified: half as many again as
        their share of the period, so that what was left catches up."""
        if not self.period:
            return 0
        return max(_ALWAYS, math.ceil(1.5 * connected * self.sweep / self.period))
