"""A Region that is newer than moto: the embedded AWS has it all the same."""

from __future__ import annotations

import pytest

from local.engine import EmbeddedAws
from local.settings import Settings


@pytest.mark.parametrize("region", ["eusc-de-east-1", "eu-nowhere-9"])
def test_a_region_that_moto_does_not_know_has_services_and_zones(region: str) -> None:
    with EmbeddedAws(Settings(region=region), gaps=("new_regions",)) as aws:
        assert aws.client("cloudformation").describe_stacks()["Stacks"] == []
        zones = aws.client("ec2").describe_availability_zones()["AvailabilityZones"]
        assert [zone["ZoneName"] for zone in zones] == [f"{region}{letter}" for letter in "abc"]
