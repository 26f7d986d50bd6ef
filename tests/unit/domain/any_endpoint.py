"""Every situation that an endpoint of a service can be met in, and what the ledger says of it.

Held to what AWS guarantees: ids are unique, and of the interface endpoints for one service at most
one has private DNS on. Whose something is can be read from its id, so that no test has to ask the
rule that it tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

from connectivity.domain.model import InterfaceEndpoint

from tests.unit.example import PRIVATE_NAMES, REGION, US, full

Kind = Literal["Interface", "Gateway"]

PARTNERS = f"com.amazonaws.vpce.{REGION}.vpce-svc-0123"
PRIVATE_NAMES_OF = {full(name): names for name, names in PRIVATE_NAMES.items()} | {
    full("kms"): (f"kms.{REGION}.amazonaws.com",),
    PARTNERS: ("api.partner.example",),
}
"""Private names by full service name; nothing ever asks for kms."""

ANNOUNCED, STALE = "making:token", "of-something-that-is-gone"
"""Values that the ledger may hold instead of an id that can be seen."""


@dataclass(frozen=True)
class Found:
    endpoints: tuple[InterfaceEndpoint, ...] = ()
    held: str = ""
    """The ledger's value for their purpose; empty for nothing."""


def situations(service: str, kind: Kind) -> tuple[Found, ...]:
    """The plainest first, because that is where a failing example shrinks to."""
    dark = tuple(_dark(service, kind))
    return (*dark, *(lit for found in dark for lit in _lit(found))) if kind == "Interface" else dark


def _dark(service: str, kind: Kind) -> Iterator[Found]:
    for ours, theirs in product(_ours(service, kind), ((), *_theirs(service, kind))):
        yield replace(ours, endpoints=(*ours.endpoints, *theirs))


def _lit(dark: Found) -> Iterator[Found]:
    """Yield the same with private DNS on for one of the endpoints. A stranger's that is not ready
    is no fit one, and it is off on ours until its id is known."""
    for one in dark.endpoints:
        unfit = one.state == "pending" if is_theirs(one.id) else dark.held == ANNOUNCED
        if not unfit:
            endpoints = (replace(e, private_dns=e is one) for e in dark.endpoints)
            yield replace(dark, endpoints=tuple(endpoints))


def _ours(service: str, kind: Kind) -> Iterator[Found]:
    """Yield no endpoint of ours, and one in any state, whose id was written down or not yet."""
    yield from (Found(held=held) for held in ("", ANNOUNCED, STALE))
    ours = InterfaceEndpoint(f"vpce-ours-{kind}-{service}", service, "available", kind, owner=US)
    states = ("available", "pending", "failed", "deleting")
    for state, held in product(states, (ours.id, ANNOUNCED)):
        yield Found((replace(ours, state=state),), held)


def _theirs(service: str, kind: Kind) -> Iterator[tuple[InterfaceEndpoint, ...]]:
    """One that does the job, also one whose owner copied our tag."""
    for state, owner in product(("available", "deleting", "pending"), (None, "another-stack", US)):
        yield (
            InterfaceEndpoint(
                f"vpce-theirs-{kind}-{service}",
                service,
                state,
                kind,
                subnets=("subnet-0x", "subnet-1x"),
                security_groups=("sg-theirs-open",),
                owner=owner,
            ),
        )


def is_theirs(resource_id: str) -> bool:
    return "-theirs-" in resource_id
