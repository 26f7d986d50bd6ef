"""A VPC as a company has it: two subnets in two Availability Zones, a VPN gateway, DNS on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

ONPREM_CIDR = "10.64.0.0/16"
"""The company's network behind the VPN gateway."""


def make_vpc(
    ec2: Any, cidr: str = "10.0.0.0/16", zones: Iterable[str] = ("a", "b"), hostnames: bool = True
) -> str:
    """Make a VPC and return its id. The subnets are the first /24s of the CIDR, one per zone."""
    vpc_id = str(ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"])
    ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": hostnames})
    prefix = ".".join(cidr.split(".")[:2])
    for number, zone in enumerate(zones):
        ec2.create_subnet(
            VpcId=vpc_id,
            CidrBlock=f"{prefix}.{number}.0/24",
            AvailabilityZone=f"{ec2.meta.region_name}{zone}",
        )
    route_to_onprem(ec2, vpc_id)
    return vpc_id


def route_to_onprem(ec2: Any, vpc_id: str, table: str = "") -> None:
    """Let a route table of the VPC, by its id, lead to the company's network; the main one if none
    is named."""
    gateway = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    ec2.attach_vpn_gateway(VpcId=vpc_id, VpnGatewayId=gateway)
    of_vpc = [
        {"Name": "vpc-id", "Values": [vpc_id]},
        {"Name": "association.main", "Values": ["true"]},
    ]
    (main,) = ec2.describe_route_tables(Filters=of_vpc)["RouteTables"]
    ec2.create_route(
        RouteTableId=table or main["RouteTableId"],
        DestinationCidrBlock=ONPREM_CIDR,
        GatewayId=gateway,
    )


def tag(ec2: Any, vpc_id: str, tags: Mapping[str, str]) -> None:
    ec2.create_tags(
        Resources=[vpc_id], Tags=[{"Key": key, "Value": value} for key, value in tags.items()]
    )


def tags_of(ec2: Any, vpc_id: str) -> dict[str, str]:
    vpc = ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"][0]
    return {tag["Key"]: tag["Value"] for tag in vpc.get("Tags", [])}


def remnants(aws: Any, vpc_id: str) -> dict[str, list[str]]:
    """Return the resources in the account that a teardown should have removed, by kind."""
    ec2 = aws.client("ec2")
    in_vpc = [{"Name": "vpc-id", "Values": [vpc_id]}]
    endpoints = ec2.describe_vpc_endpoints(Filters=in_vpc)["VpcEndpoints"]
    resolvers = aws.client("route53resolver").list_resolver_endpoints()["ResolverEndpoints"]
    groups = ec2.describe_security_groups(Filters=in_vpc)["SecurityGroups"]
    interfaces = ec2.describe_network_interfaces(Filters=in_vpc)["NetworkInterfaces"]
    parameters = aws.client("ssm").get_parameters_by_path(
        Path=f"/ecs-anywhere/private-connectivity/{vpc_id}", Recursive=True
    )["Parameters"]
    functions = aws.client("lambda").list_functions()["Functions"]
    return {
        "VPC endpoints": [e["VpcEndpointId"] for e in endpoints],
        "resolver endpoints": [r["Id"] for r in resolvers if r["HostVPCId"] == vpc_id],
        "security groups": [g["GroupName"] for g in groups if g["GroupName"] != "default"],
        "network interfaces": [i["NetworkInterfaceId"] for i in interfaces],
        "parameters": [p["Name"] for p in parameters],
        "probe functions": [f["FunctionName"] for f in functions if vpc_id in f["FunctionName"]],
    }
