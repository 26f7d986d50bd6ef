"""The decision to which of several VPCs a zone is forwarded. Pure.

    nobody else claims it                              to the VPC that claims it
    both publish the same resolver IPs                 to the first one in the configuration
    one is declared to come first (`after`)            to that one
    the other one is its standby (`standby_for`)       to the first, or to the standby while that
                                                       serves in its place
    neither                                            to the one that has it already, else to the
                                                       first one in the configuration; the other
                                                       one's publication is refused, and it keeps
                                                       what it has

A VPC claims the zones of the document that is believed of it now: of the newest one if that is fit,
else of the last one that was applied. A zone is claimed by two also where it lies below a zone of
the other one and holds a name of that: a DNS server follows the longest zone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ecs_anywhere_dns.document import Document, Mode
from ecs_anywhere_dns.forwarding import NOTHING, Forwarding, forwarding_of, merged
from ecs_anywhere_dns.outcome import Refused
from ecs_anywhere_dns.pinned.aws_names import is_within
from ecs_anywhere_dns.settings import Settings


@dataclass(frozen=True)
class Claim:
    """The zones that a VPC is to be asked for."""

    vpc: str
    zones: Collection[str]
    names: Collection[str] = ()
    """The published names."""
    resolver_ips: Collection[str] = ()
    behind: Collection[str] = ()
    """VPCs that come first, by the configuration and by who stands in for whom."""
    holds: Collection[str] = ()
    """Zones that are forwarded to it now."""

    def as_it_is(self) -> Claim:
        """Return what stays to be claimed where nothing new is taken of it."""
        names = tuple(name for name in self.names if zone_of(name, self.holds))
        return replace(self, zones=self.holds, names=names)

    def loses_to(self, other: Claim) -> tuple[str, ...]:
        """Return its zones that are the other one's, if that comes first."""
        return tuple(zone for zone in self.zones if takes(zone, other.zones, other.names))


@dataclass(frozen=True)
class Settled:
    """The zones that one VPC may have."""

    zones: tuple[str, ...]
    to_others: Mapping[str, str]
    """The zones of the VPC that it does not have, each with the VPC that comes first for it."""
    first: frozenset[str] = frozenset()
    """VPCs that come first wherever both claim something."""
    refused: Refused | None = None


def claim_of(settings: Settings, document: Document | None, held: Forwarding) -> Claim:
    """Return the claim of a VPC of which this document is believed, and this is in force."""
    return Claim(
        vpc=settings.vpc,
        zones=forwarding_of(document, (), settings.mode).zones if document else (),
        names=tuple(document.names) if document else (),
        resolver_ips=document.resolver_ips if document else (),
        behind=settings.behind,
        holds=held.zones,
    )


def takes(zone: str, zones: Collection[str], names: Collection[str]) -> bool:
    """Return whether `zone`, forwarded to another VPC, would take one of these zones or names."""
    return zone in zones or any(
        is_within(name, zone) and len(zone_of(name, zones)) < len(zone) for name in names
    )


def zone_of(name: str, zones: Iterable[str]) -> str:
    """Return the longest zone that the name lies in; empty, where there is none."""
    return max((zone for zone in zones if is_within(name, zone)), key=len, default="")


def names_served(document: Document, whole: Forwarding) -> dict[str, tuple[str, ...]]:
    """Return those of a VPC's names that its resolver IPs are asked for, and not another one's."""
    own, targets = set(document.resolver_ips), whole.targets
    return {
        name: ips
        for name, ips in document.names.items()
        if (zone := zone_of(name, targets)) and own.issuperset(targets[zone])
    }


def settle(claims: Sequence[Claim]) -> Mapping[str, Settled]:
    """Return what each VPC may have; `claims` are in the order of the configuration. Whoever is
    refused stays as it is, and the others are settled with that."""
    refused: dict[str, Settled] = {}
    while True:
        now = [claim.as_it_is() if claim.vpc in refused else claim for claim in claims]
        settled = {c.vpc: refused.get(c.vpc) or _settle_one(c, now) for c in first_to_last(now)}
        found = next((vpc for vpc in settled if settled[vpc].refused and vpc not in refused), None)
        if found is None:
            return settled
        refused[found] = settled[found]


def intended(
    settings: Sequence[Settings], documents: Sequence[Document], mode: Mode | None
) -> Forwarding:
    """Return what these documents ask for together, of all resolver IPs. `mode` None is that of the
    settings. Raises Refused where two of them claim the same zone."""
    ours = [replace(each, mode=mode or each.mode) for each in settings]
    pairs = list(zip(ours, documents, strict=True))
    settled = settle([claim_of(each, document, NOTHING) for each, document in pairs])
    parts = []
    for each, document in pairs:
        said = settled[each.vpc]
        if said.refused is not None:
            raise said.refused
        port = each.resolver_port
        wished = forwarding_of(document, document.resolver_ips, each.mode, port)
        parts.append(wished.restricted_to(said.zones))
    return merged(parts)


def _settle_one(claim: Claim, claims: Sequence[Claim]) -> Settled:
    to_others: dict[str, str] = {}
    first: set[str] = set()
    for other in claims:
        if other.vpc == claim.vpc:
            continue
        lost = claim.loses_to(other)
        contested = lost or other.loses_to(claim)
        if not contested or not _goes_first(other, claim, claims):
            continue
        if not _is_agreed(claim, other, claims):
            return Settled((), {}, refused=_refusal(claim, other, contested[0]))
        first.add(other.vpc)
        to_others |= dict.fromkeys(lost, other.vpc)
    zones = tuple(zone for zone in claim.zones if zone not in to_others)
    return Settled(zones, to_others, frozenset(first))


def _goes_first(one: Claim, other: Claim, claims: Sequence[Claim]) -> bool:
    if one.vpc in all_before(other, claims):
        return True
    if other.vpc in all_before(one, claims):
        return False
    if not _are_alike(one, other):
        # Where each would take what the other one has, neither does.
        if other.loses_to(one.as_it_is()):
            return True
        if one.loses_to(other.as_it_is()):
            return False
    order = [claim.vpc for claim in claims]
    return order.index(one.vpc) < order.index(other.vpc)


def _is_agreed(claim: Claim, other: Claim, claims: Sequence[Claim]) -> bool:
    return other.vpc in all_before(claim, claims) or _are_alike(claim, other)


def _are_alike(one: Claim, other: Claim) -> bool:
    return bool(one.resolver_ips) and set(one.resolver_ips) == set(other.resolver_ips)


def all_before(claim: Claim, claims: Sequence[Claim]) -> set[str]:
    """Return the VPCs that come before one, also by way of others."""
    behind = {each.vpc: each.behind for each in claims}
    found: set[str] = set()
    left = list(claim.behind)
    while left:
        vpc = left.pop()
        if vpc not in found:
            found.add(vpc)
            left += behind.get(vpc, ())
    return found


def first_to_last(claims: Sequence[Claim]) -> list[Claim]:
    """Return the claims, each behind all that come before it."""
    return sorted(claims, key=lambda claim: len(all_before(claim, claims)))


def _refusal(claim: Claim, other: Claim, zone: str) -> Refused:
    return Refused(
        f"{claim.vpc} and {other.vpc} both claim the zone {zone}, and a DNS server forwards it to "
        f"one of them only: nothing new of {claim.vpc} is taken",
        f'write after = ["{other.vpc}"] into the settings of {claim.vpc}, and it gets what the '
        f'other one does not claim; or standby_for = "{other.vpc}", if it is to serve while the '
        "other one does not answer; or no longer follow one of them",
    )
