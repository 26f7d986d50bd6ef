"""Resources that exist after a failure, and their cost: reported before the failure itself, because
a tag holds only the beginning."""

from __future__ import annotations

from collections.abc import Iterable

from connectivity.domain.model import InboundResolver, InterfaceEndpoint
from connectivity.domain.ownership import Ownership
from connectivity.domain.plan import price


def standing(
    ownership: Ownership,
    endpoints: Iterable[InterfaceEndpoint],
    resolvers: Iterable[InboundResolver],
    resolver_ips: int,
) -> str:
    """Return one sentence on what there is of ours, empty if there is nothing that costs.
    `resolver_ips` is how many addresses a resolver has whose own are not known yet."""
    entry = ownership.entry
    if entry.served.wish:
        return f"the connection stands as it was published (generation {entry.generation})"
    ours = [e for e in endpoints if e.exists and e.type == "Interface" and ownership.of_endpoint(e)]
    resolver = ownership.resolver(resolvers)
    addresses = (len(entry.resolver_ips) or resolver_ips) if resolver else 0
    things = [
        *([_count(len(ours), "interface endpoint")] if ours else []),
        *(["an inbound resolver"] if resolver else []),
    ]
    if not things:
        return ""
    dollars = price(sum(len(e.subnets) for e in ours), addresses)
    verb = "stands" if len(ours) + bool(resolver) == 1 else "stand"
    until = "that is removed" if entry.is_being_removed else "the tag is removed"
    return f"{' and '.join(things)} {verb} and cost about {dollars:.0f} USD a month until {until}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
