"""Which services there are to be, and what AWS calls them."""

from __future__ import annotations

import pytest
from connectivity.domain.catalogue import (
    REQUIRED,
    REQUIRED_WHERE_OFFERED,
    region_of,
    requested,
    service_names,
)
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), ()),
        (("ecr",), ("ecr.api", "ecr.dkr", "s3")),
        (("logs",), ("logs",)),
        (("s3", "ecr", "logs"), ("s3", "ecr.api", "ecr.dkr", "logs")),
        (("ssm", "ec2messages", "kms"), ("kms",)),
    ],
)
def test_a_group_is_opened_and_nothing_is_asked_for_twice(
    options: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert requested(options, "us-east-2") == expected


@given(st.lists(st.sampled_from(["ecr", "s3", "logs", *REQUIRED, *REQUIRED_WHERE_OFFERED])))
def test_ecr_never_comes_without_s3(options: list[str]) -> None:
    """Image layers come from Amazon S3: without it a pull succeeds in part."""
    found = requested(options, "us-east-2")
    assert "ecr.dkr" not in found or "s3" in found
    assert len(set(found)) == len(found)


def test_the_ecs_endpoint_comes_after_those_that_it_sends_the_agent_to() -> None:
    assert REQUIRED.index("ecs-agent") < REQUIRED.index("ecs-telemetry") < REQUIRED.index("ecs")


@pytest.mark.parametrize(
    ("name", "region", "expected"),
    [
        ("logs", "us-east-2", ("com.amazonaws.us-east-2.logs",)),
        ("ecr.api", "us-gov-west-1", ("com.amazonaws.us-gov-west-1.ecr.api",)),
        (
            "ecr.api",
            "us-iso-east-1",
            ("gov.ic.c2s.us-iso-east-1.ecr.api", "com.amazonaws.us-iso-east-1.ecr.api"),
        ),
        (
            "ecr.api",
            "us-isob-east-1",
            ("gov.sgov.sc2s.us-isob-east-1.ecr.api", "com.amazonaws.us-isob-east-1.ecr.api"),
        ),
        (
            "ecr.api",
            "cn-north-1",
            ("cn.com.amazonaws.cn-north-1.ecr.api", "com.amazonaws.cn-north-1.ecr.api"),
        ),
        (
            "ecr.dkr",
            "eusc-de-east-1",
            ("eu.amazonaws.eusc-de-east-1.ecr.dkr", "com.amazonaws.eusc-de-east-1.ecr.dkr"),
        ),
        (
            "com.amazonaws.vpce.us-east-2.vpce-svc-0a1b",
            "us-east-2",
            ("com.amazonaws.vpce.us-east-2.vpce-svc-0a1b",),
        ),
    ],
)
def test_a_service_is_looked_for_under_the_names_of_its_partition(
    name: str, region: str, expected: tuple[str, ...]
) -> None:
    assert service_names(name, region) == expected


def test_a_full_service_name_of_aws_is_the_short_one() -> None:
    """So that S3's full name brings the gateway endpoint, and a required one is not made twice."""
    assert requested(["com.amazonaws.us-east-2.s3"], "us-east-2") == ("s3",)
    china = ["cn.com.amazonaws.cn-north-1.ecr.api", "com.amazonaws.cn-north-1.logs"]
    assert requested(china, "cn-north-1") == ("ecr.api", "logs")
    assert requested(["com.amazonaws.us-gov-west-1.ecs"], "us-gov-west-1") == ()


@pytest.mark.parametrize(
    ("name", "region"),
    [
        ("com.amazonaws.vpce.us-east-2.vpce-svc-0a1b", "us-east-2"),
        ("com.amazonaws.eu-west-1.kms", "eu-west-1"),
        ("com.amazonaws.us-gov-west-1.ecs", "us-gov-west-1"),
        ("com.amazonaws.eusc-de-east-1.ecr", "eusc-de-east-1"),
        ("aws.sagemaker.eu-west-1.notebook", "eu-west-1"),
        ("kms.eu-west-1.amazonaws.com", "eu-west-1"),
        ("com.amazonaws.route53", None),
        ("com.amazonaws.s3-global.accesspoint", None),
    ],
)
def test_a_full_name_that_is_not_of_this_region_stands_for_itself(
    name: str, region: str | None
) -> None:
    """Else another Region's service would silently become this Region's."""
    assert requested([name], "us-east-2") == (name,)
    assert service_names(name, "us-east-2") == (name,)
    assert region_of(name) == region
