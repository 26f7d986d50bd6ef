"""Functions in a VPC: their attachment, and the network interfaces that come of it.

Gap of moto: no function is ever Pending, none has network interfaces, and their VpcId is
invented. On AWS a pair of subnet and security groups gets one Hyperplane interface, shared
by all functions that use the pair; it holds its security groups (DependencyViolation) long
after the last of those functions is gone.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from moto.ec2.exceptions import InvalidSubnetIdError
from moto.ec2.models import ec2_backends

from local.clock import Clock
from local.lambda_functions.errors import client_error
from local.requester_interfaces import create_requester_interface, delete_requester_interfaces


@dataclass(frozen=True)
class VpcAttachment:
    """The attachment of a function to a VPC."""

    vpc_id: str
    cidrs: tuple[str, ...]
    subnet_ids: tuple[str, ...]
    security_group_ids: frozenset[str]


def attachment_of(
    account: str, region: str, config: Mapping[str, Any] | None
) -> VpcAttachment | None:
    """Return the attachment that a VpcConfig means; None without subnets.

    Raises InvalidParameterValueException if a subnet or security group is not there.
    """
    if not config or not config.get("SubnetIds"):
        return None
    ec2 = ec2_backends[account][region]
    subnets = [_subnet(ec2, subnet_id) for subnet_id in config["SubnetIds"]]
    for group_id in config.get("SecurityGroupIds", ()):
        if ec2.get_security_group_from_id(group_id) is None:
            raise _refused_by_ec2(
                "DescribeSecurityGroups",
                "InvalidGroup.NotFound",
                f"The security group '{group_id}' does not exist",
            )
    vpc = ec2.get_vpc(subnets[0].vpc_id)
    return VpcAttachment(
        vpc_id=vpc.id,
        cidrs=tuple(a["cidr_block"] for a in vpc.get_cidr_block_association_set()),
        subnet_ids=tuple(config["SubnetIds"]),
        security_group_ids=frozenset(config.get("SecurityGroupIds", ())),
    )


def _subnet(ec2: Any, subnet_id: str) -> Any:
    try:
        return ec2.get_subnet(subnet_id)
    except InvalidSubnetIdError as error:
        raise _refused_by_ec2(
            "DescribeSubnets",
            "InvalidSubnetID.NotFound",
            f"The subnet ID '{subnet_id}' does not exist",
        ) from error


def _refused_by_ec2(action: str, code: str, message: str) -> Any:
    return client_error(
        400,
        "InvalidParameterValueException",
        f"Error occurred while {action}. EC2 Error Code: {code}. EC2 Error Message: {message}",
    )


@dataclass
class _Interface:
    """One Hyperplane interface and the functions that use it."""

    id: str
    functions: set[str] = field(default_factory=set)
    releases: int = 0
    """The number of times that the last function left; a lingering end counts only if it is the
    latest."""


class HyperplaneInterfaces:
    """Lambda's network interfaces in the customers' VPCs."""

    def __init__(self, clock: Clock, linger: Callable[[], float]) -> None:
        self._clock = clock
        self._linger = linger
        self._interfaces: dict[tuple[str, frozenset[str]], _Interface] = {}
        self._lock = threading.Lock()

    def attach(self, function: Any, attachment: VpcAttachment) -> None:
        with self._lock:
            for subnet_id in attachment.subnet_ids:
                key = (subnet_id, attachment.security_group_ids)
                if key not in self._interfaces:
                    interface = create_requester_interface(
                        ec2_backends[function.account_id][function.region],
                        subnet_id,
                        interface_type="lambda",
                        description=f"AWS Lambda VPC ENI-{function.function_name}-{uuid.uuid4()}",
                        security_group_ids=sorted(attachment.security_group_ids),
                    )
                    self._interfaces[key] = _Interface(interface.id)
                self._interfaces[key].functions.add(function.function_arn)

    def release(self, function: Any) -> None:
        """Release the interface of a deleted function; one that no other function uses lingers,
        then vanishes."""
        with self._lock:
            for key, interface in self._interfaces.items():
                if function.function_arn not in interface.functions:
                    continue
                interface.functions.remove(function.function_arn)
                interface.releases += 1
                vanish = partial(self._vanish, function, key, interface.releases)
                self._clock.after(self._linger(), vanish)

    def _vanish(self, function: Any, key: tuple[str, frozenset[str]], release: int) -> None:
        with self._lock:
            interface = self._interfaces.get(key)
            if interface and not interface.functions and interface.releases == release:
                del self._interfaces[key]
                ec2 = ec2_backends[function.account_id][function.region]
                delete_requester_interfaces(ec2, [interface.id])
