"""Cures are carried out by whoever is told to: AWS CloudFormation sees its template alone."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from connectivity.adapters.evidence import _CURES as RECORDS
from connectivity.adapters.signatures import KmsSignatures
from connectivity.domain.errors import SigningRefused
from connectivity.domain.evidence import not_kept
from ecs_anywhere.aws_errors import NO_WAY, SIGN_IN
from ecs_anywhere.examining import Examined, examine
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


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "as AWS says it"}}, "DescribeIt")


class Answering(Stack):
    """A stack whose services all answer what its class says, or raise that."""

    subscriptions: Any = ()
    rule: Any = "ENABLED"
    queue: Any = "0"
    tags: Any = ()
    subnet_tags: Any = ()

    def client(self, service: str) -> Any:
        return self

    def list_subscriptions_by_topic(self, **_: Any) -> Any:
        return {"Subscriptions": _or_raised(self.subscriptions)}

    def describe_rule(self, **_: Any) -> Any:
        return {"State": _or_raised(self.rule)}

    def get_queue_attributes(self, **_: Any) -> Any:
        return {"Attributes": {"ApproximateNumberOfMessages": _or_raised(self.queue)}}

    def describe_alarms(self, **_: Any) -> Any:
        return {"MetricAlarms": []}

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: Any) -> Any:
        tags, subnet_tags = (
            [{"Key": key, "Value": "enabled"} for key in keys]
            for keys in (self.tags, self.subnet_tags)
        )
        return [
            {
                "ResolverEndpoints": [],
                "Vpcs": [{"VpcId": "vpc-1", "Tags": tags}],
                "Subnets": [{"SubnetId": "subnet-1", "Tags": subnet_tags}],
            }
        ]


def _or_raised(said: Any) -> Any:
    if isinstance(said, Exception):
        raise said
    return said


def examined(what: str, parameters: dict[str, str] | None = None, **answers: Any) -> Examined:
    """Return the first thing that is said of `what` in a stack whose services answer so."""
    stack = type("Deployed", (Answering,), answers)(
        "app",
        {"RESOLVER_ENDPOINT_QUOTA": "4", "ACCOUNT": "123456789012", "SWEEP_MINUTES": "30"},
        "us-east-2",
        "CREATE_COMPLETE",
        outputs={"NotificationTopicArn": "arn:topic"},
        parameters=parameters or {},
        resources={
            "DeadLetters": ("AWS::SQS::Queue", "url"),
            "KnockFunctionTagChanged": ("AWS::Events::Rule", "app-TagChanged-1"),
        },
    )
    return next(each for each in examine(stack) if each.what == what)


@pytest.mark.parametrize(
    ("what", "answers", "name"),
    [
        ("rules", {"rule": refusal("ResourceNotFoundException")}, "RuleName"),
        ("notifications", {"subscriptions": refusal("NotFound")}, "TopicName of Notifications"),
        (
            "dead letters",
            {"queue": refusal("AWS.SimpleQueueService.NonExistentQueue")},
            "QueueName of DeadLetters",
        ),
        ("dead letters", {"queue": refusal("QueueDoesNotExist")}, "QueueName of DeadLetters"),
    ],
)
def test_what_was_deleted_by_hand_is_told_from_what_may_not_be_read(
    what: str, answers: dict[str, Any], name: str
) -> None:
    """AWS CloudFormation makes it anew when its name changes, and sees no other difference."""
    found = examined(what, **answers)
    assert (found.verdict, name in found.cure) == ("bad", True)
    assert "not there" in found.said
    assert "right" not in found.cure


@pytest.mark.parametrize(("chosen", "verdict"), [("disabled", "good"), ("enabled", "bad")])
def test_a_rule_that_a_parameter_turns_off_is_no_fault(chosen: str, verdict: str) -> None:
    """With RequestEvents=disabled AWS has a disabled rule, and its cure would undo the choice."""
    stack = type("Deployed", (Answering,), {"rule": "DISABLED"})(
        "app",
        {"RESOLVER_ENDPOINT_QUOTA": "4", "ACCOUNT": "123456789012", "SWEEP_MINUTES": "30"},
        "us-east-2",
        "CREATE_COMPLETE",
        outputs={"NotificationTopicArn": "arn:topic"},
        parameters={"RequestEvents": chosen},
        resources={
            "DeadLetters": ("AWS::SQS::Queue", "url"),
            "RequestFunctionRequested": ("AWS::Events::Rule", "app-Requested-1"),
        },
    )
    found = next(each for each in examine(stack) if each.what == "rules")
    assert found.verdict == verdict


@pytest.mark.parametrize("code", ["AccessDeniedException", "AuthorizationError", "AccessDenied"])
@pytest.mark.parametrize(
    ("what", "answer"),
    [("rules", "rule"), ("notifications", "subscriptions"), ("dead letters", "queue")],
)
def test_what_may_not_be_read_names_the_right_that_is_missing(
    what: str, answer: str, code: str
) -> None:
    answers: dict[str, Any] = {answer: refusal(code)}
    found = examined(what, **answers)
    assert (found.verdict, found.cure) == ("warning", "ask for the right to call DescribeIt")


@pytest.mark.parametrize(
    ("why", "cure"),
    [
        (refusal("ThrottlingException"), "try again in a minute"),
        (refusal("InternalFailure"), "try again in a minute"),
        (refusal("ExpiredToken"), SIGN_IN),
        (EndpointConnectionError(endpoint_url="https://x"), NO_WAY),
    ],
)
def test_a_call_that_aws_did_not_answer_is_no_missing_right(why: Exception, cure: str) -> None:
    found = examined("rules", rule=why)
    assert (found.verdict, found.cure) == ("warning", cure)


def test_a_subscription_that_was_deleted_is_made_again_by_hand() -> None:
    """The parameter has the address still, so that a deployment changes nothing."""
    ended = {"SubscriptionArn": "Deleted", "Protocol": "email", "Endpoint": "ops@example.com"}
    for there in ((), (ended,)):
        found = examined(
            "notifications", {"NotificationEmail": "ops@example.com"}, subscriptions=there
        )
        assert (found.verdict, "was deleted" in found.said) == ("bad", True)
        assert found.cure.startswith("aws sns subscribe --topic-arn arn:topic --protocol email")
    never = examined("notifications")
    assert never.cure == "give the stack a NotificationEmail, or subscribe to the topic"


def test_a_subscription_that_nobody_has_confirmed_names_the_address() -> None:
    """Amazon SNS takes it away again after a few days, and nobody hears of failures until then."""
    waiting = {
        "SubscriptionArn": "PendingConfirmation",
        "Protocol": "email",
        "Endpoint": "ops@example.com",
    }
    found = examined("notifications", subscriptions=(waiting,))
    assert (found.verdict, found.said) == ("bad", "email ops@example.com is not confirmed")
    assert "confirm" in found.cure


@pytest.mark.parametrize(
    "key",
    ["ecs-anywhere:private-conectivity", "ECS-Anywhere:Private-Connectivity", " ecs-anywhere:wish"],
)
def test_a_tag_that_was_misspelt_starts_nothing_and_is_named(key: str) -> None:
    """Its change is no event for us, so that no status could tell of it."""
    found = examined("tags", tags=[key, "Name"])
    assert found.verdict == "warning"
    assert found.said.startswith(f'vpc-1: tag "{key}" is not read')
    assert "ecs-anywhere:private-connectivity" in found.said
    assert examined("tags", tags=["ecs-anywhere:private-connectivity", "Name"]).verdict == "good"


@pytest.mark.parametrize("key", ["ecs-anywhere:subnets", "ecs-anywhere-subnet", "ECS-Anywhere:x"])
def test_a_misspelt_tag_of_a_subnet_chooses_nothing_and_is_named(key: str) -> None:
    found = examined("tags", subnet_tags=[key, "Name"])
    assert found.verdict == "warning"
    assert found.said.startswith(f'subnet-1: tag "{key}" is not read')
    assert "ecs-anywhere:subnet" in found.said
    assert examined("tags", subnet_tags=["ecs-anywhere:subnet"]).verdict == "good"
