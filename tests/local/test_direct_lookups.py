"""What is looked up directly is what moto finds by searching."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto.ec2.models import ec2_backends
from moto.ec2.models.core import TaggedEC2Resource

from local.direct_lookups import _stock_filter_value, _stock_tags
from local.engine import EmbeddedAws
from local.settings import Settings

TAGS = {"Name": "one", "team": "network"}
FILTERS = [
    [{"Name": "tag:Name", "Values": ["one"]}],
    [{"Name": "tag-key", "Values": ["team"]}],
    [{"Name": "tag-value", "Values": ["network", "other"]}],
    [{"Name": "cidr", "Values": ["10.70.0.0/16"]}],
    [{"Name": "vpc-id", "Values": ["vpc-none"]}],
    [{"Name": "tag:Name", "Values": ["o*"]}, {"Name": "cidr", "Values": ["10.71.0.0/16"]}],
]


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(Settings(), gaps=("direct_lookups",)) as aws:
        yield aws


@pytest.fixture(scope="module", autouse=True)
def two_vpcs(aws: EmbeddedAws) -> None:
    ec2 = aws.client("ec2")
    for number, tags in enumerate((TAGS, {"Name": "other", "kind": "other"})):
        vpc_id = ec2.create_vpc(CidrBlock=f"10.7{number}.0.0/16")["Vpc"]["VpcId"]
        tagged = [{"Key": key, "Value": value} for key, value in tags.items()]
        ec2.create_tags(Resources=[vpc_id], Tags=tagged)


def found(aws: EmbeddedAws) -> list[list[Any]]:
    """What each filter finds."""
    describe = aws.client("ec2").describe_vpcs
    return [describe(Filters=filters)["Vpcs"] for filters in FILTERS]


def test_the_answers_are_motos_own(aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    directly = found(aws)
    assert [len(each) for each in directly] == [1, 1, 1, 1, 0, 1]
    monkeypatch.setattr(TaggedEC2Resource, "get_tags", _stock_tags)
    monkeypatch.setattr(TaggedEC2Resource, "get_filter_value", _stock_filter_value)
    assert found(aws) == directly


def test_a_thing_s_tags_are_those_that_moto_searches_for(aws: EmbeddedAws) -> None:
    backend = ec2_backends[aws.settings.account][aws.settings.region]
    for vpc in list(backend.vpcs.values()):
        assert vpc.get_tags() == backend.describe_tags(filters={"resource-id": [vpc.id]})
