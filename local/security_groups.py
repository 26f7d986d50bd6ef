"""Deletions that AWS refuses because the resource is in use: security groups, subnets, VPCs and
AWS's own interfaces.

AWS answers DependencyViolation while a network interface holds a security group or a subnet,
or another group's rule names the group. moto 5.2.5 deletes all of them, and lets a caller
delete interfaces that a service manages. It also keeps a rule's network as it was written: AWS
keeps its canonical form (EC2 API reference, AuthorizeSecurityGroupIngress: 100.68.0.18/18 becomes
100.68.0.0/18), so that 10.0.0.1/8 beside 10.0.0.0/8 is a duplicate.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import DependencyViolationError, InvalidParameterValue
from moto.ec2.models.security_groups import SecurityGroupBackend
from moto.ec2.models.subnets import SubnetBackend
from moto.ec2.models.vpcs import VPCBackend
from moto.ec2.responses.elastic_network_interfaces import ElasticNetworkInterfaces

from local.requester_interfaces import LOCK
from local.unkind.past import Past

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

_stock_delete_group = SecurityGroupBackend.delete_security_group
_stock_delete_subnet = SubnetBackend.delete_subnet
_stock_delete_vpc = VPCBackend.delete_vpc
_STOCK_CHANGES = {
    name: getattr(SecurityGroupBackend, name)
    for name in (
        "authorize_security_group_egress",
        "authorize_security_group_ingress",
        "revoke_security_group_egress",
        "revoke_security_group_ingress",
    )
}
_NETWORKS = frozenset({"CidrIp", "CidrIpv6"})
_stock_delete_interface = ElasticNetworkInterfaces.delete_network_interface


def install(aws: EmbeddedAws) -> None:
    SecurityGroupBackend.delete_security_group = _deleting_groups(aws.weather.past)
    for name, stock in _STOCK_CHANGES.items():
        setattr(SecurityGroupBackend, name, _canonical(stock))
    SubnetBackend.delete_subnet = _delete_subnet
    VPCBackend.delete_vpc = _delete_vpc
    ElasticNetworkInterfaces.delete_network_interface = _delete_network_interface


def _canonical(stock: Callable[..., Any]) -> Callable[..., Any]:
    """Return one of moto's changes of rules, with its networks in their canonical form."""

    def change(backend: Any, *given: Any, **more: Any) -> Any:
        for listed in [*given, *more.values()]:
            for each in listed if isinstance(listed, list) else ():
                if isinstance(each, dict):
                    each.update({k: _network(v) for k, v in each.items() if k in _NETWORKS})
        return stock(backend, *given, **more)

    return change


def _network(cidr: str) -> str:
    try:
        return str(ip_network(cidr, strict=False))
    except ValueError:
        return cidr  # moto refuses it, as AWS does


def _deleting_groups(past: Past) -> Callable[..., None]:
    def delete(backend: Any, name: str | None = None, group_id: str | None = None) -> None:
        with LOCK:
            group = backend.get_security_group_by_name_or_id(group_id or name)
            if group and (_is_held(backend, group.id) or _is_referenced(backend, group.id)):
                raise DependencyViolationError(f"resource {group.id} has a dependent object")
            _stock_delete_group(backend, name=name, group_id=group_id)
            past.changing(group.id, copy.copy(group))

    return delete


def _delete_subnet(backend: Any, subnet_id: str) -> Any:
    with LOCK:
        if any(interface.subnet.id == subnet_id for interface in list(backend.enis.values())):
            raise DependencyViolationError(
                f"The subnet '{subnet_id}' has dependencies and cannot be deleted."
            )
        return _stock_delete_subnet(backend, subnet_id)


def _delete_vpc(backend: Any, vpc_id: str) -> Any:
    """Delete a VPC. Besides moto's subnets, gateways and route tables, also interfaces, endpoints
    and own groups refuse it."""
    with LOCK:
        groups = backend.groups.get(vpc_id, {}).values()
        if (
            any(interface.vpc_id == vpc_id for interface in list(backend.enis.values()))
            or any(endpoint.vpc_id == vpc_id for endpoint in backend.vpc_end_points.values())
            or any(not group.is_default for group in groups)
        ):
            raise DependencyViolationError(
                f"The vpc '{vpc_id}' has dependencies and cannot be deleted."
            )
        return _stock_delete_vpc(backend, vpc_id)


def _delete_network_interface(response: Any) -> ActionResult:
    """Refuse to delete an interface that a service manages. The service itself deletes it below the
    API."""
    interface = response.ec2_backend.enis.get(response._get_param("NetworkInterfaceId"))
    if interface is not None and interface.requester_managed:
        raise InvalidParameterValue(f"Network interface '{interface.id}' is currently in use.")
    return _stock_delete_interface(response)


def _is_held(backend: Any, group_id: str) -> bool:
    return any(
        group.id == group_id
        for interface in list(backend.enis.values())
        for group in interface.group_set
    )


def _is_referenced(backend: Any, group_id: str) -> bool:
    """Return whether a rule of another group names the group; its own rules may name it."""
    return any(
        (rule.source_group or {}).get("GroupId") == group_id
        for groups in list(backend.groups.values())
        for other in list(groups.values())
        if other.id != group_id
        for rule in [*other.ingress_rules, *other.egress_rules]
    )
