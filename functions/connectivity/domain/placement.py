"""Placement of the resources: one subnet per Availability Zone, chosen the same way every time
(docs/decisions/0022-which-subnets.md)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from itertools import cycle, islice

from connectivity.domain.model import OfferedService, Subnet
from connectivity.domain.printable import listed

MOST_SHORT = 3
"""Subnets without room that are named."""


@dataclass(frozen=True)
class Candidate:
    """A usable subnet, and what speaks for it."""

    subnet: Subnet
    in_use: bool = False
    """Interface endpoints or the resolver of this connection stand in it already."""
    unreached: int = 0
    """The number of on-premises networks to which its route table has no route."""
    public: bool = False
    """The subnet has a route to an internet gateway."""

    @property
    def preference(self) -> tuple[bool, bool, int, bool, str]:
        """Return what a zone's subnets are compared by: the lowest one is taken."""
        there = self.subnet
        return not there.named, not self.in_use, self.unreached, self.public, there.id

    @property
    def reason(self) -> str:
        """Return what decided, in words."""
        if self.subnet.named:
            return "it has the tag ecs-anywhere:subnet"
        if self.in_use:
            return "things of this connection stand in it already"
        if not self.unreached:
            return "its route table leads towards on-premises"
        if not self.public:
            return "it has no route to an internet gateway, and room"
        return "it has room, and the zone has no better subnet"


def unusable(subnet: Subnet, region: str) -> str | None:
    """Return why neither interface endpoints nor a resolver are put into a subnet.

    A zone's name tells its kind: an Availability Zone is the Region's name and a letter, Local
    Zones and Wavelength Zones have more in theirs (EC2 user guide, "Regions and Zones").
    """
    if subnet.on_outpost:
        return "it is on an Outpost"
    if subnet.ipv6_only:
        return "it has IPv6 addresses only"
    if not re.fullmatch(rf"{re.escape(region)}[a-z]", subnet.zone):
        return f"{subnet.zone} is a Local Zone or a Wavelength Zone"
    return None


def left_out(subnets: Iterable[Subnet], region: str) -> Iterator[str]:
    """Yield the subnets that are never used, each with its reason."""
    for subnet in sorted(subnets, key=lambda s: s.id):
        if reason := unusable(subnet, region):
            yield f"{subnet.id}, because {reason}"


def named_in_vain(subnets: Iterable[Subnet], region: str, addresses_needed: int) -> Iterator[str]:
    """Yield a warning for each subnet that somebody named and that is not used: one of a kind that
    never is, for as long as it has the tag, and one without room, as long as room is needed."""
    for subnet in sorted((s for s in subnets if s.named), key=lambda s: s.id):
        if reason := unusable(subnet, region):
            yield (
                f"{subnet.id} has the tag ecs-anywhere:subnet, and cannot be used, because "
                f"{reason}: the subnets are chosen as if it were not there - set the tag on "
                "another one, or take it off"
            )
        elif subnet.free_addresses < addresses_needed:
            yield (
                f"{subnet.id} has the tag ecs-anywhere:subnet, but {subnet.free_addresses} free "
                f"addresses, and {addresses_needed} are needed: another subnet of {subnet.zone} is "
                "used, or none"
            )


def subnet_per_zone(candidates: Iterable[Candidate], addresses_needed: int) -> dict[str, Candidate]:
    """Return zone -> the preferred subnet that has room, in whatever order they are listed."""
    roomy = (c for c in candidates if c.subnet.free_addresses >= addresses_needed)
    chosen: dict[str, Candidate] = {}
    for candidate in sorted(roomy, key=lambda c: c.preference):
        chosen.setdefault(candidate.subnet.zone, candidate)
    return chosen


def short_of_room(subnets: Iterable[Subnet], addresses_needed: int) -> str:
    """Return which subnets lack free addresses, those with most first."""
    short = [s for s in subnets if s.free_addresses < addresses_needed]
    short.sort(key=lambda s: (-s.free_addresses, s.id))
    named = (f"{s.id} in {s.zone} has {s.free_addresses}" for s in short)
    return f" - {listed(named, most=MOST_SHORT)}"


def ranked_zones(
    chosen: Mapping[str, Candidate], services: Sequence[OfferedService]
) -> tuple[str, ...]:
    """Return the zones: first those that somebody named or that are in use, then those that most
    services support, so that services end up side by side; then by their subnets and by name."""
    support = Counter(zone for service in services for zone in service.zones)

    def order(zone: str) -> tuple[bool, bool, int, int, bool, str]:
        named, in_use, unreached, public, _ = chosen[zone].preference
        return named, in_use, -support[zone], unreached, public, zone

    return tuple(sorted(chosen, key=order))


def zones_for(service: OfferedService, ranked: Sequence[str], count: int) -> tuple[str, ...]:
    return tuple(islice((zone for zone in ranked if zone in service.zones), count))


def holder_of(ip: str, subnets: Iterable[Subnet]) -> Subnet | None:
    """Return the subnet whose network holds an address."""
    address = IPv4Address(ip)
    return next((s for s in subnets if s.cidr and address in IPv4Network(s.cidr)), None)


def clear_of(
    addresses: Collection[str], candidates: Iterable[Candidate], zones: int
) -> tuple[str, ...]:
    """Return subnets with room that hold none of `addresses`, one a zone and at most `zones`: AWS
    gives a network interface whichever address of its subnet is free. None where every subnet
    holds one, or nothing is to be kept clear of."""
    if not addresses:
        return ()
    clear = (c for c in candidates if not any(holder_of(ip, [c.subnet]) for ip in addresses))
    chosen = subnet_per_zone(clear, 1)
    best = sorted(chosen.values(), key=lambda c: c.preference)
    return tuple(c.subnet.id for c in best[:zones])


def resolver_subnets(chosen: Sequence[str], count: int) -> tuple[str, ...]:
    """One subnet per resolver IP, round the zones."""
    return tuple(islice(cycle(chosen), count)) if chosen else ()


def completed(
    current: Sequence[str],
    before: Iterable[str],
    preferred: Iterable[str],
    zone_of: Mapping[str, str],
    count: int,
) -> tuple[str, ...]:
    """Return the subnets for an interface endpoint that is there, one per zone: those it has, those
    it was verified with and has lost, and preferred ones until it stands in `count` zones."""
    chosen = {zone_of.get(subnet, subnet): subnet for subnet in current}
    for subnet in before:
        if subnet in zone_of:
            chosen.setdefault(zone_of[subnet], subnet)
    for subnet in preferred:
        if len(chosen) < count:
            chosen.setdefault(zone_of[subnet], subnet)
    return tuple(sorted(chosen.values()))
