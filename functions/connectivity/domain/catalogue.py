"""The catalogue: which interface endpoints a host of ECS Anywhere needs, and in which order.

Source: "Amazon ECS interface VPC endpoints" and "Create VPC endpoints for Systems Manager";
the reasons for the order and for `ec2messages` are in docs/decisions/0004-catalogue.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

REQUIRED = ("ecs-agent", "ecs-telemetry", "ecs", "ssm", "ssmmessages")
"""In the order in which private DNS is turned on: `ecs` last of the three ECS endpoints, because
an agent that reaches `ecs` privately is at once told to use the private names of the others."""

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

_PREFIXES = {
    "cn": ("cn.com.amazonaws", "com.amazonaws"),
    "eusc": ("eu.amazonaws", "com.amazonaws"),
}


_FULL_NAME = re.compile(r"(cn\.com|com|eu)\.amazonaws\.[a-z]+(-[a-z]+)+-\d+\.")
"""What stands before the short name in the full one; a service of AWS PrivateLink partners
(`com.amazonaws.vpce.<region>.vpce-svc-…`) has no short name."""


def requested(options: Iterable[str]) -> tuple[str, ...]:
    """The services beyond the required ones, groups opened, in order, each once."""
    short = (_FULL_NAME.sub("", option) for option in options)
    opened = (name for option in short for name in GROUPS.get(option, (option,)))
    known = {*REQUIRED, *REQUIRED_WHERE_OFFERED}
    return tuple(dict.fromkeys(name for name in opened if name not in known))


def service_names(name: str, region: str) -> tuple[str, ...]:
    """Under which names AWS may offer a service; a full service name stands for itself.

    The prefix differs by partition *and* service (aws-cn: `cn.com.amazonaws` for ECR and S3 only),
    so each candidate is asked for and what exists is taken.
    """
    if name.count(".") >= 3:
        return (name,)
    prefixes = _PREFIXES.get(region.split("-", 1)[0], ("com.amazonaws",))
    return tuple(f"{prefix}.{region}.{name}" for prefix in prefixes)
