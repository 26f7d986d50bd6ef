"""Taking turns at AWS's token buckets, so that a hundred VPCs do not try an empty one together.

In the manner of GCRA, the generic cell rate algorithm: per account, Region and bucket there is one
number, `booked_until`, at which the bucket is full again if everybody who has a turn makes their
calls. Whoever reserves moves it on by what their calls cost, and has their turn as soon as the
bucket holds the first of these calls.

The rates are 2 to 3 percent below AWS's: one turn is taken a moment late when the next is not, and
what is booked must never run ahead of what AWS refills. Private DNS is booked a little faster than
endpoints are: VPCs whose endpoints came late catch up (docs/decisions/0041).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

KEPT_SECONDS = 600
"""The seconds for which a turn that has come is good for a repetition of its step."""
_LEDGER_RESOLUTION = 0.002
"""Seconds: the ledger rounds two times to milliseconds, which makes nobody wait."""
LONGEST_WAIT = 7200
"""Seconds that an execution waits for its turn. What is further away is left to the sweep, which
comes back for it."""
LONGEST_WAIT_AT_WORK = 1200
"""Seconds that an execution waits for a turn in the middle of its work; the states' retries last a
little longer."""

LEAD = 30
"""Seconds before its turn to make interface endpoints at which a VPC begins: it is looked at, and
its resolver and its probe are begun, which wait for no turn."""


@dataclass(frozen=True)
class Bucket:
    """One of AWS's token buckets, per account and Region, and what we need it for."""

    name: str
    step: str
    opens: bool = False
    """True where the step begins the work on a VPC: its earlier turns are forgotten."""
    burst: int = 4
    """Calls that a full bucket holds."""
    rate: float = 0.292
    """Calls a second that we book. EC2 developer guide, Request throttling: 4 at once, then 0.3 a
    second."""


MAKING = Bucket("CreateVpcEndpoint", "make", opens=True)
TURNING_OFF = Bucket("ModifyVpcEndpoint", "turn off", opens=True)
"""The bucket for a teardown. This and `MAKING` are booked before anything is made or withdrawn: a
VPC that has to wait long waits before that."""

SETTING_POLICIES = Bucket("ModifyVpcEndpoint", "set policies", opens=True)
"""The bucket for changed endpoint policies: a parameter of the stack changes those of all VPCs at
once."""

MAKING_NOW = Bucket("CreateVpcEndpoint, now", "make now", rate=0.292)
TURNING_ON = Bucket("ModifyVpcEndpoint, now", "turn on now", rate=0.295)
TURNING_OFF_NOW = Bucket("ModifyVpcEndpoint, now", "turn off now", rate=0.295)
SETTING_POLICIES_NOW = Bucket("ModifyVpcEndpoint, now", "set policies now", rate=0.295)
TURNING_OFF_SURPLUS = Bucket("ModifyVpcEndpoint, now", "turn off surplus now", rate=0.295)
"""The last bucket of five that are booked right before the calls: a VPC that comes to them late,
because AWS Lambda or a DNS host kept it waiting, does not meet those whose turn it is by then."""
LOOKING = Bucket("Route 53 Resolver", "look", burst=5, rate=3.5)
"""The bucket for executions that were throttled while they looked at their VPCs: hundreds that were
tagged together look one after the other. Route 53 developer guide, DNSLimitations: 5 requests a
second of an account and Region; the rest is for those at work."""
CALLS_OF_A_LOOK = 3
"""Resolvers in the VPC, rules of the VPC, and once more for a page or the addresses of one."""


@dataclass(frozen=True)
class Turn:
    """A turn: the time from which a VPC may make its calls, in seconds since the epoch."""

    bucket: str
    step: str
    at: float
    calls: int

    def seconds(self, now: float) -> int:
        """Return the seconds until the turn comes; 0 if it has. They are whole, as AWS Step
        Functions waits whole seconds."""
        return max(0, math.ceil(self.at - now))

    def seconds_to_begin(self, now: float) -> int:
        """Return the seconds until the VPC begins its work, so that it is ready when its turn
        comes; 0 if it begins now."""
        return self.seconds(now + LEAD)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Turn:
        return cls(said["bucket"], said["step"], float(said["at"]), int(said["calls"]))


def is_far_away(turns: Iterable[Turn], now: float) -> bool:
    """Tell whether one of the turns is longer away than an execution waits; `now` is in seconds
    since the epoch."""
    return any(turn.at - now > LONGEST_WAIT for turn in turns)


def cost(bucket: Bucket, calls: int) -> float:
    """Return the seconds by which these calls move `booked_until` on."""
    return calls / bucket.rate


def granted(bucket: Bucket, calls: int, booked_until: float, now: float) -> Turn:
    """Return the turn that has just moved the bucket to `booked_until`, reserved at `now`: both in
    seconds since the epoch."""
    before = booked_until - cost(bucket, calls)
    if before - now < _LEDGER_RESOLUTION:
        before = min(before, now)  # nobody but us has booked
    first = min(calls, bucket.burst)
    at = max(now, before - cost(bucket, bucket.burst - first))
    return Turn(bucket.name, bucket.step, at, calls)


def is_good_for(turn: Turn | None, bucket: Bucket, calls: int, now: float) -> bool:
    """Tell whether `turn` is one that a repeated step can use at `now`. A turn is not good for the
    step that undoes its own."""
    return (
        turn is not None
        and turn.step == bucket.step
        and turn.calls >= calls
        and now < turn.at + KEPT_SECONDS
    )


def due(turn: Turn, bucket: Bucket, call: int) -> float:
    """Return when the call of this number, counted from 0, may be made, in seconds since the epoch:
    the burst at once, and each other one as soon as the bucket holds it."""
    return turn.at + cost(bucket, max(0, call + 1 - min(turn.calls, bucket.burst)))
