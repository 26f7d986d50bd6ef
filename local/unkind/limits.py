"""AWS's token buckets: so many calls at once, then so many a second, per account and Region.

Each figure names its source. Where AWS publishes only a rate, the bucket holds one second of it.
An action without a figure here is never throttled here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

EC2_TABLE = "EC2 developer guide, Request throttling: per API, account and Region"
RESOLVER = "Route 53 developer guide, DNSLimitations: 5 requests a second per account and Region"
PARAMETERS = "Systems Manager quotas: PutParameter 3 a second; GetParameter and kin share 40"
EXECUTIONS = "Step Functions quotas: StartExecution 1,300/300 in three Regions, else 800/150"
ROUTE53 = "Route 53 quotas: 5 API requests a second per account"
FUNCTIONS = "Lambda quotas: 15 control plane requests a second; GetFunction 100"


@dataclass(frozen=True)
class Limit:
    """One bucket: `burst` tokens, `rate` new ones a second. Actions of one name share it."""

    name: str
    burst: float
    rate: float
    fact: str


EC2: Mapping[str, tuple[float, float]] = {
    "CreateVpcEndpoint": (4, 0.3),
    "ModifyVpcEndpoint": (4, 0.3),
    "DeleteVpcEndpoints": (4, 0.3),
    "AuthorizeSecurityGroupIngress": (50, 5),
    "CreateTags": (100, 10),
}
UNFILTERED = {"DescribeNetworkInterfaces": (50, 10), "DescribeSecurityGroups": (50, 10)}
NON_MUTATING = (100, 20)
MUTATING = (50, 5)

GETTING_PARAMETERS = {"GetParameter", "GetParameters", "GetParametersByPath"}
BUSY_REGIONS = {"us-east-1", "us-west-2", "eu-west-1"}
LAMBDA_DATA = {"InvokeFunction", "GetFunction", "GetPolicy"}


def limit_of(service: str, action: str, region: str, parameters: Mapping[str, Any]) -> Limit | None:
    """Return the bucket from which this call takes a token."""
    match service, action:
        case "ec2", _:
            return _ec2(action, parameters)
        case "route53resolver", _:
            return Limit("route53resolver", 5, 5, RESOLVER)
        case "route53", _:
            return Limit("route53", 5, 5, ROUTE53)
        case "ssm", "PutParameter":
            return Limit("ssm:PutParameter", 3, 3, PARAMETERS)
        case "ssm", _ if action in GETTING_PARAMETERS:
            return Limit("ssm:GetParameter", 40, 40, PARAMETERS)
        case "states", "StartExecution":
            burst, rate = (1300, 300) if region in BUSY_REGIONS else (800, 150)
            return Limit("states:StartExecution", burst, rate, EXECUTIONS)
        case "lambda", "GetFunction":
            return Limit("lambda:GetFunction", 100, 100, FUNCTIONS)
        case "lambda", _ if action not in LAMBDA_DATA:
            return Limit("lambda control plane", 15, 15, FUNCTIONS)
    return None


def _ec2(action: str, parameters: Mapping[str, Any]) -> Limit:
    """Return the bucket of an EC2 action. Each action has its own; one without any filter or page
    has a second."""
    if action in UNFILTERED and not parameters:
        return Limit(f"ec2:{action} unfiltered", *UNFILTERED[action], EC2_TABLE)
    reads = action.startswith(("Describe", "Get"))
    figures = EC2.get(action, NON_MUTATING if reads else MUTATING)
    return Limit(f"ec2:{action}", *figures, EC2_TABLE)
