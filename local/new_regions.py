"""Availability Zones of a Region that moto does not know.

moto 5.2.5 has those of three partitions, as of the botocore that it was imported with: none of
eusc-de-east-1, and none of a Region that is newer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.ec2.models.availability_zones_and_regions import Region, RegionsAndZonesBackend, Zone

from local.partitions import dns_suffix

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

LETTERS = "abc"


def install(aws: EmbeddedAws) -> None:
    name = aws.settings.region
    if name in RegionsAndZonesBackend.zones:
        return
    host = f"ec2.{name}.{dns_suffix(name)}"
    RegionsAndZonesBackend.regions.append(Region(name, host, "opt-in-not-required"))
    RegionsAndZonesBackend.zones[name] = [
        Zone(name=f"{name}{letter}", region_name=name, zone_id=f"{name}-az{number}")
        for number, letter in enumerate(LETTERS, 1)
    ]
