"""Networks that a hub no longer admits although VPCs that use it need them: closed, they take the
names of these VPCs' hosts with them at once (docs/decisions/0061-a-hub-that-others-stand-on.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, collapse_addresses

from connectivity.domain.desired import Desired
from connectivity.domain.ledger import ENDPOINT_PURPOSES, ENDPOINTS_GROUP, RESOLVER, Entry
from connectivity.domain.model import Rule
from connectivity.domain.spokes import Spoke
from connectivity.domain.steps import Plan, Revoke

_HTTPS, _DNS = ("tcp", 443), ("udp", 53)


def narrowed(plan: Plan, entry: Entry) -> dict[str, tuple[str, ...]]:
    """Return id -> the networks that its security group shall admit no longer, of each interface
    endpoint and of the inbound resolver that were made for this VPC."""
    return {
        id_: sources
        for step in plan
        if isinstance(step, Revoke) and (sources := _networks(step))
        for id_ in _behind(step.purpose, entry)
    }


def closed(
    spoke: Spoke, needs: Sequence[str], going: dict[str, tuple[str, ...]], desired: Desired
) -> tuple[str, ...]:
    """Return those of the networks that a spoke `needs` which it would lose: a part of each is
    revoked, and what is asked for now does not admit it wholly. `going` is as `narrowed` returns
    it."""
    revoked = [IPv4Network(cidr) for id_ in spoke.uses for cidr in going.get(id_, ())]
    kept = list(collapse_addresses(IPv4Network(cidr) for cidr in desired.onprem_cidrs))
    return tuple(
        cidr
        for cidr in dict.fromkeys(needs)
        if any(IPv4Network(cidr).overlaps(network) for network in revoked)
        and not any(IPv4Network(cidr).subnet_of(network) for network in kept)
    )


def _networks(step: Revoke) -> tuple[str, ...]:
    protocol, port = _HTTPS if step.purpose == ENDPOINTS_GROUP else _DNS
    return tuple(r.source for r in step.rules if r.admits(protocol, port) and _is_ipv4(r))


def _is_ipv4(rule: Rule) -> bool:
    return "/" in rule.source and ":" not in rule.source


def _behind(purpose: str, entry: Entry) -> Iterator[str]:
    """Yield the ids of what has the security group of this purpose."""
    kinds = tuple(ENDPOINT_PURPOSES) if purpose == ENDPOINTS_GROUP else (RESOLVER,)
    yield from (id_ for held, id_ in entry.held.items() if held.startswith(kinds))
