"""The unkind AWS loses, doubles and delays events."""

from __future__ import annotations

import json
from collections import Counter
from uuid import uuid4

from local.engine import EmbeddedAws
from local.settings import Unkindness
from local.unkind.faults import Aim, EventFault
from tests.local.unkind_world import (
    ACCOUNT,
    REGION,
    client_of,
    started,
)
from tests.local.vpc_world import until


class Letters:
    """A rule on every event of `source`, with a queue behind it."""

    def __init__(self, aws: EmbeddedAws, source: str) -> None:
        self._aws, self._source = aws, source
        self._sqs = client_of(aws, "sqs")
        name = f"letters-{uuid4().hex[:6]}"
        self._queue = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
        events = client_of(aws, "events")
        rule = events.put_rule(Name="letters", EventPattern=json.dumps({"source": [source]}))
        allowed = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule["RuleArn"]}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        self._sqs.set_queue_attributes(QueueUrl=self._queue, Attributes={"Policy": policy})
        events.put_targets(Rule="letters", Targets=[{"Id": "queue", "Arn": arn}])

    def send(self, count: int) -> None:
        """As the service itself, which PutEvents cannot."""
        for number in range(count):
            self._aws.events.publish(self._source, "t", {"number": number}, [], REGION)

    def read(self, count: int) -> list[int]:
        """The first `count` that come."""
        numbers: list[int] = []

        def receive() -> bool:
            letters = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
            for letter in letters.get("Messages", []):
                numbers.append(json.loads(letter["Body"])["detail"]["number"])
                handle = letter["ReceiptHandle"]
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=handle)
            return len(numbers) >= count

        until(receive)
        return numbers


def test_an_event_of_a_service_can_be_lost(aws: EmbeddedAws) -> None:
    """EventBridge reference, events-ref-tag: the delivery type of aws.tag is best effort."""
    letters = Letters(aws, "aws.tag")
    aimed = aws.weather.aim(Aim(EventFault.LOST, "aws.tag", nth=2))
    letters.send(3)
    assert sorted(letters.read(2)) == [0, 2]
    assert aimed.happening


def test_an_event_can_come_twice(aws: EmbeddedAws) -> None:
    """EventBridge user guide, eb-troubleshooting: a target can be invoked more than once."""
    letters = Letters(aws, "aws.tag")
    aws.weather.aim(Aim(EventFault.DOUBLED, "aws.tag"))
    letters.send(2)
    assert sorted(letters.read(3)) == [0, 0, 1]


def test_a_late_event_is_overtaken() -> None:
    """EventBridge promises no order."""
    # Late by 3 real seconds, and the queue is awake: a slow machine cannot overtake it.
    with started(Unkindness(seed=1, longest_delay=400)) as aws:
        letters = Letters(aws, "aws.tag")
        letters.send(1)
        letters.read(1)
        aws.weather.aim(Aim(EventFault.LATE, "aws.tag"))
        letters.send(2)
        assert letters.read(2) == [1, 0]


def test_your_own_events_and_schedules_are_late_or_doubled_and_never_lost() -> None:
    """EventBridge user guide, eb-rule-retry-policy: what was accepted comes at least once."""
    with started(Unkindness(lost_events=1)) as aws:
        assert aws.weather.deliveries("aws.tag", "rule") == ()
        assert aws.weather.deliveries("mine", "rule") == (0.0,)
        assert aws.weather.deliveries("aws.events", "rule") == (0.0,)


def test_events_go_astray_as_often_as_they_are_said_to_and_again_so() -> None:
    unkindness = Unkindness(seed=7, lost_events=0.1, doubled_events=0.2, late_events=0.3)

    def run() -> list[tuple[float, ...]]:
        with started(unkindness) as aws:
            return [aws.weather.deliveries("aws.tag", "rule") for _ in range(1000)]

    deliveries = run()
    assert deliveries == run()
    copies = Counter(map(len, deliveries))
    assert 80 < copies[0] < 120
    assert 170 < copies[2] < 230
    late = [each for each in deliveries if len(each) == 1 and each[0] > 0]
    assert 260 < len(late) < 340
    assert max(delay for each in deliveries for delay in each) <= unkindness.longest_delay
