"""Mails that SNS would have sent. moto keeps published messages, but by topic and unaddressed."""

from __future__ import annotations

from typing import Any

from local.contracts import Notification


def notifications(topic: Any, subject: str | None, message: str) -> list[Notification]:
    """Return a mail for each subscription, which is taken for confirmed; on AWS a person must click
    first."""
    subscriptions = list(topic.sns_backend.subscriptions.values())
    subscribers = [
        subscription.endpoint
        for subscription in subscriptions
        if subscription.topic_arn == topic.arn and subscription.protocol.startswith("email")
    ]
    return [
        Notification(topic.arn, subject, message, endpoint) for endpoint in subscribers or [None]
    ]
