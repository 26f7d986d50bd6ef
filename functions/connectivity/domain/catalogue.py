"""The catalogue: which interface endpoints a host of ECS Anywhere needs, and in which order.

Source: "Amazon ECS interface VPC endpoints" and "Create VPC endpoints for Systems Manager";
the reasons for the order and for `ec2messages` are in docs/decisions/0004-catalogue.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

REQUIRED = ("ecs-agent", "ecs-telemetry", "ecs", "ssm", "ssmmessages")
"""The required services, in the order in which private DNS is turned on: `ecs` last of the three
ECS endpoints, because an agent that reaches `ecs` privately is at once told to use the private
names of the others."""

REQUIRED_WHERE_OFFERED = ("ec2messages",)
"""Regions launched in 2024 and later do not offer it."""

GROUPS = {"ecr": ("ecr.api", "ecr.dkr", "s3")}
"""`ecr` brings `s3`: image layers come from Amazon S3."""

GATEWAY_FIRST = "s3"
"""The service whose private DNS AWS grants only beside a gateway endpoint of the same service."""

NOT_BY_HTTPS = {
    "cassandra": "Cassandra's own protocol on port 9142",
    "cassandra-fips": "Cassandra's own protocol on port 9142",
    "email-smtp": "SMTP on ports 25, 465, 587, 2465 and 2587",
    "transfer.server": "SFTP and FTPS on ports 21, 22 and 8192 to 8200",
}
"""Services that nobody reaches by TLS on 443, which is all that the security group admits and the
probe tries, with what they speak. Sources: "Using Amazon Keyspaces with interface VPC endpoints",
"Setting up VPC endpoints with Amazon SES", "Create a server in a virtual private cloud" of AWS
Transfer Family."""

_COMMON = "com.amazonaws"
_OTHERS = {
    "cn-": "cn.com.amazonaws",
    "eusc-": "eu.amazonaws",
    "us-iso-": "gov.ic.c2s",
    "us-isob-": "gov.sgov.sc2s",
    "us-isof-": "gov.ic.hci.csp",
    "eu-isoe-": "uk.adc-e.cloud",
}
"""Beginning of a partition's Regions -> prefix of some of its service names."""

_FULL_PREFIXES = tuple(f"{prefix}." for prefix in (_COMMON, *_OTHERS.values(), "aws"))
"""Beginnings of a full service name; `aws.` is that of Amazon SageMaker's."""
_REGION = re.compile(r"[a-z]+(-[a-z]+)+-\d+")
"""A Region's name as one label of a name: `us-east-2`, `us-gov-west-1`, `eusc-de-east-1`."""


def requested(options: Iterable[str], region: str) -> tuple[str, ...]:
    """Return the services beyond the required ones, groups opened, in order, each once.

    The full name of a service of `region` counts as its short name; the full name of another
    Region's service, of a partner's (`com.amazonaws.vpce.<region>.vpce-svc-…`) or of one without a
    Region stands for itself.
    """
    short = (_short(option, region) for option in options)
    opened = (name for option in short for name in GROUPS.get(option, (option,)))
    known = {*REQUIRED, *REQUIRED_WHERE_OFFERED}
    return tuple(dict.fromkeys(name for name in opened if name not in known))


def service_names(name: str, region: str) -> tuple[str, ...]:
    """Return the names under which AWS may offer a service; a full name stands for itself.

    The prefix differs by partition *and* service, so each candidate is asked for and what exists
    is taken. In China it is `cn.com.amazonaws` for ECR, interface endpoints of S3 and some fifty
    others, in the European Sovereign Cloud `eu.amazonaws` for ECR; of the required services none
    has one of its own anywhere. Source: AWS CDK, `getDefaultEndpointPrefix` in
    aws-ec2/lib/vpc-endpoint.ts.
    """
    if _is_full(name):
        return (name,)
    return tuple(f"{prefix}.{region}.{name}" for prefix in _prefixes(region))


def gateway_name(region: str) -> str:
    """Return the service name of the gateway endpoint beside the interface endpoint of
    `GATEWAY_FIRST`.

    Without the partition's own prefix anywhere: in China it is `com.amazonaws.cn-north-1.s3`, and
    the interface endpoint's service `cn.com.amazonaws.cn-north-1.s3`. Sources: eksctl, the answer
    of DescribeVpcEndpointServices in its tests (`serviceDetailsJSONChina`); AWS CDK,
    `GatewayVpcEndpointAwsService` and `getDefaultEndpointPrefix` in aws-ec2/lib/vpc-endpoint.ts.
    """
    return f"com.amazonaws.{region}.{GATEWAY_FIRST}"


def full_name(name: str, region: str) -> str:
    """Return the full service name as an example for a message."""
    return service_names(name, region)[-1]


def region_of(name: str) -> str | None:
    """Return the Region that a service name, or a DNS name, is about; None if it names none."""
    return next((label for label in name.split(".") if _REGION.fullmatch(label)), None)


def _short(name: str, region: str) -> str:
    for prefix in _prefixes(region):
        name = name.removeprefix(f"{prefix}.{region}.")
    return name


def _prefixes(region: str) -> tuple[str, ...]:
    others = (prefix for start, prefix in _OTHERS.items() if region.startswith(start))
    return (*others, _COMMON)


def _is_full(name: str) -> bool:
    """Return whether a name stands for itself: also a DNS name, as no short name has its labels."""
    return name.startswith(_FULL_PREFIXES) or name.count(".") >= 3
