"""Where things stand: one subnet per Availability Zone, chosen the same way every time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import cycle, islice

from connectivity.domain.model import OfferedService, Subnet


def subnet_per_zone(subnets: Iterable[Subnet], addresses_needed: int) -> dict[str, str]:
    """Zone -> the subnet with the lowest id that has room, in whatever order they are listed."""
    roomy = sorted(s.id for s in subnets if s.free_addresses >= addresses_needed)
    zone_of = {subnet.id: subnet.zone for subnet in subnets}
    chosen: dict[str, str] = {}
    for subnet_id in roomy:
        chosen.setdefault(zone_of[subnet_id], subnet_id)
    return chosen


def ranked_zones(zones: Iterable[str], services: Sequence[OfferedService]) -> tuple[str, ...]:
    """The zones that most services support first, then by name: services end up side by side."""
    support = Counter(zone for service in services for zone in service.zones)
    return tuple(sorted(zones, key=lambda zone: (-support[zone], zone)))


def zones_for(service: OfferedService, ranked: Sequence[str], count: int) -> tuple[str, ...]:
    return tuple(islice((zone for zone in ranked if zone in service.zones), count))


def resolver_subnets(chosen: Sequence[str], count: int) -> tuple[str, ...]:
    """One subnet per resolver IP, round the zones."""
    return tuple(islice(cycle(chosen), count)) if chosen else ()
