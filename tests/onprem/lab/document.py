"""The forwarding document that the laboratory's VPC publishes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from tests.onprem.lab.signing import SigningKey

ACCOUNT = "111122223333"
REGION = "us-east-2"
VPC_ID = "vpc-0a1b2c3d4e5f60718"
SERVICES = ("api.ecr", "dkr.ecr", "ecs", "ecs-a", "ecs-t", "ssm", "ssmmessages")
ECR = "ecr"
"""The name that api.ecr is an alias of: to be forwarded, although it has no interface endpoint."""


def names(subnets: Iterable[str], region: str = REGION) -> dict[str, tuple[str, ...]]:
    """Each service's name, with an address in each of `subnets` (as in "10.0.0.")."""
    return {
        f"{service}.{region}.amazonaws.com": tuple(f"{subnet}{host}" for subnet in subnets)
        for host, service in enumerate(SERVICES, 41)
    }


def zones(region: str = REGION) -> tuple[str, ...]:
    """The fewest that cover all names and the alias's target."""
    covered = {service for service in SERVICES if service.endswith(f".{ECR}")}
    forwarded = {*SERVICES, ECR} - covered
    return tuple(sorted(f"{service}.{region}.amazonaws.com" for service in forwarded))


def document(content: Mapping[str, Any], key: SigningKey | None = None) -> str:
    """The JSON text; with its checksum, unless the content has one, and signed with `key`."""
    said = {name: value for name, value in content.items() if name != "signature"}
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"))
    checksum = "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()
    whole = {"checksum": checksum, **content}
    signed = key.sign(whole) if key else whole
    return json.dumps(signed, sort_keys=True, separators=(",", ":"))
