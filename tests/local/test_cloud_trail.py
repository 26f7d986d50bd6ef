"""The embedded AWS records who deletes a VPC or a subnet, and how that ended."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import EmbeddedAws
from local.settings import Settings
from tests.unit.trail import record


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    gaps = ("gateway", "event_bus", "cloud_trail", "security_groups")
    with EmbeddedAws(Settings(time_scale=0.01), gaps=gaps) as engine:
        yield engine


@pytest.fixture
def heard(aws: EmbeddedAws) -> Any:
    """What a queue has received, as soon as it is so many events."""
    sqs, events = aws.client("sqs"), aws.client("events")
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = f"arn:aws:sqs:{aws.settings.region}:{aws.settings.account}:heard"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    pattern = {"detail-type": ["AWS API Call via CloudTrail"]}
    events.put_rule(Name="trail", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="trail", Targets=[{"Id": "q", "Arn": arn}])

    def receive(count: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        deadline = time.monotonic() + 20
        while len(found) < count:
            assert time.monotonic() < deadline, found
            answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
            for message in answer.get("Messages", []):
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return sorted(found, key=lambda event: str(event["detail"]["eventName"]))

    return receive


def test_a_refused_deletion_is_recorded_as_aws_records_it(aws: EmbeddedAws, heard: Any) -> None:
    ec2 = aws.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.0.0.0/24")["Subnet"]
    ec2.create_network_interface(SubnetId=made["SubnetId"])
    with pytest.raises(ClientError, match="DependencyViolation"):
        ec2.delete_subnet(SubnetId=made["SubnetId"])
    with pytest.raises(ClientError, match="DependencyViolation"):
        ec2.delete_vpc(VpcId=vpc_id)
    subnet, vpc = (event["detail"] for event in heard(2))
    assert subnet["requestParameters"] == {"subnetId": made["SubnetId"]}
    assert vpc["requestParameters"] == {"vpcId": vpc_id}
    for said in (subnet, vpc):
        assert said.keys() == record().keys()
        assert said["errorCode"] == record()["errorCode"]
        assert "dependencies" in said["errorMessage"]
        assert said["userIdentity"]["arn"].endswith(":user/administrator")


def test_a_deletion_that_succeeds_is_recorded_without_an_error(
    aws: EmbeddedAws, heard: Any
) -> None:
    ec2 = aws.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.delete_vpc(VpcId=vpc_id)
    (event,) = heard(1)
    assert event["source"] == "aws.ec2"
    assert event["detail"]["eventName"] == "DeleteVpc"
    assert event["detail"].keys() == record(errorCode=None, errorMessage=None).keys()
