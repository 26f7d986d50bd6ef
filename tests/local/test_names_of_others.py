"""Private hosted zones, Resolver rules and Route 53 Profiles of the embedded AWS: what they answer
in a VPC, and which of them wins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import dns.message
import dns.rcode
import pytest

from local.hosted_zones import vpc_of
from local.networks.dns_answers import PUBLIC_ADDRESS, Private, respond
from tests.local.vpc_world import GAPS, REGION, World, error_of, started

SSM = f"ssm.{REGION}.amazonaws.com"
THERE, ELSEWHERE = ("10.9.0.4", "10.9.1.4"), ("10.8.0.4", "10.8.1.4")


@pytest.fixture
def world() -> Iterator[World]:
    others = ("hosted_zones", "forwarding_rules", "profile_answers", "resolvers_elsewhere")
    gaps = ("profiles", *GAPS, *others)
    with started(gaps=gaps) as world:
        yield world


def answered(private: Private, name: str) -> tuple[str, list[str]]:
    """The code of an answer, and its addresses."""
    wire = respond(dns.message.make_query(name, "A").to_wire(), private, over_udp=True)
    assert wire is not None
    response = dns.message.from_wire(wire)
    found = [str(item) for rrset in response.answer for item in rrset]
    return dns.rcode.to_text(response.rcode()), sorted(found)


def zone(world: World, vpc: str, name: str = SSM, addresses: tuple[str, ...] = THERE) -> str:
    """A private hosted zone whose own name has these addresses."""
    route53 = world.client("route53")
    made = route53.create_hosted_zone(
        Name=name,
        CallerReference=f"{name} {vpc} {addresses}",
        HostedZoneConfig={"PrivateZone": True},
        VPC={"VPCRegion": REGION, "VPCId": vpc},
    )["HostedZone"]["Id"]
    record = {"Name": name, "Type": "A", "TTL": 60}
    values = [{"Value": address} for address in addresses]
    route53.change_resource_record_sets(
        HostedZoneId=made,
        ChangeBatch={
            "Changes": [
                {"Action": "UPSERT", "ResourceRecordSet": {**record, "ResourceRecords": values}}
            ]
        },
    )
    return str(made)


def state(world: World, vpc: str) -> Private:
    now = world.networks.now(vpc)
    return Private(now.names, now.zones, now.unanswered)


@pytest.mark.parametrize(
    ("private", "name", "said"),
    [
        (Private({}, {SSM}), SSM, ("NOERROR", [])),
        (Private({}, {SSM}), f"x.{SSM}", ("NXDOMAIN", [])),
        (Private({}, {f"{REGION}.amazonaws.com"}), SSM, ("NXDOMAIN", [])),
        (Private({SSM: THERE}, {f"{REGION}.amazonaws.com"}), SSM, ("NOERROR", [*THERE])),
        (Private({}, {}, {SSM}), SSM, ("SERVFAIL", [])),
        (Private({SSM: THERE}, {SSM}, {"amazonaws.com"}), SSM, ("NOERROR", [*THERE])),
        (Private({}, {}, {"amazonaws.com"}), SSM, ("SERVFAIL", [])),
        (Private({}, {"corp.example"}, {"corp.example"}), SSM, ("NOERROR", [PUBLIC_ADDRESS])),
    ],
)
def test_the_most_specific_of_zones_and_rules_answers_and_what_is_in_no_zone_does_not_exist(
    private: Private, name: str, said: tuple[str, list[str]]
) -> None:
    assert answered(private, name) == said


def test_a_zone_answers_in_every_vpc_that_it_is_associated_with_and_in_no_other(
    world: World,
) -> None:
    first, second, third = world.vpc(), world.vpc(), world.vpc()
    made = zone(world, first)
    world.client("route53").associate_vpc_with_hosted_zone(
        HostedZoneId=made, VPC={"VPCRegion": REGION, "VPCId": second}
    )
    for vpc in (first, second):
        assert answered(state(world, vpc), SSM) == ("NOERROR", [*THERE])
        assert world.networks.now(vpc).own_dns == "10.0.0.2"
    assert answered(state(world, third), SSM) == ("NOERROR", [PUBLIC_ADDRESS])


def test_an_inbound_resolver_of_another_vpc_answers_there_where_a_route_leads_to_it(
    world: World,
) -> None:
    """With what its own VPC answers, not with what the asker's does."""
    hub, spoke, apart = world.vpc(), world.vpc(), world.vpc()
    zone(world, hub)
    for vpc in (spoke, apart):
        zone(world, vpc, addresses=ELSEWHERE)
    ec2 = world.client("ec2")
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [spoke]}])
    ec2.create_route(
        RouteTableId=tables["RouteTables"][0]["RouteTableId"],
        DestinationCidrBlock="10.77.0.0/16",
        TransitGatewayId=ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"],
    )
    of_hub = replace(world.networks.now(hub), resolver_ips=frozenset({"10.77.0.9"}))
    answers = world.aws.vpc_answers
    answers.sources.append(lambda vpc, now: of_hub if vpc == hub else now)
    for vpc in (hub, spoke):
        answers.publish(vpc_of(vpc), again=True)
    there = world.networks.now(spoke).resolvers_elsewhere["10.77.0.9"]
    assert answered(Private(there.names, there.zones, there.unanswered), SSM) == (
        "NOERROR",
        [*THERE],
    )
    assert answered(state(world, spoke), SSM) == ("NOERROR", [*ELSEWHERE])
    assert world.networks.now(apart).resolvers_elsewhere == {}


def test_a_zone_of_another_account_is_listed_with_its_owner_and_its_records_are_not(
    world: World,
) -> None:
    vpc, other = world.vpc(), world.aws.client_of("222222222222", "route53")
    made = other.create_hosted_zone(
        Name=SSM,
        CallerReference="x",
        HostedZoneConfig={"PrivateZone": True},
        VPC={"VPCRegion": REGION, "VPCId": vpc},
    )["HostedZone"]["Id"].rpartition("/")[2]
    mine = world.client("route53")
    [listed] = mine.list_hosted_zones_by_vpc(VPCId=vpc, VPCRegion=REGION)["HostedZoneSummaries"]
    assert (listed["HostedZoneId"], listed["Owner"]["OwningAccount"]) == (made, "222222222222")
    code, _ = error_of(lambda: mine.list_resource_record_sets(HostedZoneId=made))
    assert code == "NoSuchHostedZone"


def profile_with(world: World, vpc: str, arn: str) -> Any:
    profiles = world.client("route53profiles")
    made = profiles.create_profile(Name="central", ClientToken="x")["Profile"]["Id"]
    profiles.associate_profile(ProfileId=made, ResourceId=vpc, Name="here")
    profiles.associate_resource_to_profile(ProfileId=made, Name="it", ResourceArn=arn)
    return made


def test_a_profile_answers_in_its_vpc_and_what_the_vpc_has_itself_wins(world: World) -> None:
    hub, vpc = world.vpc(), world.vpc()
    made = zone(world, hub, addresses=ELSEWHERE).rpartition("/")[2]
    profile = profile_with(world, vpc, f"arn:aws:route53:::hostedzone/{made}")
    profiles = world.client("route53profiles")
    assert answered(state(world, vpc), SSM) == ("NOERROR", [*ELSEWHERE])
    [listed] = profiles.list_profile_associations(ResourceId=vpc)["ProfileAssociations"]
    assert (listed["ProfileId"], listed["Status"]) == (profile, "COMPLETE")
    zone(world, vpc)
    assert answered(state(world, vpc), SSM) == ("NOERROR", [*THERE])
    profiles.disassociate_profile(ProfileId=profile, ResourceId=vpc)
    assert profiles.list_profile_associations(ResourceId=vpc)["ProfileAssociations"] == []


def test_a_vpc_has_one_profile_at_most(world: World) -> None:
    vpc = world.vpc()
    profiles = world.client("route53profiles")
    for number in range(2):
        made = profiles.create_profile(Name=f"p{number}", ClientToken=f"{number}")["Profile"]["Id"]
        if number == 0:
            profiles.associate_profile(ProfileId=made, ResourceId=vpc, Name="here")
    code, _ = error_of(
        lambda: profiles.associate_profile(ProfileId=made, ResourceId=vpc, Name="here")
    )
    assert code == "ConflictException"


def test_moto_still_does_not_know_profiles() -> None:
    assert find_spec("moto.route53profiles") is None, "moto heals this now: remove local/profiles"
