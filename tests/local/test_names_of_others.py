"""Private hosted zones, Resolver rules and Route 53 Profiles of the embedded AWS: what they answer
in a VPC, and which of them wins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from typing import Any
from uuid import uuid4

import dns.message
import dns.rcode
import pytest

from local.hosted_zones import vpc_of
from local.networks.dns_answers import PUBLIC_ADDRESS, Private, respond
from tests.local.vpc_world import GAPS, REGION, World, error_of, started, until

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


def hub_endpoint(world: World, hub: str, **options: Any) -> tuple[str, list[str]]:
    """Return the ARN of an interface endpoint for SSM with three zones, and its addresses."""
    subnets = [world.subnet(hub, zone, third) for third, zone in enumerate("abc")]
    made = world.endpoint(hub, "ssm", SubnetIds=subnets, **options)["VpcEndpointId"]
    held = world.available(made)["NetworkInterfaceIds"]
    found = world.ec2.describe_network_interfaces(NetworkInterfaceIds=held)["NetworkInterfaces"]
    addresses = sorted(interface["PrivateIpAddress"] for interface in found)
    return f"arn:aws:ec2:{REGION}:123456789012:vpc-endpoint/{made}", addresses


@pytest.mark.parametrize("private_dns", [False, True], ids=["without", "with"])
def test_an_interface_endpoint_in_a_profile_answers_with_all_its_addresses(
    world: World, private_dns: bool
) -> None:
    """In each VPC that has the Profile, and there as long as it serves."""
    hub, vpc, other = world.vpc(), world.vpc(), world.vpc()
    arn, addresses = hub_endpoint(world, hub, PrivateDnsEnabled=private_dns)
    profile = profile_with(world, vpc, arn)
    [listed] = world.client("route53profiles").list_profile_resource_associations(
        ProfileId=profile
    )["ProfileResourceAssociations"]
    assert listed["ResourceType"] == "VPC_ENDPOINT"
    assert answered(state(world, vpc), SSM) == ("NOERROR", addresses)
    assert answered(state(world, other), SSM) == ("NOERROR", [PUBLIC_ADDRESS])
    world.ec2.delete_vpc_endpoints(VpcEndpointIds=[arn.rpartition("/")[2]])
    until(lambda: answered(state(world, vpc), SSM) == ("NOERROR", [PUBLIC_ADDRESS]))


def test_an_interface_endpoint_in_a_profile_that_becomes_available_later_answers_then(
    world: World,
) -> None:
    hub, vpc = world.vpc(), world.vpc()
    made = world.endpoint(hub, "ssm", SubnetIds=[world.subnet(hub)])["VpcEndpointId"]
    profile_with(world, vpc, f"arn:aws:ec2:{REGION}:123456789012:vpc-endpoint/{made}")
    world.available(made)
    until(lambda: answered(state(world, vpc), SSM)[1] not in ([], [PUBLIC_ADDRESS]))


def rule(world: World, *targets: str, name: str = SSM) -> tuple[str, str]:
    """Return the id and the ARN of a Resolver rule that forwards a name to these addresses."""
    made = world.resolver.create_resolver_rule(
        CreatorRequestId=f"{uuid4()}",
        RuleType="FORWARD",
        DomainName=name,
        Name="central",
        TargetIps=[{"Ip": ip, "Port": 53} for ip in targets],
    )["ResolverRule"]
    return made["Id"], made["Arn"]


def inbound_resolver(world: World, vpc: str) -> list[str]:
    """Return the addresses of an inbound resolver that answers in a VPC."""
    made = world.resolver.create_resolver_endpoint(
        CreatorRequestId=vpc,
        Direction="INBOUND",
        SecurityGroupIds=[world.group(vpc)],
        IpAddresses=[{"SubnetId": world.subnet(vpc, z, n)} for n, z in enumerate("ab")],
    )["ResolverEndpoint"]["Id"]
    until(lambda: world.networks.now(vpc).resolver_ips)
    listed = world.resolver.list_resolver_endpoint_ip_addresses(ResolverEndpointId=made)
    return [ip["Ip"] for ip in listed["IpAddresses"]]


def test_a_rule_in_a_profile_forwards_its_name_and_goes_before_a_zone_of_the_profile(
    world: World,
) -> None:
    hub, vpc, other = world.vpc(), world.vpc(), world.vpc()
    zone(world, hub)
    targets = inbound_resolver(world, hub)
    profile = profile_with(world, vpc, rule(world, *targets)[1])
    assert answered(state(world, vpc), SSM) == ("NOERROR", [*THERE])
    assert answered(state(world, other), SSM) == ("NOERROR", [PUBLIC_ADDRESS])
    beside = zone(world, other, addresses=ELSEWHERE).rpartition("/")[2]
    world.client("route53profiles").associate_resource_to_profile(
        ProfileId=profile, Name="beside", ResourceArn=f"arn:aws:route53:::hostedzone/{beside}"
    )
    assert answered(state(world, vpc), SSM) == ("NOERROR", [*THERE]), "the rule's"
    zone(world, vpc, addresses=ELSEWHERE)
    assert answered(state(world, vpc), SSM) == ("NOERROR", [*ELSEWHERE]), "the VPC's own"


def test_a_rule_in_a_profile_that_nobody_answers_for_is_no_answer(world: World) -> None:
    vpc = world.vpc()
    profile_with(world, vpc, rule(world, "10.99.0.2")[1])
    assert answered(state(world, vpc), SSM) == ("SERVFAIL", [])
    zone(world, vpc)
    assert answered(state(world, vpc), SSM) == ("NOERROR", [*THERE]), "the VPC's own zone"


def test_a_rule_of_the_vpc_wins_over_its_profile_also_where_nobody_answers_for_it(
    world: World,
) -> None:
    hub, vpc = world.vpc(), world.vpc()
    made = zone(world, hub, addresses=ELSEWHERE).rpartition("/")[2]
    profile_with(world, vpc, f"arn:aws:route53:::hostedzone/{made}")
    world.resolver.associate_resolver_rule(
        ResolverRuleId=rule(world, "10.99.0.2")[0], VPCId=vpc, Name="own"
    )
    assert answered(state(world, vpc), SSM) == ("SERVFAIL", [])


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
