"""Subnets with IPv6 only, which have no IPv4 address to give away.

EC2's `Subnet.AvailableIpAddressCount` is "the number of unused private IPv4 addresses in the
subnet". moto 5.2.5 counts the IPv6 network of a subnet that has no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.ec2.models.subnets import Subnet

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

_stock_count: Any = Subnet.available_ip_address_count


def _count(subnet: Any) -> int:
    return 0 if subnet.ipv6_native else int(_stock_count.fget(subnet))


def install(_aws: EmbeddedAws) -> None:
    Subnet.available_ip_address_count = property(_count)
