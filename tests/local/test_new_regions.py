"""A Region that is newer than moto: the embedded AWS has it all the same."""

from __future__ import annotations

import pytest
from moto.cloudformation.models import cloudformation_backends

from local.engine import EmbeddedAws
from local.settings import Settings


@pytest.mark.parametrize("region", ["eusc-de-east-1", "eu-nowhere-9", "us-east-2"])
@pytest.mark.parametrize("engine", ["the first one", "a later one"])
def test_a_region_that_moto_does_not_know_has_services_and_zones(region: str, engine: str) -> None:
    with EmbeddedAws(Settings(region=region), gaps=("new_regions",)) as aws:
        assert aws.client("cloudformation").describe_stacks()["Stacks"] == []
        zones = aws.client("ec2").describe_availability_zones()["AvailabilityZones"]
        assert [zone["ZoneName"] for zone in zones] == [f"{region}{letter}" for letter in "abc"]


def test_a_new_region_is_one_for_its_own_engine_alone() -> None:
    with EmbeddedAws(Settings(region="eu-nowhere-9"), gaps=("new_regions",)):
        assert cloudformation_backends["123456789012"]["eu-nowhere-9"].region_name == "eu-nowhere-9"
        with pytest.raises(KeyError):
            cloudformation_backends["123456789012"]["eu-nowhere-8"]
    with EmbeddedAws(Settings(), gaps=("new_regions",)), pytest.raises(KeyError):
        cloudformation_backends["210987654321"]["eu-nowhere-9"]
