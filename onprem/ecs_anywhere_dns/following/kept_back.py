"""Zones that one VPC gives up, and that another one claims and does not have yet. Pure.

If nobody had them, their questions would go to the internet. So they are forwarded to the VPC that
claims them, whether it answers or not: while it does not, its names fail.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.following.claims import Claim, first_to_last, takes
from ecs_anywhere_dns.forwarding import Forwarding, forwarding_to
from ecs_anywhere_dns.pinned.aws_names import is_within


def kept_back(
    given_up: Collection[str], claims: Sequence[Claim], forwarded: Collection[str]
) -> Mapping[str, tuple[str, ...]]:
    """Return the zones that each VPC of `claims` gets, as one gives up others, and `forwarded` are
    the zones that are forwarded all the same."""
    taken = set(forwarded)
    kept: dict[str, tuple[str, ...]] = {}
    for claim in first_to_last(claims):
        same = {zone for zone in given_up if takes(zone, claim.zones, claim.names)}
        below = {z for z in claim.zones if any(is_within(z, zone) for zone in given_up)}
        zones = (same | below) - taken
        if zones and claim.resolver_ips:
            kept[claim.vpc] = tuple(sorted(zones))
            taken |= zones
    return kept


def with_zones(
    forwarding: Forwarding, zones: Collection[str], document: Document, port: int
) -> Forwarding:
    """Return the forwarding of a VPC with further zones, all to the same forwarders: to those of
    now where the document names them, else to all of its resolver IPs."""
    is_named = not forwarding.is_none and {*forwarding.forwarders} <= {*document.resolver_ips}
    to = forwarding.forwarders if is_named else document.resolver_ips
    label = forwarding.label if is_named else document.label
    return forwarding_to(dict.fromkeys((*forwarding.zones, *zones), to), label, port)
