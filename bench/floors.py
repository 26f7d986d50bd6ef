"""The least that the work takes, whatever one writes: AWS's durations, its buckets, and calls that
follow from each other.

*Whole* is this app's work: private DNS off first and on later, a proof by a probe, a signature.
*Simple* is the rivals': no second phase and no proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.amazon.account import CALL_SECONDS
from bench.lifecycles import Lifecycles
from local.unkind.limits import EC2

SERVICES = 6
"""Interface endpoints that ECS Anywhere needs."""


@dataclass(frozen=True)
class Floor:
    """Seconds from the first call to the end of the last."""

    whole: float
    simple: float


def bucketed(ready: Iterable[float], action: str, throttles: bool = True) -> list[float]:
    """Return when calls of `action` are answered that could be made at `ready`, first come first
    served, from a bucket that is full."""
    burst, rate = EC2[action]
    done, free = [], [0.0] * int(burst)
    for at in sorted(ready):
        begins = max(at, free.pop(0)) if throttles else at
        refilled = max(free[-1] if free else 0.0, begins) + 1 / rate
        free.append(refilled)
        done.append(begins + CALL_SECONDS)
    return done


def enable(lives: Lifecycles) -> Floor:
    resolver = 3 * CALL_SECONDS + lives.resolver_made + CALL_SECONDS
    made = bucketed([2 * CALL_SECONDS] * SERVICES, "CreateVpcEndpoint")
    there = [at + lives.endpoint_made for at in made]
    private = bucketed(there, "ModifyVpcEndpoint")[-1] + lives.association
    probe = 3 * CALL_SECONDS + lives.probe_made
    proof = CALL_SECONDS
    publication = 2 * CALL_SECONDS  # signed, and written
    status = CALL_SECONDS
    return Floor(
        whole=max(resolver, private, probe) + proof + publication + status,
        simple=max(resolver, *there) + CALL_SECONDS,
    )


def disable(lives: Lifecycles) -> Floor:
    """Return the floor of a removal, without the time that on-premises and caches are given, which
    is a setting."""
    gone = max(lives.endpoint_gone, lives.resolver_gone) + lives.linger
    withdrawn = 2 * CALL_SECONDS
    off = bucketed([withdrawn] * SERVICES, "ModifyVpcEndpoint")[-1]
    return Floor(
        whole=off + CALL_SECONDS + gone + 2 * CALL_SECONDS + CALL_SECONDS,
        simple=2 * CALL_SECONDS + gone + 2 * CALL_SECONDS,
    )


def many_enabled(lives: Sequence[Lifecycles]) -> float:
    """Return the seconds that a fleet takes at least: six endpoints of each VPC through the
    account's one bucket, those first that take longest after that."""
    after = [each.endpoint_made + each.association + 4 * CALL_SECONDS for each in lives]
    return max(_in_turn(after), *(enable(each).whole for each in lives))


def many_disabled(lives: Sequence[Lifecycles]) -> float:
    """Return the seconds that the removal of a fleet takes at least: private DNS off, through one
    bucket, before what follows."""
    after = [
        max(each.endpoint_gone, each.resolver_gone) + each.linger + 4 * CALL_SECONDS
        for each in lives
    ]
    return max(_in_turn(after), *(disable(each).whole for each in lives))


def _in_turn(after: Iterable[float]) -> float:
    burst, rate = EC2["CreateVpcEndpoint"]
    longest_first = enumerate(sorted(after, reverse=True), start=1)
    return max(
        max(0.0, SERVICES * number - burst) / rate + seconds for number, seconds in longest_first
    )
