"""Network interfaces that an AWS service puts into a customer's subnet.

AWS marks them `RequesterManaged`: they hold their subnet and their security groups, and
only the service that made them can delete them. moto's endpoints take random addresses
outside their subnet and the default security group.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from ipaddress import ip_address
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.moto_api._internal import mock_random

LOCK = threading.RLock()
"""The lock of request threads and timers that look at moto's EC2 tables and then change them."""


def create_requester_interface(
    backend: Any,
    subnet_id: str,
    *,
    interface_type: str,
    description: str,
    security_group_ids: Iterable[str],
    address: str | None = None,
) -> Any:
    """Make moto's network interface, in use, at `address` or else at any free one of the subnet.

    `backend` is moto's EC2 backend of an account and region; `interface_type` is EC2's word:
    `vpc_endpoint`, `lambda`, `interface`… Raises InsufficientFreeAddressesInSubnet.
    """
    with LOCK:
        subnet = backend.get_subnet(subnet_id)
        interface = backend.create_network_interface(
            subnet,
            address or free_address(subnet),
            group_ids=list(security_group_ids),
            description=description,
        )
        interface.interface_type = interface_type
        interface.requester_managed = True
        interface.status = "in-use"
        return interface


def delete_requester_interfaces(backend: Any, interface_ids: Iterable[str]) -> None:
    """Delete these interfaces, but for those that are gone already."""
    with LOCK:
        for interface_id in interface_ids:
            backend.enis.pop(interface_id, None)


def free_address(subnet: Any, besides: Collection[str] = ()) -> str:
    """Return a free address of the subnet, in no order, as AWS promises none."""
    taken = addresses_in_use(subnet).union(besides)
    usable = range(4, subnet.cidr.num_addresses - 1)
    start = mock_random.randrange(len(usable))
    for step in range(len(usable)):
        address = str(subnet.cidr[usable[(start + step) % len(usable)]])
        if address not in taken:
            return address
    raise EC2ClientError(
        "InsufficientFreeAddressesInSubnet",
        "The specified subnet does not have enough free addresses to satisfy the request.",
    )


def is_usable(subnet: Any, address: str) -> bool:
    """Tell whether an address can be given away: AWS keeps the first four and the last one of every
    subnet."""
    position = int(ip_address(address)) - int(subnet.cidr.network_address)
    return 4 <= position < int(subnet.cidr.num_addresses) - 1


def addresses_in_use(subnet: Any) -> set[str]:
    return {
        address["PrivateIpAddress"]
        for interface in list(subnet.ec2_backend.enis.values())
        if interface.subnet.id == subnet.id
        for address in interface.private_ip_addresses
    }
