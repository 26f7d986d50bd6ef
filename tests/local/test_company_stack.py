"""The app as a company deploys it: as an instance of a stack set, whose name is so long that
CloudFormation cuts the names of its rules, with a key, a boundary and processors of its own."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from local.deploy import deploy
from local.engine import EmbeddedAws
from local.example_vpc import make_vpc, tag
from local.settings import Settings

INSTANCE = "StackSet-private-connectivity-0f6c2a52-3d0a-4c57-9d86-1d3c9f6c9d54"
KEY = "arn:aws:kms:us-east-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
BOUNDARY = "arn:aws:iam::aws:policy/PowerUserAccess"
OWN_RULES = {
    "KmsKeyArn": KEY,
    "PermissionsBoundary": BOUNDARY,
    "Architecture": "x86_64",
    "DoorConcurrency": "5",
    "ExtraTags": "CostCenter=42",
    "XRayTracing": "Active",
}
PATIENCE = 60
"""Real seconds for what takes one on an idle machine."""


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(Settings(time_scale=0.02, stack_name=INSTANCE)) as aws:
        aws.outputs = deploy(aws, {"SweepMinutes": "1440", **OWN_RULES}, with_sam_cli=False)
        yield aws


def physical(aws: EmbeddedAws, logical_id: str) -> str:
    cloudformation: Any = aws.client("cloudformation")
    listed = cloudformation.list_stack_resources(StackName=INSTANCE)["StackResourceSummaries"]
    found = {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in listed}
    return str(found[logical_id])


def test_topic_and_queue_use_the_company_s_key(aws: EmbeddedAws) -> None:
    """Ledger and logs are looked at in the template alone: moto 5.2.5 takes no notice there."""
    sns, sqs = aws.client("sns"), aws.client("sqs")
    topic = sns.get_topic_attributes(TopicArn=physical(aws, "Notifications"))["Attributes"]
    assert topic["KmsMasterKeyId"] == KEY
    asked = {"QueueUrl": physical(aws, "DeadLetters"), "AttributeNames": ["All"]}
    assert sqs.get_queue_attributes(**asked)["Attributes"]["KmsMasterKeyId"] == KEY


def test_a_function_runs_as_the_company_wants_it(aws: EmbeddedAws) -> None:
    lambda_, iam = aws.client("lambda"), aws.client("iam")
    name = physical(aws, "KnockFunction")
    function = lambda_.get_function_configuration(FunctionName=name)
    assert function["Architectures"] == ["x86_64"]
    role = iam.get_role(RoleName=physical(aws, "KnockFunctionRole"))["Role"]
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == BOUNDARY
    attached = iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"]
    assert "AWSXrayWriteOnlyAccess" in {each["PolicyName"] for each in attached}
    reserved = lambda_.get_function_concurrency(FunctionName=name)
    assert reserved["ReservedConcurrentExecutions"] == 5


def test_the_dashboard_is_there_and_can_be_read(aws: EmbeddedAws) -> None:
    name = physical(aws, "Dashboard")
    assert name == aws.outputs["DashboardName"]
    body = json.loads(aws.client("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"])
    widgets = body["widgets"]
    assert "${" not in json.dumps(body)
    assert widgets[0]["properties"]["alarms"][0].endswith(physical(aws, "SigningKeyAlarm"))


def test_an_event_that_cannot_be_delivered_comes_to_the_dead_letters(aws: EmbeddedAws) -> None:
    lambda_, ec2, sqs = (aws.client(name) for name in ("lambda", "ec2", "sqs"))
    lambda_.delete_function(FunctionName=physical(aws, "KnockFunction"))
    tag(ec2, make_vpc(ec2), {"ecs-anywhere:private-connectivity": "plan"})
    assert _message(sqs, physical(aws, "DeadLetters"))


def _message(sqs: Any, queue: str) -> str:
    """Return the next message of the queue; empty if there is none for long."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for message in sqs.receive_message(QueueUrl=queue).get("Messages", []):
            return str(message["Body"])
        time.sleep(0.2)
    return ""
