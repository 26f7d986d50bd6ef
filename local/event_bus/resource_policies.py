"""May EventBridge use a queue or a topic? The policy of the queue or the topic says so.

AWS: targets and dead-letter queues in Amazon SQS and SNS are used as events.amazonaws.com, with
the rule as aws:SourceArn, and without a statement that allows it the delivery fails. Conditions
count for queues, but "you can't use Condition blocks in Amazon SNS topic policies for
EventBridge": there a conditional Allow, such as a topic's default policy, allows nothing.
moto evaluates no resource policies.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from local.gateway.decisions import Request, Statement, decide, statements_in

SERVICE = "events.amazonaws.com"
ACTIONS = {"sns": "sns:Publish", "sqs": "sqs:SendMessage"}
"""What EventBridge does to a resource of these services."""


def refusal(arn: str, rule_arn: str) -> str | None:
    """Why EventBridge may not deliver a rule's events to a queue or topic; None if it may.

    Also None for what does not exist: the call itself will say that.
    """
    service = arn.split(":")[2]
    resource = _resource(arn)
    if service not in ACTIONS or resource is None:
        return None
    source = {"aws:sourcearn": (rule_arn,), "aws:sourceaccount": (rule_arn.split(":")[4],)}
    statements = _statements(arn, json.loads(resource.policy or '{"Statement": []}'))
    if service == "sns":
        statements = (each for each in statements if not (each.allows and each.conditions))
    if decide(statements, Request(ACTIONS[service], arn, source)).allowed:
        return None
    return f"The policy of {arn} does not allow {SERVICE} to {ACTIONS[service]}"


def _resource(arn: str) -> Any:
    """moto's queue or topic; None if there is none, or for another service."""
    _, _, service, region, account, name = arn.split(":", 5)
    if service == "sns":
        return sns_backends[account][region].topics.get(arn)
    return sqs_backends[account][region].queues.get(name) if service == "sqs" else None


def _statements(arn: str, policy: Mapping[str, Any]) -> Iterator[Statement]:
    """Those that are about EventBridge."""
    listed = policy["Statement"]
    for statement in listed if isinstance(listed, list) else [listed]:
        if _names_eventbridge(statement.get("Principal", {})):
            yield from statements_in(arn, json.dumps({"Statement": statement}))


def _names_eventbridge(principal: Any) -> bool:
    if principal == "*":
        return True
    named = [principal.get("Service", ()), principal.get("AWS", ())]
    services, accounts = ([each] if isinstance(each, str) else each for each in named)
    return SERVICE in services or "*" in accounts
