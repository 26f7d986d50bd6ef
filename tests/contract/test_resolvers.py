"""What is promised of inbound resolvers, on Route 53 Resolver."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from connectivity.adapters.resolvers import Route53Resolvers
from connectivity.domain.errors import NotReadyYet, ResolverRefused
from connectivity.domain.tags import CreationTags

from tests.contract.callers import adapters_call
from tests.local.vpc_world import World, started


@pytest.fixture
def world() -> Iterator[World]:
    with started() as world, adapters_call(world.aws.url):
        yield world


def test_a_promised_address_that_somebody_took_is_refused_by_name(world: World) -> None:
    """Taken after the preconditions had looked: what AWS says then is final until the next look."""
    vpc = world.vpc()
    subnets = [world.subnet(vpc, zone, place) for place, zone in enumerate("ab")]
    group = world.group(vpc, "resolver")
    theirs = world.ec2.create_network_interface(SubnetId=subnets[0], PrivateIpAddress="10.0.0.77")[
        "NetworkInterface"
    ]
    resolvers = Route53Resolvers(CreationTags("us"))
    promised = [(subnets[0], "10.0.0.77"), (subnets[1], "10.0.1.78")]
    with pytest.raises(ResolverRefused, match=r"10\.0\.0\.77.* the next sweep gives it up"):
        resolvers.make(vpc, promised, group, token="one")
    assert resolvers.of_region() == ()

    world.ec2.delete_network_interface(NetworkInterfaceId=theirs["NetworkInterfaceId"])
    made = resolvers.make(vpc, promised, group, token="one")
    assert {ip.ip for ip in resolvers.addresses(made)} == {"10.0.0.77", "10.0.1.78"}
    assert [resolver.id for resolver in resolvers.in_vpc(vpc)] == [made]
    assert resolvers.in_vpc(world.vpc()) == (), "of this VPC alone"
    assert [each.id for each in resolvers.of_region()] == [made]
    with pytest.raises(NotReadyYet, match="was made before"):
        resolvers.make(vpc, promised, group, token="one")
