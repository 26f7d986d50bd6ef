"""What the guard of the stack asks of IAM and of DynamoDB, asked of the embedded AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from connectivity.adapters.host_policy import IamHostPolicy
from connectivity.adapters.protection import DynamoDbProtection
from connectivity.domain.deletion import Attached

from local.engine import EmbeddedAws
from tests.contract.callers import adapters_call

NOBODY = {"Effect": "Deny", "Action": "ssm:GetParameter", "Resource": "*"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [NOBODY]})
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ssm.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(gaps=()) as aws, adapters_call(aws.url):
        yield aws


def policy(iam: Any, name: str) -> str:
    return str(iam.create_policy(PolicyName=name, PolicyDocument=POLICY)["Policy"]["Arn"])


def role(iam: Any, name: str, policy_arn: str) -> None:
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    iam.attach_role_policy(RoleName=name, PolicyArn=policy_arn)


def test_everybody_who_has_the_policy_is_named_and_nobody_else(aws: EmbeddedAws) -> None:
    iam = aws.client("iam")
    hosts, other = policy(iam, "dns-hosts"), policy(iam, "others")
    assert IamHostPolicy(hosts).attached_to() == ()
    role(iam, "dns1", hosts)
    role(iam, "someone", other)
    iam.create_user(UserName="dns")
    iam.attach_user_policy(UserName="dns", PolicyArn=hosts)
    iam.create_group(GroupName="dns-hosts")
    iam.attach_group_policy(GroupName="dns-hosts", PolicyArn=hosts)
    assert set(IamHostPolicy(hosts).attached_to()) == {
        Attached("role", "dns1"),
        Attached("user", "dns"),
        Attached("group", "dns-hosts"),
    }


def test_a_protected_table_is_deleted_by_nobody_until_the_protection_is_off(
    aws: EmbeddedAws,
) -> None:
    dynamodb = aws.client("dynamodb")
    dynamodb.create_table(
        TableName="ledger",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    protection = DynamoDbProtection("ledger")
    for _ in range(2):
        protection.turn(on=True)
    with pytest.raises(ClientError, match="ValidationException"):
        dynamodb.delete_table(TableName="ledger")
    for _ in range(2):
        protection.turn(on=False)
    dynamodb.delete_table(TableName="ledger")
