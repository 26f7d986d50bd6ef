"""Taking turns at AWS's token buckets, so that a hundred VPCs do not try an empty one together.

In the manner of GCRA, the generic cell rate algorithm: per account, Region and bucket there is one
number, `booked_until`, at which the bucket is full again if everybody who has a turn makes their
calls. Whoever reserves moves it on by what their calls cost, and has their turn as soon as the
bucket holds the first of these calls.

The rate is a tenth below AWS's: others in the account make endpoints too, and one turn is taken
some seconds late when the next is not. What is booked must never run ahead of what AWS refills.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

KEPT_SECONDS = 600
"""For so long a turn that has come is good for a repetition of its step."""
_LEDGER_RESOLUTION = 0.002
"""Seconds: the ledger rounds two times to milliseconds, which makes nobody wait."""
LONGEST_WAIT = 7200
"""Seconds that an execution waits for its turn. What is further away is left to the sweep, which
comes back for it."""
LONGEST_WAIT_AT_WORK = 1200
"""Seconds that an execution waits for a turn in the middle of its work; the states' retries last a
little longer."""


@dataclass(frozen=True)
class Bucket:
    """One of AWS's token buckets, per account and Region, and what we need it for."""

    name: str
    step: str
    opens: bool = False
    """With its turn a VPC begins: what it remembers of earlier turns is over."""
    burst: int = 4
    """Calls that a full one holds."""
    rate: float = 0.27
    """Calls a second that we book. EC2 developer guide, Request throttling: 4 at once, then 0.3 a
    second."""


MAKING = Bucket("CreateVpcEndpoint", "make", opens=True)
TURNING_OFF = Bucket("ModifyVpcEndpoint", "turn off", opens=True)
"""Booked before anything is made, or withdrawn: they keep those in line who would have to wait
long."""

MAKING_NOW = Bucket("CreateVpcEndpoint, now", "make now")
TURNING_ON = Bucket("ModifyVpcEndpoint, now", "turn on now")
TURNING_OFF_NOW = Bucket("ModifyVpcEndpoint, now", "turn off now")
TURNING_OFF_SURPLUS = Bucket("ModifyVpcEndpoint, now", "turn off surplus now")
"""Booked right before the calls: who comes to them late, because AWS Lambda or a DNS host kept them
waiting, does not meet those whose turn it is by then."""


@dataclass(frozen=True)
class Turn:
    """When a VPC may make its calls. Times are in seconds since the epoch."""

    bucket: str
    step: str
    at: float
    calls: int

    def seconds(self, now: float) -> int:
        """Until it comes; 0 if it has. Whole ones, as AWS Step Functions waits them."""
        return max(0, math.ceil(self.at - now))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Turn:
        return cls(said["bucket"], said["step"], float(said["at"]), int(said["calls"]))


def cost(bucket: Bucket, calls: int) -> float:
    """Seconds by which these calls move `booked_until` on."""
    return calls / bucket.rate


def granted(bucket: Bucket, calls: int, booked_until: float, now: float) -> Turn:
    """The turn of whoever has just moved the bucket to `booked_until` by reserving at `now`."""
    before = booked_until - cost(bucket, calls)
    if before - now < _LEDGER_RESOLUTION:
        before = min(before, now)  # nobody but us has booked
    first = min(calls, bucket.burst)
    at = max(now, before - cost(bucket, bucket.burst - first))
    return Turn(bucket.name, bucket.step, at, calls)


def is_good_for(turn: Turn | None, bucket: Bucket, calls: int, now: float) -> bool:
    """Whether a repeated step has its turn already: not the step that undoes it."""
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
