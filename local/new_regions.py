"""A Region that moto does not know: its services, and its Availability Zones.

moto 5.2.5 has those of three partitions, as of the botocore that it was imported with: no zones of
eusc-de-east-1, and nothing of a Region that is newer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.core import base_backend
from moto.ec2.models.availability_zones_and_regions import Region, RegionsAndZonesBackend, Zone

from local.partitions import dns_suffix

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

LETTERS = "abc"


def install(aws: EmbeddedAws) -> None:
    base_backend.allow_unknown_region = lambda: True
    name = aws.settings.region
    if name in RegionsAndZonesBackend.zones:
        return
    host = f"ec2.{name}.{dns_suffix(name)}"
    RegionsAndZonesBackend.regions.append(Region(name, host, "opt-in-not-required"))
    RegionsAndZonesBackend.zones[name] = [
        Zone(name=f"{name}{letter}", region_name=name, zone_id=f"{name}-az{number}")
        for number, letter in enumerate(LETTERS, 1)
    ]
