"""Differences between AWS's partitions: the beginning of ARNs, and the domains of names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import botocore.loaders
from moto.utilities.utils import get_partition

OTHERS = ("aws-us-gov", "aws-cn", "aws-eusc")
"""The partitions beside `aws` in which AWS's public Regions are; those of its secret ones are not
known here."""


def partition_of(region: str) -> str:
    """Return the partition of a Region, as in `aws-cn`, by the beginning of its name."""
    return str(get_partition(region))


def partition_in(arn: str) -> str:
    return arn.split(":", 2)[1]


def arn(service: str, region: str, account: str, resource: str) -> str:
    """Return the ARN of something in a Region."""
    return f"arn:{partition_of(region)}:{service}:{region}:{account}:{resource}"


def dns_suffix(region: str) -> str:
    """Return the domain of the names of AWS's services, as in amazonaws.com.cn."""
    return str(_outputs(region)["dnsSuffix"])


def dual_stack_suffix(region: str) -> str:
    """Return the domain of the names that have IPv6, too, as in api.aws."""
    return str(_outputs(region)["dualStackDnsSuffix"])


def is_known(region: str) -> bool:
    """Return whether a Region is of a partition that is embedded here: by the beginning of its
    name, so that a new Region is one, too."""
    return any(
        each["id"] in ("aws", *OTHERS) and _matches(each["regionRegex"], region)
        for each in _partitions()
    )


def _outputs(region: str) -> Mapping[str, Any]:
    name = partition_of(region)
    return next(each["outputs"] for each in _partitions() if each["id"] == name)


def _matches(pattern: str, region: str) -> bool:
    return re.fullmatch(pattern, region) is not None


@cache
def _partitions() -> list[Mapping[str, Any]]:
    """Return the table that botocore carries."""
    data: Mapping[str, Any] = botocore.loaders.create_loader().load_data("partitions")
    return list(data["partitions"])
