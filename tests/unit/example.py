"""The example that the unit tests change one thing of: a VPC that is fit, in a region that offers
everything."""

from __future__ import annotations

from typing import Any

from connectivity.domain.ledger import Entry
from connectivity.domain.model import OfferedService, Route, RouteTable, Subnet, Vpc
from connectivity.domain.survey import Limits, Survey
from connectivity.domain.wish import Options

US = "private-connectivity"
ACCOUNT = "123456789012"
REGION = "us-east-2"
SUFFIX = f"{REGION}.amazonaws.com"
ONPREM = "192.168.0.0/16"

VPC = Vpc("vpc-0a1b2c3d", ("10.20.0.0/16",))
SUBNETS = (
    Subnet("subnet-a", f"{REGION}a", 200),
    Subnet("subnet-b", f"{REGION}b", 200),
)
ROUTES = (RouteTable("rtb-main", (), True, (Route(ONPREM, "vgw-1"),)),)
ZONES = frozenset(subnet.zone for subnet in SUBNETS)

PRIVATE_NAMES = {
    "ecs-agent": (f"ecs-a.{SUFFIX}",),
    "ecs-telemetry": (f"ecs-t.{SUFFIX}",),
    "ecs": (f"ecs.{SUFFIX}",),
    "ssm": (f"ssm.{SUFFIX}",),
    "ssmmessages": (f"ssmmessages.{SUFFIX}",),
    "ec2messages": (f"ec2messages.{SUFFIX}",),
    "ecr.api": (f"api.ecr.{SUFFIX}",),
    "ecr.dkr": (f"dkr.ecr.{SUFFIX}", f"*.dkr.ecr.{SUFFIX}"),
    "s3": (f"s3.{SUFFIX}", f"*.s3.{SUFFIX}", f"s3-control.{SUFFIX}"),
    "logs": (f"logs.{SUFFIX}",),
}


def full(name: str) -> str:
    """The service name under which AWS offers `name`."""
    return f"com.amazonaws.{REGION}.{name}"


def acknowledgement(host: str, generation: int, result: str = "applied") -> dict[str, Any]:
    """Return the acknowledgement that the pick-up tool on that host writes."""
    return {
        "schema": 1,
        "host": host,
        "vpcId": VPC.id,
        "generation": generation,
        "checksum": f"sha256:{'0' * 64}",
        "state": "active",
        "result": result,
        "server": "bind",
        "detail": f"what {host} says",
        "at": "2026-11-23T12:00:00Z",
    }


OFFERED = {
    full(name): OfferedService(full(name), names, ZONES) for name, names in PRIVATE_NAMES.items()
}
OPTIONS = Options(services=(), onprem_cidrs=(ONPREM,))
WITH_ECR = Options(services=("ecr",), onprem_cidrs=(ONPREM,))
LIMITS = Limits()
SURVEY = Survey(
    owner=US,
    account="111122223333",
    region=REGION,
    vpc=VPC,
    dns_support=True,
    dns_hostnames=True,
    subnets=SUBNETS,
    offered=OFFERED,
    endpoints=(),
    groups=(),
    resolvers=(),
    hosted_zones=(),
    route_tables=ROUTES,
    taken=frozenset(),
    entry=Entry(VPC.id),
)
