"""Notifications to people, through Amazon SNS; and the time."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from connectivity.adapters.aws import call, client

_LONGEST_SUBJECT = 100


class SnsNotifications:
    """The port `Notifications` on AWS."""

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def send(self, subject: str, text: str) -> None:
        call(
            client("sns").publish,
            TopicArn=self._topic,
            Subject=subject[:_LONGEST_SUBJECT],
            Message=text,
        )


class UtcClock:
    """The port `Clock`, in UTC."""

    def now(self) -> str:
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def seconds(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
