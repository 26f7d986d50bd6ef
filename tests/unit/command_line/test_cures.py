"""Cures are carried out by whoever is told to: AWS CloudFormation sees its template alone."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from connectivity.adapters.evidence import _CURES as RECORDS
from connectivity.adapters.signatures import KmsSignatures
from connectivity.domain.errors import SigningRefused
from connectivity.domain.evidence import not_kept
from ecs_anywhere.examining import examine
from ecs_anywhere.stack import Stack


class Refusing:
    """AWS KMS that answers every call with one error."""

    def __init__(self, code: str) -> None:
        self.code = code

    def sign(self, **_: Any) -> Any:
        raise ClientError({"Error": {"Code": self.code, "Message": "no"}}, "Sign")


class Deployed(Stack):
    """A stack with one alarm, which Amazon CloudWatch does not have."""

    def client(self, service: str) -> Any:
        return self

    def describe_alarms(self, **_: Any) -> Any:
        return {"MetricAlarms": []}

    def list_subscriptions_by_topic(self, *_: Any, **__: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, "ListSubscriptions")

    describe_rule = get_queue_attributes = get_paginator = list_subscriptions_by_topic


@pytest.mark.parametrize(
    "code", ["NotFoundException", "AccessDeniedException", "InvalidKeyUsageException"]
)
def test_no_cure_of_a_key_deploys_what_has_not_changed(code: str) -> None:
    with pytest.raises(SigningRefused) as refused:
        KmsSignatures("key-1", lambda _: Refusing(code)).sign(b"")
    assert "deploy the stack again" not in str(refused.value)
    ways = ("PublicationSigning=none, then with kms", "put-key-policy --key-id key-1")
    assert any(way in str(refused.value) for way in ways)


def test_a_bucket_that_was_deleted_is_made_anew_by_two_values_of_its_parameter() -> None:
    name = "b" * 63
    said = not_kept(
        f"Amazon S3 answers NoSuchBucket for the bucket {name}: {RECORDS['NoSuchBucket']}"
    )
    assert said.endswith("deploy with EvidenceDays=0, then with the former value"), "not cut off"


def test_an_alarm_that_was_deleted_comes_back_by_its_own_definition_or_by_hand() -> None:
    stack = Deployed(
        "app",
        {"RESOLVER_ENDPOINT_QUOTA": "4", "ACCOUNT": "123456789012"},
        "us-east-2",
        "CREATE_COMPLETE",
        outputs={"NotificationTopicArn": "arn"},
        resources={
            "SweepAlarm": ("AWS::CloudWatch::Alarm", "app-SweepAlarm-1"),
            "DeadLetters": ("AWS::SQS::Queue", "url"),
        },
    )
    found = next(each for each in examine(stack) if each.what == "alarms")
    assert found.said == "app-SweepAlarm-1 is not there"
    assert "change its AlarmDescription in template.yaml by a word and deploy" in found.cure
    assert "put-metric-alarm" in found.cure
