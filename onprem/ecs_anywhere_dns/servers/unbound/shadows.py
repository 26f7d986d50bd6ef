"""Administrator's local-zones, which answer before any question is forwarded."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from ecs_anywhere_dns.servers.mark import lies_within

PASSING = (
    "transparent",
    "typetransparent",
    "always_transparent",
    "inform",
    "nodefault",
    "noview",
)
"""Types of local-zone that let pass what they have no data for."""


def blocking(
    local_zones: Mapping[str, str], zones: Collection[str]
) -> Iterator[tuple[str, str, str]]:
    """Yield each zone of ours that a local-zone answers for, with that local-zone and its type. The
    longest local-zone decides."""
    for zone in zones:
        above = [name for name in local_zones if name == "." or lies_within(zone, name)]
        local = max(above, key=len, default=None)
        if local is not None and local_zones[local] not in PASSING:
            yield zone, local, local_zones[local]


def below(names: Collection[str], zones: Collection[str]) -> Iterator[str]:
    """Yield the names that lie in one of our zones."""
    for name in sorted(names):
        if any(lies_within(name, zone) for zone in zones):
            yield name
