"""Landing zones, as other teams have made them: interface endpoints with private DNS off, and one
private hosted zone for each service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from local.example_vpc import ONPREM_CIDR
from tests.story.app import App, until

SIX = {
    "ecs-agent": "ecs-a",
    "ecs-telemetry": "ecs-t",
    "ecs": "ecs",
    "ssm": "ssm",
    "ssmmessages": "ssmmessages",
    "ec2messages": "ec2messages",
}
"""Short name of a service -> the first label of its private name."""


@dataclass
class LandingZone:
    """The landing zone that a network team keeps for the VPCs of a company."""

    app: App
    home: str
    """The VPC in which the interface endpoints stand."""
    account: str = ""
    """The network team's account; empty for that of the app."""
    endpoints: dict[str, str] = field(default_factory=dict)
    """Short name of a service -> id of its interface endpoint."""
    zones: dict[str, str] = field(default_factory=dict)
    """Short name of a service -> id of its private hosted zone."""
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Short name of a service -> the record of its zone's own name."""

    def client(self, service: str) -> Any:
        aws = self.app.aws
        return aws.client_of(self.account, service) if self.account else aws.client(service)

    def name(self, service: str) -> str:
        return f"{SIX[service]}.{self.app.aws.settings.region}.amazonaws.com"

    def make_endpoints(
        self, services: Sequence[str], onprem: str = ONPREM_CIDR, *, private_dns: bool = False
    ) -> None:
        """Interface endpoints, open to on-premises and to the networks of all VPCs."""
        ec2, region = self.client("ec2"), self.app.aws.settings.region
        group = ec2.create_security_group(
            VpcId=self.home, GroupName="central-endpoints", Description="-"
        )["GroupId"]
        ec2.authorize_security_group_ingress(
            GroupId=group,
            IpPermissions=[
                {
                    "IpProtocol": "tcp",
                    "FromPort": 443,
                    "ToPort": 443,
                    "IpRanges": [{"CidrIp": cidr} for cidr in ("10.0.0.0/8", onprem)],
                }
            ],
        )
        of_home = [{"Name": "vpc-id", "Values": [self.home]}]
        subnets = [s["SubnetId"] for s in ec2.describe_subnets(Filters=of_home)["Subnets"]]
        for service in services:
            self.endpoints[service] = ec2.create_vpc_endpoint(
                VpcEndpointType="Interface",
                VpcId=self.home,
                ServiceName=f"com.amazonaws.{region}.{service}",
                SubnetIds=subnets,
                SecurityGroupIds=[group],
                PrivateDnsEnabled=private_dns,
            )["VpcEndpoint"]["VpcEndpointId"]
        until(lambda: all(e["State"] == "available" for e in self.described()))

    def described(self) -> list[dict[str, Any]]:
        ids = list(self.endpoints.values())
        found = self.client("ec2").describe_vpc_endpoints(VpcEndpointIds=ids)
        return list(found["VpcEndpoints"])

    def make_zones(self, services: Sequence[str], *vpcs: str) -> None:
        """One zone for each service, whose own name is an alias of the regional name of its
        interface endpoint, associated with these VPCs."""
        for service in services:
            first, *others = vpcs
            self.zones[service] = self._make_zone(self.name(service), first)
            self.lead(service, self.endpoints[service])
            for vpc in others:
                self.route53.associate_vpc_with_hosted_zone(
                    HostedZoneId=self.zones[service], VPC=self._vpc(vpc)
                )

    def lead(self, service: str, endpoint_id: str) -> None:
        """Let the zone of a service lead to an interface endpoint."""
        found = self.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])
        regional = found["VpcEndpoints"][0]["DnsEntries"][0]
        alias = {**regional, "EvaluateTargetHealth": False}
        alias["DNSName"] = alias.pop("DnsName")
        self.record(service, {"AliasTarget": alias})

    def record(self, service: str, says: dict[str, Any]) -> None:
        self.records[service] = {"Name": self.name(service), "Type": "A", **says}
        self._change(service, "UPSERT")

    def forget_record(self, service: str) -> None:
        self._change(service, "DELETE")
        del self.records[service]

    def _change(self, service: str, action: str) -> None:
        change = {"Action": action, "ResourceRecordSet": self.records[service]}
        self.route53.change_resource_record_sets(
            HostedZoneId=self.zones[service], ChangeBatch={"Changes": [change]}
        )

    @property
    def route53(self) -> Any:
        return self.client("route53")

    def _make_zone(self, name: str, vpc: str) -> str:
        made = self.route53.create_hosted_zone(
            Name=name,
            CallerReference=f"{name} {vpc}",
            HostedZoneConfig={"PrivateZone": True},
            VPC=self._vpc(vpc),
        )
        return str(made["HostedZone"]["Id"].rsplit("/", 1)[1])

    def _vpc(self, vpc: str) -> dict[str, str]:
        return {"VPCRegion": self.app.aws.settings.region, "VPCId": vpc}

    def remove(self) -> None:
        for service in list(self.records):
            self.forget_record(service)
        for zone in self.zones.values():
            self.route53.delete_hosted_zone(Id=zone)
        self.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[*self.endpoints.values()])


@contextmanager
def landing_zone(app: App, home: str, account: str = "") -> Iterator[LandingZone]:
    """A landing zone with its endpoints in the VPC `home`; gone at the end."""
    made = LandingZone(app, home, account)
    try:
        yield made
    finally:
        made.remove()


def joined(app: App, *vpcs: str) -> None:
    """Let a transit gateway lead from each VPC into 10.0.0.0/8, as central networks do."""
    ec2 = app.client("ec2")
    gateway = ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    for vpc in vpcs:
        of_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
        tables = ec2.describe_route_tables(Filters=of_vpc)["RouteTables"]
        ec2.create_route(
            RouteTableId=tables[0]["RouteTableId"],
            DestinationCidrBlock="10.0.0.0/8",
            TransitGatewayId=gateway,
        )


def inbound_resolver(app: App, vpc: str, admitted: Sequence[str] = ("0.0.0.0/0",)) -> str:
    """The id of an inbound resolver that a network team keeps in its VPC, open on 53 to these
    networks."""
    ec2, resolver = app.client("ec2"), app.client("route53resolver")
    of_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
    group = ec2.create_security_group(VpcId=vpc, GroupName="central-dns", Description="-")
    ranges = [{"CidrIp": cidr} for cidr in admitted]
    for protocol in ("udp", "tcp") if admitted else ():
        permission = {"IpProtocol": protocol, "FromPort": 53, "ToPort": 53, "IpRanges": ranges}
        ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[permission])
    made = resolver.create_resolver_endpoint(
        CreatorRequestId=vpc,
        Direction="INBOUND",
        SecurityGroupIds=[group["GroupId"]],
        IpAddresses=[
            {"SubnetId": subnet["SubnetId"]}
            for subnet in ec2.describe_subnets(Filters=of_vpc)["Subnets"]
        ],
    )["ResolverEndpoint"]["Id"]
    until(lambda: _endpoint(app, made)["Status"] == "OPERATIONAL")
    return str(made)


def _endpoint(app: App, resolver_id: str) -> dict[str, Any]:
    get = app.client("route53resolver").get_resolver_endpoint
    return dict(get(ResolverEndpointId=resolver_id)["ResolverEndpoint"])


def addresses_of(app: App, resolver_id: str) -> list[str]:
    listed = app.client("route53resolver").list_resolver_endpoint_ip_addresses
    return sorted(ip["Ip"] for ip in listed(ResolverEndpointId=resolver_id)["IpAddresses"])
