"""A Region that moto does not know: its services, and its Availability Zones.

moto 5.2.5 has those of three partitions, as of the botocore that it was imported with: no zones of
eusc-de-east-1, and nothing of a Region that is newer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from moto.core.base_backend import AccountSpecificBackend, backend_lock
from moto.ec2.models.availability_zones_and_regions import Region, RegionsAndZonesBackend, Zone

from local.partitions import dns_suffix

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

LETTERS = "abc"


_KNOWN = frozenset(RegionsAndZonesBackend.zones)
_stock = AccountSpecificBackend.__getitem__


def install(aws: EmbeddedAws) -> None:
    name = aws.settings.region
    if name in _KNOWN:
        return
    AccountSpecificBackend.__getitem__ = _with_backends_of(name)
    if name in RegionsAndZonesBackend.zones:
        return  # since an engine before
    host = f"ec2.{name}.{dns_suffix(name)}"
    RegionsAndZonesBackend.regions.append(Region(name, host, "opt-in-not-required"))
    RegionsAndZonesBackend.zones[name] = [
        Zone(name=f"{name}{letter}", region_name=name, zone_id=f"{name}-az{number}")
        for number, letter in enumerate(LETTERS, 1)
    ]


def _with_backends_of(new: str) -> Callable[[AccountSpecificBackend[Any], str], Any]:
    """Return moto's look for the backend of a Region, which makes those of a new Region as well."""

    def backend_of(backends: AccountSpecificBackend[Any], region: str) -> Any:
        if region == new:
            with backend_lock:
                if region not in backends.keys():  # noqa: SIM118 ("in" looks at its list)
                    backends[region] = backends.backend(region, account_id=backends.account_id)
        return _stock(backends, region)

    return backend_of
