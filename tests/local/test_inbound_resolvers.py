"""Route 53 Resolver inbound endpoints of the embedded AWS."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.local.vpc_world import World, error_of, started, stock_moto, until

HEALED = "moto heals this now: remove it from local/inbound_resolvers"


@pytest.fixture
def world() -> Iterator[World]:
    with started() as world:
        yield world


@pytest.fixture
def vpc(world: World) -> str:
    return world.vpc()


def request(world: World, vpc: str, *addresses: dict[str, str], **options: Any) -> dict[str, Any]:
    """A request for two addresses in fresh subnets, unless others are given."""
    number = uuid4().hex
    return {
        "CreatorRequestId": number,
        "Name": "inbound",
        "Direction": "INBOUND",
        "SecurityGroupIds": [world.group(vpc, number)],
        "IpAddresses": list(addresses)
        or [{"SubnetId": world.subnet(vpc, zone, place)} for place, zone in enumerate("ab")],
        **options,
    }


def create(world: World, **parameters: Any) -> dict[str, Any]:
    made: dict[str, Any] = world.resolver.create_resolver_endpoint(**parameters)["ResolverEndpoint"]
    return made


def test_stock_moto_still_is_operational_and_gone_at_once_and_allows_a_fifth() -> None:
    printed = stock_moto(
        "resolver = client('route53resolver')\n"
        "made = [resolver.create_resolver_endpoint(CreatorRequestId=str(i), Name='x', Direction="
        "'INBOUND', SecurityGroupIds=[group], IpAddresses=[{'SubnetId': s} for s in subnets])"
        "['ResolverEndpoint'] for i in range(5)]\n"
        "resolver.delete_resolver_endpoint(ResolverEndpointId=made[0]['Id'])\n"
        "print(made[0]['Status'], len(made), 'Protocols' in made[0],"
        " len(resolver.list_resolver_endpoints()['ResolverEndpoints']))"
    )
    assert printed == "OPERATIONAL 5 False 4", HEALED


def test_an_inbound_endpoint_is_creating_then_operational_then_gone(world: World, vpc: str) -> None:
    asked = request(world, vpc, Tags=[{"Key": "Owner", "Value": "us"}])
    start = world.aws.clock.now()
    made = create(world, **asked)
    assert made["Status"] == "CREATING"
    assert made["HostVPCId"] == vpc
    assert (made["Protocols"], made["ResolverEndpointType"]) == (["Do53"], "IPV4")
    tags = world.resolver.list_tags_for_resource(ResourceArn=made["Arn"])["Tags"]
    assert tags == [{"Key": "Owner", "Value": "us"}]
    assert {address["Status"] for address in addresses_of(world, made["Id"])} == {"ATTACHING"}

    until(lambda: status(world, made["Id"]) == "OPERATIONAL")
    attached = addresses_of(world, made["Id"])
    assert {address["Status"] for address in attached} == {"ATTACHED"}
    assert world.networks.first(vpc, lambda state: state.resolver_ips) - start >= 90
    ips = {address["Ip"] for address in attached}
    state = world.networks.now(vpc)
    assert state.resolver_ips == ips
    for third, address in enumerate(attached):
        network = ipaddress.ip_network(f"10.0.{third}.0/24")
        assert ipaddress.ip_address(address["Ip"]) in list(network)[4:-1]

    held = [{"Name": "group-id", "Values": asked["SecurityGroupIds"]}]
    interfaces = world.ec2.describe_network_interfaces(Filters=held)["NetworkInterfaces"]
    assert {interface["PrivateIpAddress"] for interface in interfaces} == ips
    for interface in interfaces:
        assert interface["InterfaceType"] == "interface"
        assert interface["RequesterManaged"]
        assert interface["Description"].startswith(f"Route 53 Resolver: {made['Id']}:")

    deleted = world.resolver.delete_resolver_endpoint(ResolverEndpointId=made["Id"])
    assert deleted["ResolverEndpoint"]["Status"] == "DELETING"
    until(lambda: not world.networks.now(vpc).resolver_ips)
    until(lambda: status(world, made["Id"]) == "gone")
    until(lambda: not world.ec2.describe_network_interfaces(Filters=held)["NetworkInterfaces"])


def addresses_of(world: World, endpoint_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.resolver.list_resolver_endpoint_ip_addresses(
        ResolverEndpointId=endpoint_id
    )["IpAddresses"]
    return found


def status(world: World, endpoint_id: str) -> str:
    try:
        found = world.resolver.get_resolver_endpoint(ResolverEndpointId=endpoint_id)
    except world.resolver.exceptions.ResourceNotFoundException:
        return "gone"
    return str(found["ResolverEndpoint"]["Status"])


def test_a_pinned_address_is_honoured_and_has_one_holder(world: World, vpc: str) -> None:
    subnet = world.subnet(vpc)
    pinned = [{"SubnetId": subnet, "Ip": f"10.0.0.{last}"} for last in (10, 11)]
    made = create(world, **request(world, vpc, *pinned))
    assert [address["Ip"] for address in addresses_of(world, made["Id"])] == [
        "10.0.0.10",
        "10.0.0.11",
    ]
    code, message = error_of(lambda: create(world, **request(world, vpc, *pinned)))
    assert code == "ResourceExistsException"
    assert "'10.0.0.10'" in message


@pytest.mark.parametrize("address", ["10.0.0.3", "10.0.0.255", "10.0.1.10"])
def test_an_address_that_is_reserved_or_elsewhere_is_refused(
    world: World, vpc: str, address: str
) -> None:
    subnet = world.subnet(vpc)
    pinned = [{"SubnetId": subnet, "Ip": "10.0.0.10"}, {"SubnetId": subnet, "Ip": address}]
    code, _ = error_of(lambda: create(world, **request(world, vpc, *pinned)))
    assert code == "InvalidRequestException"


def test_an_endpoint_is_updating_until_another_address_answers_or_one_is_gone(
    world: World, vpc: str
) -> None:
    asked = request(world, vpc)
    made = create(world, **asked)["Id"]
    more = {"SubnetId": asked["IpAddresses"][0]["SubnetId"]}
    associate = world.resolver.associate_resolver_endpoint_ip_address
    code, _ = error_of(lambda: associate(ResolverEndpointId=made, IpAddress=more))
    assert code == "InvalidRequestException", "it is being made"
    until(lambda: status(world, made) == "OPERATIONAL")
    first = addresses_of(world, made)

    updating = associate(ResolverEndpointId=made, IpAddress=more)["ResolverEndpoint"]
    assert updating["Status"] == "UPDATING"
    assert updating["ModificationTime"] > updating["CreationTime"]
    assert addresses_of(world, made) == first
    until(lambda: status(world, made) == "OPERATIONAL")
    three = frozenset(address["Ip"] for address in addresses_of(world, made))
    assert (len(three), world.networks.now(vpc).resolver_ips) == (3, three)

    disassociate = world.resolver.disassociate_resolver_endpoint_ip_address
    gone = {"SubnetId": first[0]["SubnetId"], "Ip": first[0]["Ip"]}
    disassociate(ResolverEndpointId=made, IpAddress=gone)
    until(lambda: status(world, made) == "OPERATIONAL")
    assert world.networks.now(vpc).resolver_ips == three - {first[0]["Ip"]}
    assert {address["Ip"] for address in addresses_of(world, made)} == three - {first[0]["Ip"]}
    held = [{"Name": "group-id", "Values": asked["SecurityGroupIds"]}]
    interfaces = world.ec2.describe_network_interfaces(Filters=held)["NetworkInterfaces"]
    assert {interface["PrivateIpAddress"] for interface in interfaces} == three - {first[0]["Ip"]}
    code, _ = error_of(
        lambda: disassociate(
            ResolverEndpointId=made,
            IpAddress={"SubnetId": first[1]["SubnetId"], "Ip": first[1]["Ip"]},
        )
    )
    assert code == "InvalidRequestException", "two have to stay"


def test_an_update_changes_what_it_names_and_nothing_else(world: World, vpc: str) -> None:
    """The name of one that was named nowhere in the request is still there, and lists are sorted
    by it. Without Do53 nobody is answered on port 53."""
    asked = request(world, vpc, *[{"SubnetId": world.subnet(vpc)}] * 2)
    made = create(world, **asked)["Id"]
    until(lambda: status(world, made) == "OPERATIONAL")
    update = world.resolver.update_resolver_endpoint
    for change in ({"Protocols": ["DoH"]}, {"Name": "dns-team"}, {"Protocols": ["Do53", "DoH"]}):
        assert update(ResolverEndpointId=made, **change)["ResolverEndpoint"]["Status"] == "UPDATING"
        until(lambda: status(world, made) == "OPERATIONAL")
        [listed] = world.resolver.list_resolver_endpoints()["ResolverEndpoints"]
        assert change.items() <= listed.items()
        assert bool(world.networks.now(vpc).resolver_ips) is ("Do53" in listed["Protocols"])
    assert listed["Name"] == "dns-team"


def test_two_chosen_addresses_of_one_subnet_differ_from_each_other_and_from_the_pinned(
    world: World, vpc: str
) -> None:
    subnet = world.subnet(vpc, prefix=28)
    wanted = [{"SubnetId": subnet, "Ip": "10.0.0.4"}, *[{"SubnetId": subnet}] * 5]
    made = create(world, **request(world, vpc, *wanted))
    assert len({address["Ip"] for address in addresses_of(world, made["Id"])}) == 6


def test_the_fifth_endpoint_of_a_region_is_over_the_quota(world: World, vpc: str) -> None:
    subnet = world.subnet(vpc)
    two = [{"SubnetId": subnet}] * 2
    for _ in range(4):
        create(world, **request(world, vpc, *two))
    code, message = error_of(lambda: create(world, **request(world, vpc, *two)))
    assert code == "LimitExceededException"
    assert "the quota is 4 Resolver endpoints in us-east-2" in message


def test_what_is_left_does_not_use_up_the_next_ones_quota() -> None:
    for count in (4, 1):
        with started() as world:
            vpc = world.vpc()
            two = [{"SubnetId": world.subnet(vpc)}] * 2
            for _ in range(count):
                create(world, **request(world, vpc, *two))


def test_a_creator_request_id_is_used_once(world: World, vpc: str) -> None:
    asked = request(world, vpc)
    create(world, **asked)
    code, message = error_of(lambda: create(world, **asked))
    assert code == "ResourceExistsException"
    assert asked["CreatorRequestId"] in message


def test_one_address_is_too_few(world: World, vpc: str) -> None:
    asked = request(world, vpc, {"SubnetId": world.subnet(vpc)})
    resolver = world.client("route53resolver", validate=False)
    assert error_of(lambda: resolver.create_resolver_endpoint(**asked)) == (
        "InvalidRequestException",
        "[RSLVR-00400] Resolver endpoint need to have at least 2 IP addresses.",
    )


def test_a_vpc_of_dedicated_tenancy_is_refused(world: World) -> None:
    vpc = world.vpc(InstanceTenancy="dedicated")
    code, message = error_of(lambda: create(world, **request(world, vpc)))
    assert code == "InvalidRequestException"
    assert "dedicated" in message


def test_endpoints_and_resolvers_of_a_vpc_answer_together(world: World, vpc: str) -> None:
    asked = request(world, vpc)
    subnet = asked["IpAddresses"][0]["SubnetId"]
    create(world, **asked)
    world.available(world.endpoint(vpc, SubnetIds=[subnet])["VpcEndpointId"])
    until(lambda: world.networks.now(vpc).resolver_ips)
    state = world.networks.now(vpc)
    assert len(state.resolver_ips) == 2 and len(state.tls) == 1
