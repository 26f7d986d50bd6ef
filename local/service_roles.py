"""Services that act with roles which trust them, and look at a role before they take it.

AWS: CreateFunction, CreateStateMachine and PutRule refuse a role whose trust policy does not let
the service assume it; CreateFunction in a VPC also one that may not make, see and delete network
interfaces. That PutTargets refuses like PutRule is an inference; that a delivery with such a role
fails is not. moto asks none of this. Not looked at: a role that loses its trust after it was taken
by Lambda or Step Functions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from moto.awslambda.models import LambdaBackend
from moto.core.exceptions import AWSError
from moto.events.exceptions import ValidationException
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from local import partitions
from local.gateway.authorization import role_of_arn, statements_of
from local.gateway.decisions import Context, Request, decide
from local.gateway.policies_of_resources import statements_about
from local.lambda_functions.errors import client_error
from local.stock import applied_once

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

EVENTS, LAMBDA, STATES = "events.amazonaws.com", "lambda.amazonaws.com", "states.amazonaws.com"

ON_INTERFACES = ("DescribeNetworkInterfaces", "DeleteNetworkInterface")
"""The calls, beside CreateNetworkInterface, that a role needs for a function in a VPC. They have to
be allowed on `*`, as no interface exists when Lambda looks; CreateNetworkInterface is asked about
interface, subnets and groups. (AWS names the first that is missing: "The provided execution role
does not have permissions to call CreateNetworkInterface on EC2".)"""

_engines = 0
"""The number of running embedded AWSs that ask."""


def install(aws: EmbeddedAws) -> None:
    global _engines
    _patch()
    _engines += 1
    aws.closers.append(_leave)


def _leave() -> None:
    global _engines
    _engines -= 1


def refusal(role_arn: str, service: str, context: Context | None = None) -> str | None:
    """Return why a service cannot assume a role; None if it can, and where nobody asks."""
    if not _engines or is_trusted(role_arn, service, context or {}):
        return None
    return f"Provided role '{role_arn}' cannot be assumed by principal '{service}'."


def is_trusted(role_arn: str, service: str, context: Context) -> bool:
    """Tell whether the role exists and its trust policy lets the service assume it."""
    role = role_of_arn(role_arn)
    if role is None:
        return False
    document = role.assume_role_policy_document or "{}"
    policy = document if isinstance(document, Mapping) else json.loads(document)
    statements = statements_about(service, f"the trust policy of {role_arn}", policy)
    return decide(statements, Request("sts:AssumeRole", role_arn, context)).allowed


@applied_once
def _patch() -> None:
    stock_function = LambdaBackend.create_function
    stock_machine = StepFunctionsParserBackend.create_state_machine

    def create_function(self: Any, spec: dict[str, Any]) -> Any:
        _require_function_role(self, spec)
        return stock_function(self, spec)

    def create_state_machine(self: Any, **given: Any) -> Any:
        if refusal(given["roleArn"], STATES):
            raise AWSError(
                f"Neither the global service principal {STATES}, nor the regional one is "
                "authorized to assume the provided role.",
                "AccessDeniedException",
            )
        return stock_machine(self, **given)

    LambdaBackend.create_function = create_function
    StepFunctionsParserBackend.create_state_machine = create_state_machine


def _require_function_role(backend: Any, spec: Mapping[str, Any]) -> None:
    role_arn = spec["Role"]
    if refusal(role_arn, LAMBDA):
        raise _invalid("The role defined for the function cannot be assumed by Lambda.")
    if _engines and spec.get("VpcConfig", {}).get("SubnetIds"):
        for request in _interface_requests(backend, spec["VpcConfig"]):
            if not decide(statements_of(role_arn), request).allowed:
                action = request.action.removeprefix("ec2:")
                raise _invalid(
                    f"The provided execution role does not have permissions to call {action} on EC2"
                )


def _interface_requests(backend: Any, config: Mapping[str, Any]) -> Iterator[Request]:
    """Yield what the role has to be allowed, before any interface exists."""
    network = partitions.arn("ec2", backend.region_name, backend.account_id, "").rstrip(":")
    used = [
        "network-interface/*",
        *(f"subnet/{id_}" for id_ in config["SubnetIds"]),
        *(f"security-group/{id_}" for id_ in config.get("SecurityGroupIds", ())),
    ]
    for resource in used:
        yield Request("ec2:CreateNetworkInterface", f"{network}:{resource}")
    for action in ON_INTERFACES:
        yield Request(f"ec2:{action}", "*")


def require_events_role(backend: Any, rule: str, role_arn: str | None) -> None:
    """Raise ValidationException for a role that EventBridge cannot assume for a rule."""
    if role_arn is None:
        return
    arn = partitions.arn("events", backend.region_name, backend.account_id, f"rule/{rule}")
    refused = refusal(role_arn, EVENTS, rule_context(arn))
    if refused:
        raise ValidationException(refused)


def rule_context(rule_arn: str) -> Context:
    """Return what EventBridge tells of the rule for which it acts."""
    return {"aws:sourcearn": (rule_arn,), "aws:sourceaccount": (rule_arn.split(":")[4],)}


def _invalid(message: str) -> Any:
    return client_error(400, "InvalidParameterValueException", message)
