"""A hub's inbound resolver: named by a tag of the spoke, checked, verified from the spoke, and
published; never touched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address, ip_network

from tests.story.app import STATUS, App
from tests.story.landing_zone import (
    SIX,
    LandingZone,
    addresses_of,
    inbound_resolver,
    joined,
    landing_zone,
)
from tests.story.test_landing_zones import (
    addresses,
    connect,
    disconnect,
    leaves_nothing,
    published,
    refused,
)


@contextmanager
def hub_and_spoke(
    app: App, number: int, *, routed: bool = True
) -> Iterator[tuple[LandingZone, str, str]]:
    """A hub that serves all six names to a spoke by its zones, and has an inbound resolver."""
    hub, spoke = app.vpc(cidr=f"10.{number}.0.0/16"), app.vpc(cidr=f"10.{number + 1}.0.0/16")
    joined(app, *([hub, spoke] if routed else [hub]))
    inbound = inbound_resolver(app, hub)
    with landing_zone(app, hub) as zone:
        zone.make_endpoints([*SIX])
        zone.make_zones([*SIX], hub, spoke)
        yield zone, spoke, inbound
    app.client("route53resolver").delete_resolver_endpoint(ResolverEndpointId=inbound)


def test_a_plan_names_the_hub_s_resolver_and_how_to_have_it_used(app: App) -> None:
    with hub_and_spoke(app, 100) as (zone, spoke, inbound):
        app.tag(spoke, wish="plan")
        planned = app.next_success(spoke)
        (line,) = (w for w in planned.output["warnings"] if inbound in w)
        assert f"{inbound} in {zone.home}" in line
        assert f"set the tag ecs-anywhere:resolver to {inbound}" in line
        leaves_nothing(app, spoke)


def test_a_hub_s_resolver_that_the_tag_names_is_used_and_nothing_at_all_is_made(app: App) -> None:
    with hub_and_spoke(app, 102) as (zone, spoke, inbound):
        before = addresses_of(app, inbound)
        app.tag(spoke, resolver=inbound)
        detail = connect(app, spoke).output["detail"]
        assert f"uses {inbound} which is not ours" in detail
        assert app.endpoints(spoke) == {}
        assert "resolver endpoints" not in app.remnants(spoke)
        said = published(app, spoke)
        assert sorted(said["resolverIps"]) == before
        assert said["names"] == addresses(zone)
        networks = [ip_network(cidr) for cidr in said["vpcCidrs"]]
        assert ip_network("10.103.0.0/16") in networks
        assert all(any(ip_address(ip) in n for n in networks) for ip in before), "is believed"
        app.sweep_leaves_alone(spoke)
        disconnect(app, spoke)
        assert app.tags(spoke)[STATUS] == "removed"
        assert addresses_of(app, inbound) == before, "untouched to the end"


def test_a_spoke_whose_tag_names_it_no_longer_gets_one_of_its_own(app: App) -> None:
    with hub_and_spoke(app, 104) as (_, spoke, inbound):
        app.tag(spoke, resolver=inbound)
        connect(app, spoke)
        theirs = set(published(app, spoke)["resolverIps"])
        app.client("ec2").delete_tags(Resources=[spoke], Tags=[{"Key": "ecs-anywhere:resolver"}])
        detail = app.next_success(spoke).output["detail"]
        assert f"{inbound}, which is not ours, is named by the tag" in detail
        assert "on-premises has to forward to" in detail
        assert not theirs & set(published(app, spoke)["resolverIps"])

        app.tag(spoke, resolver=inbound)
        assert f"names {inbound}, which is not used" in app.next_success(spoke).output["detail"]
        disconnect(app, spoke)


def test_a_hub_s_resolver_that_no_route_leads_to_is_not_used_and_that_is_said(app: App) -> None:
    """Its endpoints are reached, through a peering that leads to them alone."""
    with hub_and_spoke(app, 106, routed=False) as (zone, spoke, inbound):
        ec2 = app.client("ec2")
        peering = ec2.create_vpc_peering_connection(VpcId=spoke, PeerVpcId=zone.home)
        of_vpc = [{"Name": "vpc-id", "Values": [spoke]}]
        table = ec2.describe_route_tables(Filters=of_vpc)["RouteTables"][0]["RouteTableId"]
        for ip in {ip for ips in addresses(zone).values() for ip in ips}:
            ec2.create_route(
                RouteTableId=table,
                DestinationCidrBlock=f"{ip}/32",
                VpcPeeringConnectionId=peering["VpcPeeringConnection"]["VpcPeeringConnectionId"],
            )
        zone.lead("ssm", zone.endpoints["ssm"])
        app.tag(spoke, wish="enabled", resolver=inbound)
        failed = app.next_end(spoke, timeout=240)
        assert failed.error == "NotResolvingYet"
        assert f"asked of {inbound} in another VPC" in failed.cause
        assert app.parameters(spoke) == {}, "nothing is published that was not seen to resolve"
        leaves_nothing(app, spoke)


def test_a_hub_s_resolver_cannot_answer_for_what_has_to_be_made_here(app: App) -> None:
    with hub_and_spoke(app, 108) as (_, spoke, inbound):
        app.tag(spoke, resolver=inbound, services="ecr")
        cause = refused(app, spoke).cause
        assert f"names {inbound} in " in cause
        assert "cannot answer for ecr.api, ecr.dkr, s3" in cause
        leaves_nothing(app, spoke)


def test_a_hub_s_resolver_that_is_shut_or_not_there_is_refused_with_the_cure(app: App) -> None:
    hub, spoke = app.vpc(cidr="10.110.0.0/16"), app.vpc(cidr="10.111.0.0/16")
    joined(app, hub, spoke)
    shut = inbound_resolver(app, hub, ["10.64.0.0/16"])
    with landing_zone(app, hub) as zone:
        zone.make_endpoints([*SIX])
        zone.make_zones([*SIX], hub, spoke)
        app.tag(spoke, resolver=shut)
        cause = refused(app, spoke).cause
        assert "not admit 53/udp from 10.111.0.0/16 (the VPC, where the probe asks)" in cause
        assert "aws ec2 authorize-security-group-ingress" in cause

        gone = "rslvr-in-0123456789abcdef0"
        app.tag(spoke, resolver=gone)
        failed = app.next_end(spoke)
        assert f"names {gone}, and there is no such inbound resolver" in failed.cause

        app.tag(spoke, resolver="vpc-1")
        failed = app.next_end(spoke)
        assert 'tag ecs-anywhere:resolver: "vpc-1" is no id of an inbound resolver' in failed.cause
        leaves_nothing(app, spoke)
    app.client("route53resolver").delete_resolver_endpoint(ResolverEndpointId=shut)
