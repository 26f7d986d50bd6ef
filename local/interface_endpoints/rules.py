"""Refusals of CreateVpcEndpoint and ModifyVpcEndpoint, in AWS's words; moto refuses none of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.ec2.exceptions import EC2ClientError, InvalidParameter, InvalidServiceName

from local.interface_endpoints import services
from local.interface_endpoints.record import Endpoint
from local.private_dns import require_private_dns_possible

INTERFACE_ENDPOINTS_PER_VPC = 50
ONLY_INBOUND = "PrivateDnsOnlyForInboundResolverEndpoint"
FITTING_TYPES: Mapping[str, frozenset[str]] = {
    "ipv4": frozenset({"ipv4", "dualstack"}),
    "ipv6": frozenset({"ipv6", "dualstack"}),
    "dualstack": frozenset({"dualstack"}),
    "service-defined": frozenset({"dualstack"}),
}
"""DnsRecordIpType -> the values of IpAddressType that it goes with."""


def existing_vpc(backend: Any, vpc_id: str) -> Any:
    if vpc_id not in backend.vpcs:
        raise EC2ClientError("InvalidVpcId.NotFound", f"The Vpc Id {vpc_id} does not exist")
    return backend.vpcs[vpc_id]


def service_of_type(
    offered: Iterable[dict[str, Any]], name: str, endpoint_type: str
) -> dict[str, Any]:
    by_type = {services.type_of(d): d for d in offered if d["ServiceName"] == name}
    if not by_type:
        raise InvalidServiceName(name)
    if endpoint_type not in by_type:
        raise InvalidParameter(
            f"Endpoint type ({endpoint_type}) does not match available service types "
            f"([{', '.join(by_type)}])."
        )
    return by_type[endpoint_type]


def require_same(earlier: Mapping[str, Any], request: Mapping[str, Any]) -> None:
    """Refuse a request that differs from the earlier one with the same ClientToken."""
    if earlier != request:
        raise EC2ClientError(
            "IdempotentParameterMismatch",
            "Arguments on this idempotent request are inconsistent with arguments used in "
            "previous request(s).",
        )


def require_policy_support(service: Mapping[str, Any], request: Mapping[str, Any]) -> None:
    """Refuse a policy for a service that takes none; the words are made up."""
    if request.get("PolicyDocument") and not service["VpcEndpointPolicySupported"]:
        raise InvalidParameter(f"{service['ServiceName']} does not support endpoint policies.")


def require_room(siblings: Iterable[Endpoint]) -> None:
    if sum(sibling.is_interface for sibling in siblings) >= INTERFACE_ENDPOINTS_PER_VPC:
        raise EC2ClientError(
            "VpcEndpointLimitExceeded", "The maximum number of VPC endpoints has been reached."
        )


def require_subnets(
    backend: Any,
    vpc: Any,
    service: Mapping[str, Any],
    subnet_ids: Iterable[str],
    occupied: Iterable[str] = (),
) -> None:
    """Refuse two subnets in one zone, and zones without the service; `occupied` subnets have an
    interface."""
    zones = {backend.get_subnet(subnet_id).availability_zone for subnet_id in occupied}
    for subnet_id in subnet_ids:
        subnet = backend.get_subnet(subnet_id)
        if subnet.vpc_id != vpc.id:
            raise InvalidParameter(f"Subnet {subnet_id} is not in the VPC {vpc.id}")
        if subnet.availability_zone not in service["AvailabilityZones"]:
            raise InvalidParameter(
                f"The VPC endpoint service {service['ServiceName']} does not support the "
                f"availability zone of the subnet: {subnet_id}."
            )
        if subnet.availability_zone in zones:
            raise EC2ClientError(
                "DuplicateSubnetsInSameZone",
                f"Found another VPC endpoint subnet in the availability zone of {subnet_id}",
            )
        zones.add(subnet.availability_zone)


def require_security_groups(backend: Any, vpc: Any, group_ids: Iterable[str]) -> None:
    for group_id in group_ids:
        group = backend.get_security_group_from_id(group_id)
        if group is None or group.vpc_id != vpc.id:
            raise EC2ClientError(
                "InvalidSecurityGroupID.NotFound",
                f"The security group '{group_id}' does not exist in the VPC {vpc.id}",
            )


def require_private_dns(vpc: Any, service: Mapping[str, Any], held: Iterable[str]) -> None:
    """Refuse private DNS that cannot be; `held` are the private names that somebody else has in
    this VPC."""
    names = services.private_names(service)
    if not names:
        raise InvalidParameter(
            "Private DNS can't be enabled because the service "
            f"{service['ServiceName']} does not provide a private DNS name."
        )
    require_private_dns_possible(vpc, names, held)


def dns_options(
    vpc: Any,
    service: Mapping[str, Any],
    private_dns: bool,
    asked: Mapping[str, Any],
    siblings: Iterable[Endpoint],
) -> dict[str, Any]:
    """Return the DnsOptions that result from those `asked` for.

    AWS: private DNS of a service that also has gateway endpoints (S3) is only for the
    inbound resolver unless told otherwise, and that only beside such a gateway endpoint.
    """
    options = {"DnsRecordIpType": "ipv4", **asked}
    if not private_dns or services.short_name(service) not in services.WITH_GATEWAYS_TOO:
        options.pop(ONLY_INBOUND, None)
        return options
    options.setdefault(ONLY_INBOUND, True)
    gateways = [s for s in siblings if not s.is_interface and _same_service(s, service)]
    if options[ONLY_INBOUND] and not gateways:
        raise InvalidParameter(
            f"To set {ONLY_INBOUND} to true, the VPC {vpc.id} must have a Gateway endpoint "
            "for the service."
        )
    return options


def require_ip_types(
    backend: Any,
    service: Mapping[str, Any],
    subnet_ids: Iterable[str],
    ip_type: str,
    options: Mapping[str, Any],
) -> None:
    """Refuse an IpAddressType that the service or a subnet does not have, and a DnsRecordIpType
    that does not fit it (AWS PrivateLink guide, "Create a VPC endpoint"); the words are made up."""
    supported = {"ipv4", "ipv6"} if ip_type == "dualstack" else {ip_type}
    if not supported <= {*service["SupportedIpAddressTypes"]}:
        raise InvalidParameter(f"{service['ServiceName']} does not support {ip_type}.")
    for subnet_id in subnet_ids:
        if ip_type not in _ip_types_of(backend.get_subnet(subnet_id)):
            raise InvalidParameter(f"The subnet {subnet_id} does not support {ip_type}.")
    record_type = options["DnsRecordIpType"]
    if ip_type not in FITTING_TYPES[record_type]:
        raise InvalidParameter(
            f"DnsRecordIpType {record_type} is not compatible with IpAddressType {ip_type}."
        )


def _ip_types_of(subnet: Any) -> frozenset[str]:
    """Return the types of interface endpoints in a subnet: `ipv6` takes subnets with IPv6 only."""
    if subnet.ipv6_native:
        return frozenset({"ipv6"})
    return frozenset({"ipv4", "dualstack"} if subnet.ipv6_cidr_block_association_set else {"ipv4"})


def require_gateway_unneeded(gateway: Endpoint, siblings: Iterable[Endpoint]) -> None:
    """Refuse to delete a gateway endpoint while an interface endpoint's DNS is for the resolver
    only."""
    for sibling in siblings:
        if sibling.dns_options.get(ONLY_INBOUND) and _same_service(sibling, gateway.service):
            raise InvalidParameter(
                f"{gateway.record.id} cannot be deleted while {ONLY_INBOUND} is true for "
                f"{sibling.record.id}."
            )


def _same_service(endpoint: Endpoint, service: Mapping[str, Any]) -> bool:
    """Compare by the short name: in China the service of interface endpoints has another prefix
    than that of gateway endpoints."""
    return services.short_name(endpoint.service) == services.short_name(service)
