"""What is promised of VPC endpoints, on Amazon EC2."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.stub import Stubber
from connectivity.adapters import aws as adapter
from connectivity.adapters.endpoints import Ec2Endpoints
from connectivity.domain.endpoint_policy import DEFAULT, fingerprint
from connectivity.domain.errors import NotReadyYet
from connectivity.domain.ledger import Announcement
from connectivity.domain.policy_presets import document
from connectivity.domain.tags import CreationTags

from local.unkind.endings import Ending, Spoil
from tests.contract.callers import adapters_call
from tests.local.vpc_world import REGION, World, started, until


@pytest.fixture
def world() -> Iterator[World]:
    with started() as world, adapters_call(world.aws.url):
        yield world


def _made(world: World, vpc: str, *services: str) -> list[str]:
    subnet = world.subnet(vpc)
    return [world.endpoint(vpc, each, SubnetIds=[subnet])["VpcEndpointId"] for each in services]


def test_an_endpoint_that_is_being_changed_is_removed_later(world: World) -> None:
    """AWS lists it as Unsuccessful in an answer that is a success."""
    busy, other = _made(world, world.vpc(), "ecs", "ssm")
    world.aws.weather.spoil(Spoil(Ending.BUSY, "ecs"))
    endpoints = Ec2Endpoints(CreationTags("us"))
    with pytest.raises(NotReadyYet, match=f"{busy}: OperationInProgress"):
        endpoints.remove([busy, other])
    assert endpoints.remove([busy]) == {}


def test_what_aws_refuses_for_good_is_told_although_another_is_only_busy(world: World) -> None:
    busy, kept = _made(world, world.vpc(), "ecs", "ssm")
    world.aws.weather.spoil(Spoil(Ending.BUSY, "ecs"))
    world.aws.weather.spoil(Spoil(Ending.UNDELETABLE, "ssm"))
    refused = Ec2Endpoints(CreationTags("us")).remove([busy, kept])
    assert refused.keys() == {kept}
    assert "Operation is not allowed" in refused[kept]


def test_what_is_gone_already_is_no_refusal(world: World) -> None:
    [made] = _made(world, world.vpc(), "ecs")
    assert Ec2Endpoints(CreationTags("us")).remove([made, "vpce-0123456789abcdef0"]) == {}


def _policy(world: World, endpoint_id: str) -> str:
    """Return the fingerprint of the policy that AWS shows."""
    [shown] = world.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])[
        "VpcEndpoints"
    ]
    return fingerprint(shown["PolicyDocument"])


def test_an_endpoint_is_made_with_its_policy_which_can_be_changed_and_reset(world: World) -> None:
    vpc, endpoints = world.vpc(), Ec2Endpoints(CreationTags("us"))
    subnet, group, name = world.subnet(vpc), world.group(vpc), f"com.amazonaws.{REGION}.ssm"
    announced = Announcement("token", group, (subnet,), "123456789012")
    made = endpoints.make_interface(vpc, name, announced)
    assert endpoints.make_interface(vpc, name, announced) == made, "the same request"
    assert _policy(world, made) == fingerprint(document("123456789012", name))
    until(lambda: endpoints.all_in(vpc)[0].state == "available")
    endpoints.set_policy(made, name, "o-a1b2c3d4e5")
    [shown] = endpoints.all_in(vpc)
    assert fingerprint(shown.policy) == fingerprint(document("o-a1b2c3d4e5", name))
    endpoints.set_policy(made, name, "")
    assert _policy(world, made) == DEFAULT


def test_an_endpoint_whose_names_have_ipv6_alone_is_seen_and_made_ipv4_again(world: World) -> None:
    vpc, subnet = world.dual_stack_vpc()
    endpoints = Ec2Endpoints(CreationTags("us"))
    made = world.endpoint(vpc, "ssm", SubnetIds=[subnet])["VpcEndpointId"]
    until(lambda: endpoints.all_in(vpc)[0].state == "available")
    assert endpoints.all_in(vpc)[0].of_ipv6_alone == ()
    world.client("ec2").modify_vpc_endpoint(
        VpcEndpointId=made, IpAddressType="dualstack", DnsOptions={"DnsRecordIpType": "ipv6"}
    )
    assert endpoints.all_in(vpc)[0].of_ipv6_alone == ("records",)
    endpoints.give_back(made, (), (), ("records",))
    [shown] = endpoints.all_in(vpc)
    assert (shown.address_type, shown.record_type) == ("dualstack", "ipv4")
    endpoints.give_back(made, (), (), ("addresses",))
    assert endpoints.all_in(vpc)[0].address_type == "ipv4"


def test_a_network_interface_of_ipv6_alone_has_no_address(world: World) -> None:
    shown = [
        {"NetworkInterfaceId": "eni-6", "Ipv6Addresses": [{"Ipv6Address": "2001:db8::1"}]},
        {"NetworkInterfaceId": "eni-4", "PrivateIpAddress": "10.0.0.4"},
    ]
    with Stubber(adapter.client("ec2")) as stub:
        stub.add_response("describe_network_interfaces", {"NetworkInterfaces": shown})
        found = Ec2Endpoints(CreationTags("us")).addresses(["eni-4", "eni-6"])
    assert found == {"eni-4": "10.0.0.4"}


def test_what_a_service_offers_says_whether_it_takes_a_policy(world: World) -> None:
    names = [f"com.amazonaws.{REGION}.{each}" for each in ("ssm", "ecs-agent")]
    offered = Ec2Endpoints(CreationTags("us")).offered(names)
    assert [offered[name].takes_policy for name in names] == [True, False]
