"""What is promised of VPC endpoints, on Amazon EC2."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from connectivity.adapters import aws as adapter
from connectivity.adapters.endpoints import Ec2Endpoints
from connectivity.domain.errors import NotReadyYet
from connectivity.domain.tags import CreationTags

from local.unkind.endings import Ending, Spoil
from tests.local.vpc_world import REGION, World, started


@pytest.fixture
def world() -> Iterator[World]:
    with started() as world, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", world.aws.url)
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        patch.setenv("AWS_ACCESS_KEY_ID", "any")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "any")
        adapter.forget_clients()
        yield world
        adapter.forget_clients()


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
