"""Durations of AWS: one draw for each VPC, seeded, and no multiple of any poll's interval.

The medians are those of local/settings.py, which names their sources; nobody publishes how they
spread. A lognormal spread of 0.2 puts nine of ten between 0.72 and 1.39 times the median.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, fields

SPREAD = 0.2


@dataclass(frozen=True)
class Lifecycles:
    """AWS's own durations for one VPC, in seconds."""

    endpoint_made: float = 60
    endpoint_gone: float = 45
    association: float = 10
    """Seconds from ModifyVpcEndpoint until private names lead elsewhere."""
    resolver_made: float = 90
    resolver_gone: float = 60
    probe_made: float = 10
    """Seconds from CreateFunction until a function in a VPC can be invoked."""
    linger: float = 10
    """Seconds for which network interfaces outlive an endpoint or a resolver."""
    probe_linger: float = 100
    """Seconds for which network interfaces outlive a function."""


MEDIANS = Lifecycles()
AT_ZERO = Lifecycles(**{each.name: 0.0 for each in fields(Lifecycles)})


def drawn(seed: int) -> Lifecycles:
    """Return the durations that belong to `seed`."""
    chance = random.Random(seed)
    return Lifecycles(
        **{
            each.name: getattr(MEDIANS, each.name) * chance.lognormvariate(0, SPREAD)
            for each in fields(Lifecycles)
        }
    )
