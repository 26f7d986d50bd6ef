"""What is in use cannot be deleted in the embedded AWS."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from moto.ec2.models import ec2_backends

from local.requester_interfaces import create_requester_interface
from tests.local.vpc_world import REGION, SETTINGS, World, error_of, started, stock_moto, until

HEALED = "moto heals this now: remove it from local/security_groups"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with started() as world:
        yield world


def test_stock_moto_still_deletes_what_is_in_use() -> None:
    printed = stock_moto(
        "made = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName='com.amazonaws.us-east-2.ecs',"
        " VpcEndpointType='Interface', SubnetIds=subnets[:1], SecurityGroupIds=[group])\n"
        "ec2.delete_security_group(GroupId=group)\n"
        "ec2.delete_subnet(SubnetId=subnets[0])\n"
        "ec2.delete_network_interface("
        "NetworkInterfaceId=made['VpcEndpoint']['NetworkInterfaceIds'][0])\n"
        "print('deleted')"
    )
    assert printed == "deleted", HEALED


def test_nothing_goes_before_the_interfaces_that_hold_it(world: World) -> None:
    vpc = world.vpc()
    subnet, group = world.subnet(vpc), world.group(vpc)
    made = world.endpoint(vpc, SubnetIds=[subnet], SecurityGroupIds=[group])
    [interface] = made["NetworkInterfaceIds"]

    def delete_group() -> None:
        world.ec2.delete_security_group(GroupId=group)

    assert error_of(delete_group) == (
        "DependencyViolation",
        f"resource {group} has a dependent object",
    )
    assert error_of(lambda: world.ec2.delete_subnet(SubnetId=subnet)) == (
        "DependencyViolation",
        f"The subnet '{subnet}' has dependencies and cannot be deleted.",
    )
    assert error_of(lambda: world.ec2.delete_vpc(VpcId=vpc)) == (
        "DependencyViolation",
        f"The vpc '{vpc}' has dependencies and cannot be deleted.",
    )
    assert error_of(lambda: world.ec2.delete_network_interface(NetworkInterfaceId=interface)) == (
        "InvalidParameterValue",
        f"Network interface '{interface}' is currently in use.",
    )

    world.ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])
    assert error_of(delete_group)[0] == "DependencyViolation"
    until(
        lambda: (
            not world.ec2.describe_network_interfaces(
                Filters=[{"Name": "group-id", "Values": [group]}]
            )["NetworkInterfaces"]
        )
    )
    delete_group()
    world.ec2.delete_subnet(SubnetId=subnet)
    world.ec2.delete_vpc(VpcId=vpc)
    assert error_of(lambda: world.ec2.describe_vpcs(VpcIds=[vpc]))[0] == "InvalidVpcID.NotFound"
    gone = [interface]
    assert error_of(lambda: world.ec2.describe_network_interfaces(NetworkInterfaceIds=gone))[0] == (
        "InvalidNetworkInterfaceID.NotFound"
    )


def test_any_services_interface_holds_its_group(world: World) -> None:
    vpc = world.vpc()
    subnet, group = world.subnet(vpc), world.group(vpc)
    interface = create_requester_interface(
        ec2_backends[SETTINGS.account][REGION],
        subnet,
        interface_type="lambda",
        description="AWS Lambda VPC ENI",
        security_group_ids=[group],
    )
    [described] = world.ec2.describe_network_interfaces(NetworkInterfaceIds=[interface.id])[
        "NetworkInterfaces"
    ]
    assert (described["InterfaceType"], described["Status"]) == ("lambda", "in-use")
    code, _ = error_of(lambda: world.ec2.delete_security_group(GroupId=group))
    assert code == "DependencyViolation"


def test_a_group_named_in_anothers_rule_stays(world: World) -> None:
    vpc = world.vpc()
    named, naming = world.group(vpc, "named"), world.group(vpc, "naming")
    rule = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "UserIdGroupPairs": [{"GroupId": named}],
    }
    world.ec2.authorize_security_group_ingress(GroupId=naming, IpPermissions=[rule])
    code, _ = error_of(lambda: world.ec2.delete_security_group(GroupId=named))
    assert code == "DependencyViolation"
    world.ec2.revoke_security_group_ingress(GroupId=naming, IpPermissions=[rule])
    world.ec2.delete_security_group(GroupId=named)
    world.ec2.authorize_security_group_ingress(
        GroupId=naming, IpPermissions=[{**rule, "UserIdGroupPairs": [{"GroupId": naming}]}]
    )
    world.ec2.delete_security_group(GroupId=naming)


def test_threads_share_a_subnets_addresses_until_it_is_full(world: World) -> None:
    vpc = world.vpc()
    subnet = world.subnet(vpc, prefix=28)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: world.endpoint(vpc, SubnetIds=[subnet]), range(11)))
    interfaces = world.ec2.describe_network_interfaces(
        Filters=[{"Name": "subnet-id", "Values": [subnet]}]
    )["NetworkInterfaces"]
    assert {interface["PrivateIpAddress"] for interface in interfaces} == {
        f"10.0.0.{last}" for last in range(4, 15)
    }
    code, _ = error_of(lambda: world.endpoint(vpc, SubnetIds=[subnet]))
    assert code == "InsufficientFreeAddressesInSubnet"


def test_a_rule_has_the_network_and_not_a_host_in_it(world: World) -> None:
    """EC2 API reference: 100.68.0.18/18 is kept as 100.68.0.0/18."""
    group = world.group(world.vpc())

    def change(operation: str, cidr: str) -> None:
        permission = {
            "IpProtocol": "tcp",
            "FromPort": 443,
            "ToPort": 443,
            "IpRanges": [{"CidrIp": cidr}],
        }
        getattr(world.ec2, operation)(GroupId=group, IpPermissions=[permission])

    change("authorize_security_group_ingress", "100.68.0.18/18")
    [described] = world.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert described["IpPermissions"][0]["IpRanges"][0]["CidrIp"] == "100.68.0.0/18"
    again = error_of(lambda: change("authorize_security_group_ingress", "100.68.0.0/18"))
    assert again[0] == "InvalidPermission.Duplicate"
    change("revoke_security_group_ingress", "100.68.1.1/18")
    [described] = world.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert described["IpPermissions"] == []
