"""Policies of queues, topics and functions, which allow EventBridge to use them.

AWS: targets in AWS Lambda, Amazon SQS and SNS, and dead-letter queues, are used as
events.amazonaws.com, with the rule as aws:SourceArn, and without a statement that allows it the
delivery fails. Conditions
count for queues, but "you can't use Condition blocks in Amazon SNS topic policies for
EventBridge": there a conditional Allow, such as a topic's default policy, allows nothing.
moto evaluates no resource policies.
"""

from __future__ import annotations

import json
from typing import Any

from moto.backends import get_backend
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from local.gateway.decisions import Request, decide
from local.gateway.policies_of_resources import statements_about
from local.service_roles import rule_context

SERVICE = "events.amazonaws.com"
ACTIONS = {"lambda": "lambda:InvokeFunction", "sns": "sns:Publish", "sqs": "sqs:SendMessage"}
"""The actions of EventBridge on resources of these services."""


def refusal(arn: str, rule_arn: str) -> str | None:
    """Return why EventBridge may not deliver a rule's events there; None if it may.

    Also None for what does not exist: the call itself will say that.
    """
    service = arn.split(":")[2]
    resource = _resource(arn)
    if service not in ACTIONS or resource is None:
        return None
    source = rule_context(rule_arn)
    statements = statements_about(SERVICE, arn, _policy(service, resource))
    if service == "sns":
        statements = (each for each in statements if not (each.allows and each.conditions))
    if decide(statements, Request(ACTIONS[service], arn, source)).allowed:
        return None
    return f"The policy of {arn} does not allow {SERVICE} to {ACTIONS[service]}"


def _resource(arn: str) -> Any:
    """Return moto's function, queue or topic; None if there is none, or for another service."""
    _, _, service, region, account, name = arn.split(":", 5)
    if service == "sns":
        return sns_backends[account][region].topics.get(arn)
    if service == "lambda":
        return get_backend("lambda")[account][region].get_function_by_arn(arn)
    return sqs_backends[account][region].queues.get(name) if service == "sqs" else None


def _policy(service: str, resource: Any) -> Any:
    if service == "lambda":
        return {"Statement": resource.policy.statements}
    return json.loads(resource.policy or "{}")
