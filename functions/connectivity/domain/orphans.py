"""Orphans: what carries our owner tag in a VPC that asks for nothing, and no ledger knows.

Nobody would come back for it, and it costs. It may be a stranger's, as anybody who may tag can copy
a tag: it is named, and never touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connectivity.domain.ledger import Entry
from connectivity.domain.model import InboundResolver
from connectivity.domain.ownership import resolver_name
from connectivity.domain.plan import price
from connectivity.domain.printable import first_lines
from connectivity.domain.whole_account import WholeAccount

RESOLVER_IPS = 2
"""The fewest addresses that a resolver has; a list does not show how many."""


@dataclass(frozen=True)
class Known:
    """The orphans that were seen before."""

    seen: frozenset[str] = frozenset()
    """Ids at the last sweep that saw any."""
    told: frozenset[str] = frozenset()
    """Ids of which a person was told."""


@dataclass(frozen=True)
class Orphans:
    """The orphans of one VPC."""

    vpc_id: str
    ids: tuple[str, ...]
    """Ids of the orphans, sorted."""
    dollars: float
    """The list price of the orphans for a month, in US dollars."""

    @property
    def line(self) -> str:
        cost = f" (about {self.dollars:.0f} USD a month)" if self.dollars else ""
        return f"{self.vpc_id}: {' '.join(first_lines(self.ids))}{cost}"


def orphans(
    account: WholeAccount, entries: Mapping[str, Entry], asking: Iterable[str], owner: str
) -> tuple[Orphans, ...]:
    """Return the orphans of each VPC, sorted by VPC. A VPC in `asking`, or on which an execution is
    at work or has something left to do, is its execution's business."""
    resolvers = _named_like_ours(account.resolvers.values())
    vpc_ids = account.endpoints.keys() | account.groups.keys() | resolvers.keys()
    at_rest = (
        vpc_id
        for vpc_id in sorted(vpc_ids - frozenset(asking))
        if entries.get(vpc_id, Entry(vpc_id)).is_at_rest
    )
    found = (_of(vpc_id, account, resolvers, owner) for vpc_id in at_rest)
    return tuple(each for each in found if each.ids)


def _named_like_ours(listed: Iterable[InboundResolver]) -> dict[str, list[InboundResolver]]:
    """Return by VPC the resolvers that are named as ours are: AWS lists them without tags."""
    found: dict[str, list[InboundResolver]] = {}
    for each in listed:
        if each.name == resolver_name(each.vpc) and each.status != "deleting":
            found.setdefault(each.vpc, []).append(each)
    return found


def _of(
    vpc_id: str,
    account: WholeAccount,
    resolvers: Mapping[str, list[InboundResolver]],
    owner: str,
) -> Orphans:
    ours = (e for e in account.endpoints.get(vpc_id, ()) if e.exists and e.owner == owner)
    # Whoever leads routes through a gateway endpoint was told of it at the teardown.
    endpoints = [e for e in ours if not e.route_tables]
    groups = [g for g in account.groups.get(vpc_id, ()) if g.owner == owner]
    named = resolvers.get(vpc_id, [])
    interfaces = sum(len(e.subnets) for e in endpoints if e.type == "Interface")
    return Orphans(
        vpc_id,
        tuple(
            sorted([*(e.id for e in endpoints), *(g.id for g in groups), *(r.id for r in named)])
        ),
        price(interfaces, RESOLVER_IPS * len(named)),
    )


def news_of(found: Iterable[Orphans], known: Known) -> tuple[Orphans, ...]:
    """Return those of which a person has to be told: seen at two sweeps, because AWS may still show
    what has just been removed, and not told before."""
    return tuple(each for each in found if (set(each.ids) & known.seen) - known.told)
