"""What is gone has no tags any more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local.vpc_world import GAPS, World, started, stock_moto, until

HEALED = "moto heals this now: remove local/gone_tags"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with started(gaps=(*GAPS, "gone_tags")) as world:
        yield world


def test_stock_moto_still_lists_tags_of_what_is_gone() -> None:
    printed = stock_moto(
        "ec2.create_tags(Resources=[group], Tags=[{'Key': 'a', 'Value': 'b'}])\n"
        "ec2.delete_security_group(GroupId=group)\n"
        "print(len(ec2.describe_tags()['Tags']))"
    )
    assert printed == "1", HEALED


def test_tags_are_listed_as_long_as_what_has_them_is_there(world: World) -> None:
    vpc = world.vpc()
    subnet, group = world.subnet(vpc), world.group(vpc)
    interface = world.ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]
    made = {
        "vpc-endpoint": str(world.endpoint(vpc, SubnetIds=[subnet])["VpcEndpointId"]),
        "network-interface": str(interface["NetworkInterfaceId"]),
        "security-group": group,
        "route-table": world.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"],
        "internet-gateway": world.ec2.create_internet_gateway()["InternetGateway"][
            "InternetGatewayId"
        ],
        "subnet": subnet,
        "vpc": vpc,
    }
    world.ec2.create_tags(Resources=[*made.values()], Tags=[{"Key": "team", "Value": "net"}])

    def tagged() -> set[tuple[str, str]]:
        listed = world.ec2.describe_tags()["Tags"]
        return {(tag["ResourceType"], tag["ResourceId"]) for tag in listed}

    assert tagged() == set(made.items())
    world.ec2.delete_vpc_endpoints(VpcEndpointIds=[made["vpc-endpoint"]])
    until(lambda: tagged() == set(made.items()) - {("vpc-endpoint", made["vpc-endpoint"])})
    world.ec2.delete_network_interface(NetworkInterfaceId=made["network-interface"])
    world.ec2.delete_security_group(GroupId=group)
    world.ec2.delete_route_table(RouteTableId=made["route-table"])
    world.ec2.delete_internet_gateway(InternetGatewayId=made["internet-gateway"])
    until(lambda: not world.ec2.describe_network_interfaces()["NetworkInterfaces"])
    world.ec2.delete_subnet(SubnetId=subnet)
    assert tagged() == {("vpc", vpc)}
    world.ec2.delete_vpc(VpcId=vpc)
    assert tagged() == set()
