"""Line that a person sees of a VPC: computed from the ledger and from what AWS shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from connectivity.domain import ledger, tags
from connectivity.domain.acknowledgement import Acknowledgements
from connectivity.domain.ledger import Entry
from connectivity.domain.model import Vpc
from connectivity.domain.ownership import Ownership
from connectivity.domain.printable import printable
from connectivity.domain.status import SEPARATOR
from connectivity.domain.warning_lines import WARNING
from connectivity.domain.whole_account import WholeAccount
from connectivity.domain.wish import REMOVE, Wish

from ecs_anywhere.host_checks import HostCheck, wrong
from ecs_anywhere.prices import Prices

WELL = {"connected", "planned", "waiting", "removing", "removed", "at work"}
"""States in which nobody has to do anything."""
LONGEST_NAME = 64
NOT_YET = "asked for"
"""The state of a VPC whose tag was set and at which nobody has looked."""


@dataclass(frozen=True)
class Line:
    """One VPC."""

    vpc: str
    name: str
    account: str
    region: str
    state: str
    detail: str
    resolver_ips: tuple[str, ...]
    hosts_confirmed: int
    hosts: int
    """DNS hosts that ever acknowledged."""
    hosts_failed: tuple[str, ...]
    verified_at: float
    """Seconds since the epoch; 0 for never."""
    monthly: float
    at_work: bool
    """True where an execution holds the VPC."""
    container_hosts: tuple[HostCheck, ...] = ()
    """Answers of each about its own way; none where the stack checks none."""

    @property
    def is_well(self) -> bool:
        """Tell whether nobody has to do anything. A warning may be known and meant."""
        return self.state in WELL and not self.hosts_failed and not wrong(self.container_hosts)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return what a person should read: all of what is not well, else the warnings."""
        said = self.detail.split(SEPARATOR)
        own = said if not self.is_well else [s for s in said if s.startswith(WARNING)]
        return (*own, *wrong(self.container_hosts))

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "is_well": self.is_well, "monthly": round(self.monthly, 2)}


@dataclass(frozen=True)
class Looked:
    """Facts that were read of one stack's VPCs."""

    account: str
    region: str
    entries: tuple[Entry, ...]
    seen: WholeAccount
    acknowledged: dict[str, Acknowledgements]
    """Acknowledgements by VPC, of those that are connected."""
    checked: Mapping[str, tuple[HostCheck, ...]] = field(default_factory=dict)
    """Answers of container hosts, by VPC."""


def lines(looked: Looked, owner: str, prices: Prices) -> Iterator[Line]:
    """Yield one line for each VPC that asks for something, or for which something is held or said,
    those that need a person first."""
    known = {entry.vpc_id: entry for entry in looked.entries}
    asking = {vpc for vpc, found in looked.seen.vpcs.items() if _asks(found)}
    wanted = {vpc for vpc, entry in known.items() if not entry.is_at_rest} | asking
    found = [_line(known.get(vpc, Entry(vpc)), looked, owner, prices) for vpc in sorted(wanted)]
    yield from sorted(found, key=lambda line: (line.is_well, line.vpc))


def _asks(vpc: Vpc) -> bool:
    """Tell whether its tag asks for something, or for what nobody can read."""
    return vpc.tags.get(tags.WISH, Wish.DISABLED).strip().lower() not in {Wish.DISABLED, REMOVE}


def _line(entry: Entry, looked: Looked, owner: str, prices: Prices) -> Line:
    vpc = looked.seen.vpcs.get(entry.vpc_id)
    heard = looked.acknowledged.get(entry.vpc_id, Acknowledgements())
    generation = entry.generation
    confirmed = sum(said.confirms(generation, "active") for said in heard.readable)
    return Line(
        vpc=entry.vpc_id,
        name=_name(vpc),
        account=looked.account,
        region=looked.region,
        state=_state(entry),
        detail=entry.detail,
        resolver_ips=tuple(sorted(entry.resolver_ips)) if entry.held else (),
        hosts_confirmed=confirmed,
        hosts=len(heard.readable) + heard.uncounted,
        hosts_failed=heard.failing(generation),
        verified_at=entry.verified_at if entry.served.wish else 0.0,
        monthly=_monthly(entry, looked, owner, prices),
        at_work=entry.holder is not None,
        container_hosts=looked.checked.get(entry.vpc_id, ()),
    )


def _state(entry: Entry) -> str:
    if entry.status:
        return entry.status
    return "at work" if entry.holder else NOT_YET


def _name(vpc: Vpc | None) -> str:
    return printable(vpc.tags.get(tags.NAME, ""), LONGEST_NAME) if vpc else ""


def _monthly(entry: Entry, looked: Looked, owner: str, prices: Prices) -> float:
    """Return what stands of ours in the VPC, by AWS's word; the resolver by the ledger's."""
    ownership = Ownership(owner, entry)
    there = looked.seen.endpoints.get(entry.vpc_id, ())
    ours = [e for e in there if e.exists and e.type == "Interface" and ownership.of_endpoint(e)]
    has_resolver = ledger.RESOLVER in entry.held
    ips = len(entry.resolver_ips) if has_resolver else 0
    return prices.monthly(sum(len(e.subnets) for e in ours), ips)


def total(found: Iterable[Line]) -> float:
    return sum(line.monthly for line in found)
