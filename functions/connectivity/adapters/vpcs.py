"""VPCs, their subnets and route tables, through Amazon EC2."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network
from typing import Any

from botocore.exceptions import ClientError

from connectivity.adapters.aws import call, client, filters, items
from connectivity.adapters.refusals import is_answer
from connectivity.domain.errors import UnknownVpc
from connectivity.domain.model import NetworkInterface, Route, RouteTable, Subnet, Vpc
from connectivity.domain.tags import SUBNET

_TARGETS = (
    "GatewayId",
    "TransitGatewayId",
    "CoreNetworkArn",
    "LocalGatewayId",
    "CarrierGatewayId",
    "EgressOnlyInternetGatewayId",
    "NatGatewayId",
    "VpcPeeringConnectionId",
    "NetworkInterfaceId",
    "InstanceId",
)
"""The fields of DescribeRouteTables that name a route's target."""


class Ec2Vpcs:
    """The port `Vpcs` on AWS."""

    def find(self, vpc_id: str) -> Vpc | None:
        try:
            vpc = call(client("ec2").describe_vpcs, VpcIds=[vpc_id])["Vpcs"][0]
        except ClientError as error:
            if is_answer(error):
                return None
            raise
        return vpc_of(vpc)

    def dns_support(self, vpc_id: str) -> bool:
        return self._attribute(vpc_id, "enableDnsSupport", "EnableDnsSupport")

    def dns_hostnames(self, vpc_id: str) -> bool:
        return self._attribute(vpc_id, "enableDnsHostnames", "EnableDnsHostnames")

    def _attribute(self, vpc_id: str, name: str, key: str) -> bool:
        describe = client("ec2").describe_vpc_attribute
        return bool(call(describe, VpcId=vpc_id, Attribute=name)[key]["Value"])

    def subnets(self, vpc_id: str) -> tuple[Subnet, ...]:
        found = items(
            client("ec2"), "describe_subnets", "Subnets", Filters=filters(vpc_id=[vpc_id])
        )
        return tuple(map(_subnet, found))

    def route_tables(self, vpc_id: str) -> tuple[RouteTable, ...]:
        found = items(
            client("ec2"), "describe_route_tables", "RouteTables", Filters=filters(vpc_id=[vpc_id])
        )
        return tuple(map(_route_table, found))

    def prefix_list(self, prefix_list_id: str) -> tuple[str, ...] | None:
        try:
            found = items(
                client("ec2"),
                "get_managed_prefix_list_entries",
                "Entries",
                PrefixListId=prefix_list_id,
            )
        except ClientError as error:
            if is_answer(error):
                return None
            raise
        return tuple(entry["Cidr"] for entry in found if ":" not in entry["Cidr"])

    def addresses_in_use(self, vpc_id: str, addresses: Iterable[str]) -> frozenset[str]:
        wanted = {"vpc-id": [vpc_id], "addresses.private-ip-address": sorted(addresses)}
        found = items(
            client("ec2"),
            "describe_network_interfaces",
            "NetworkInterfaces",
            Filters=[{"Name": name, "Values": values} for name, values in wanted.items()],
        )
        return frozenset(
            entry["PrivateIpAddress"] for item in found for entry in item["PrivateIpAddresses"]
        )

    def vpc_of_subnet(self, subnet_id: str) -> str | None:
        """Return the VPC of a subnet; None for an unknown one. Asked by a filter, because an
        unknown id would be an error."""
        found = items(
            client("ec2"), "describe_subnets", "Subnets", Filters=filters(subnet_id=[subnet_id])
        )
        return str(found[0]["VpcId"]) if found else None

    def interfaces_in(self, target: str) -> tuple[NetworkInterface, ...]:
        where = "vpc-id" if target.startswith("vpc-") else "subnet-id"
        found = items(
            client("ec2"),
            "describe_network_interfaces",
            "NetworkInterfaces",
            Filters=[{"Name": where, "Values": [target]}],
        )
        return tuple(map(interface_of, found))

    def vpn_gateways(self, vpc_id: str) -> tuple[str, ...]:
        """Read all gateways, of which AWS lists a detached one for a while."""
        describe = client("ec2").describe_vpn_gateways
        attached = [{"Name": "attachment.vpc-id", "Values": [vpc_id]}]
        return tuple(
            str(gateway["VpnGatewayId"])
            for gateway in call(describe, Filters=attached)["VpnGateways"]
            for attachment in gateway.get("VpcAttachments", [])
            if attachment["VpcId"] == vpc_id and attachment["State"] in {"attaching", "attached"}
        )

    def set_tags(self, vpc_id: str, tags: Mapping[str, str]) -> None:
        self._tag(client("ec2").create_tags, vpc_id, ec2_tags(tags))

    def remove_tags(self, vpc_id: str, keys: Iterable[str]) -> None:
        self._tag(client("ec2").delete_tags, vpc_id, [{"Key": key} for key in keys])

    def _tag(self, operation: Any, vpc_id: str, tags: list[dict[str, str]]) -> None:
        # For an id that is no VPC's AWS says that we may not, rather than that there is none.
        if not vpc_id.startswith("vpc-"):
            raise UnknownVpc(vpc_id)
        call(operation, Resources=[vpc_id], Tags=tags)


def vpc_of(vpc: Mapping[str, Any]) -> Vpc:
    """Return a VPC as DescribeVpcs shows it."""
    return Vpc(
        id=vpc["VpcId"],
        cidrs=tuple(_cidrs(vpc)),
        tags=tags_of(vpc),
        tenancy=vpc.get("InstanceTenancy", "default"),
        owner=vpc.get("OwnerId", ""),
        dns_server=str(IPv4Network(vpc["CidrBlock"]).network_address + 2),
    )


def ec2_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tags_of(resource: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in resource.get("Tags", [])}


def interface_of(item: Mapping[str, Any]) -> NetworkInterface:
    """Return a network interface as DescribeNetworkInterfaces shows it."""
    return NetworkInterface(
        id=item["NetworkInterfaceId"],
        groups=tuple(group["GroupId"] for group in item["Groups"]),
        kind=item.get("InterfaceType", "interface"),
        owner=item.get("OwnerId", ""),
        requester_managed=bool(item.get("RequesterManaged")),
        instance=item.get("Attachment", {}).get("InstanceId", ""),
        description=item.get("Description", ""),
    )


def _cidrs(vpc: Mapping[str, Any]) -> list[str]:
    associations = vpc.get("CidrBlockAssociationSet", [])
    live = (a["CidrBlock"] for a in associations if a["CidrBlockState"]["State"] == "associated")
    return sorted({vpc["CidrBlock"], *live})


def _route_table(table: Mapping[str, Any]) -> RouteTable:
    associations = table.get("Associations", [])
    return RouteTable(
        id=table["RouteTableId"],
        subnets=tuple(a["SubnetId"] for a in associations if "SubnetId" in a),
        main=any(a.get("Main") for a in associations),
        routes=tuple(
            Route(destination, _target(route))
            for route in table.get("Routes", [])
            if (
                destination := route.get("DestinationCidrBlock")
                or route.get("DestinationPrefixListId")
            )
        ),
    )


def _target(route: Mapping[str, Any]) -> str:
    """Return what a route leads to; empty where that is gone."""
    if route.get("State") == "blackhole":
        return ""
    return next((str(route[key]) for key in _TARGETS if route.get(key)), "")


def _subnet(subnet: Mapping[str, Any]) -> Subnet:
    return Subnet(
        id=subnet["SubnetId"],
        zone=subnet["AvailabilityZone"],
        free_addresses=subnet["AvailableIpAddressCount"],
        cidr=subnet.get("CidrBlock", ""),
        named=SUBNET in tags_of(subnet),
        on_outpost=bool(subnet.get("OutpostArn")),
        ipv6_only=bool(subnet.get("Ipv6Native")),
    )
