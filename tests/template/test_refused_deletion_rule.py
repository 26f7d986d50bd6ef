"""Which records of AWS CloudTrail come to the function: of deletions that something blocks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.events.models import EventPattern, EventPatternParser

from tests.template.sam_template import functions
from tests.unit.trail import delivered, record


def comes(event: dict[str, Any]) -> bool:
    rule = functions()["RequestFunction"]["Events"]["DeletionRefused"]["Properties"]
    text = json.dumps(rule["Pattern"])
    return bool(EventPattern(text, EventPatternParser(text).parse()).matches_event(event))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"eventName": "DeleteVpc", "requestParameters": {"vpcId": "vpc-0a1b2c3d4e5f60718"}},
        {"userIdentity": {"type": "AWSService", "invokedBy": "cloudformation.amazonaws.com"}},
    ],
    ids=["a subnet", "a VPC", "by a service"],
)
def test_a_deletion_that_something_is_in_the_way_of_comes(changes: dict[str, Any]) -> None:
    assert comes(delivered(record(**changes)))


@pytest.mark.parametrize(
    "changes",
    [
        {"errorCode": None, "errorMessage": None},
        {"errorCode": "Client.UnauthorizedOperation"},
        {"errorCode": "Client.InvalidSubnetID.NotFound"},
        {"errorCode": "Client.DryRunOperation"},
        {"errorCode": "Client.RequestLimitExceeded"},
        {"eventName": "DeleteSecurityGroup", "requestParameters": {"groupId": "sg-0a1b2c3d"}},
        {"eventName": "DeleteVpcEndpoints"},
        {"eventName": "DeleteNetworkInterface"},
        {"eventSource": "route53resolver.amazonaws.com"},
    ],
    ids=lambda changes: "-".join(str(value) for value in changes.values()),
)
def test_no_other_call_and_no_other_refusal_comes(changes: dict[str, Any]) -> None:
    assert not comes(delivered(record(**changes)))


def test_nothing_that_a_customer_sends_comes() -> None:
    """EventBridge keeps sources that begin with `aws.` to AWS."""
    assert not comes(delivered(record(), source="custom.ec2"))
    assert not comes(delivered(record(), **{"detail-type": "EC2 Instance State-change"}))
