"""Topics, queues and rules, changed in place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local.cloudformation.in_place.change import Change, Update

_TOPIC: Mapping[str, str] = {"DisplayName": "", "KmsMasterKeyId": ""}
"""Property -> its value where the template gives none."""

_QUEUE: Mapping[str, str] = {
    "DelaySeconds": "0",
    "KmsDataKeyReusePeriodSeconds": "300",
    "KmsMasterKeyId": "",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "RedrivePolicy": "",
    "SqsManagedSseEnabled": "true",
    "VisibilityTimeout": "30",
}
"""The defaults of a queue's attributes (API reference of Amazon SQS, SetQueueAttributes)."""


def _update_topic(change: Change) -> None:
    for name, default in _TOPIC.items():
        if change.differs(name):
            change.client("sns").set_topic_attributes(
                TopicArn=change.id,
                AttributeName=name,
                AttributeValue=str(change.after.get(name, default)),
            )


def _update_queue(change: Change) -> None:
    sqs = change.client("sqs")
    attributes = {
        name: _text(change.after.get(name, default))
        for name, default in _QUEUE.items()
        if change.differs(name)
    }
    # moto 5.2.5 takes the policy away unless it is set once more.
    policy = sqs.get_queue_attributes(QueueUrl=change.id, AttributeNames=["Policy"])
    sqs.set_queue_attributes(
        QueueUrl=change.id, Attributes=policy.get("Attributes", {}) | attributes
    )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, Mapping) else str(value)


def _update_rule(change: Change) -> None:
    """Put the rule again under its name: events that match both are never missed. moto's own update
    deletes the rule first, and gives the new one another name."""
    events, bus = change.client("events"), change.after.get("EventBusName", "default")
    rule = {"Name": change.id, "EventBusName": bus, "State": change.after.get("State", "ENABLED")}
    for name in ("Description", "RoleArn", "ScheduleExpression"):
        if name in change.after:
            rule[name] = change.after[name]
    if "EventPattern" in change.after:
        rule["EventPattern"] = json.dumps(change.after["EventPattern"])
    events.put_rule(**rule)
    left, joined = change.members("Targets")
    gone = {each["Id"] for each in left} - {each["Id"] for each in change.after.get("Targets", [])}
    if joined:
        events.put_targets(Rule=change.id, EventBusName=bus, Targets=joined)
    if gone:
        events.remove_targets(Rule=change.id, EventBusName=bus, Ids=sorted(gone))


UPDATES: Mapping[str, Update] = {
    "AWS::SNS::Topic": Update(_update_topic, frozenset(_TOPIC)),
    "AWS::SQS::Queue": Update(_update_queue, frozenset(_QUEUE)),
    "AWS::Events::Rule": Update(
        _update_rule,
        frozenset({"Description", "EventPattern", "RoleArn", "ScheduleExpression"})
        | {"State", "Targets"},
    ),
}
