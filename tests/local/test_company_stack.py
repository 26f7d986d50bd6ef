"""The app as a company deploys it: as an instance of a stack set, whose name is so long that
CloudFormation cuts the names of its rules, with a key, a boundary and processors of its own. Last,
somebody deletes it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from local.deploy import DeploymentFailedError, deploy
from local.engine import EmbeddedAws
from local.example_vpc import ONPREM_CIDR, make_vpc, tag
from local.settings import Settings
from tests.story.app import STATUS, WISH, App

INSTANCE = "StackSet-private-connectivity-0f6c2a52-3d0a-4c57-9d86-1d3c9f6c9d54"
KEY = "arn:aws:kms:us-east-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
BOUNDARY = "arn:aws:iam::aws:policy/PowerUserAccess"
PARAMETERS = {
    "DrainSeconds": "60",
    "ExpirySeconds": "60",
    "OnPremCidrs": ONPREM_CIDR,
    "SweepMinutes": "1440",
    "VerifyHours": "0",
}
OWN_RULES = {
    "KmsKeyArn": KEY,
    "PermissionsBoundary": BOUNDARY,
    "Architecture": "x86_64",
    "DoorConcurrency": "5",
    "ExtraTags": "CostCenter=42",
    "XRayTracing": "Active",
}
ONLY_STACK = "/ecs-anywhere/private-connectivity/stack"
PATIENCE = 60
"""Real seconds for what takes one on an idle machine."""


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(Settings(time_scale=0.02, stack_name=INSTANCE)) as aws:
        aws.outputs = deploy(aws, PARAMETERS | OWN_RULES, with_sam_cli=False)
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


@dataclass
class Beside:
    """The same account and Region, for a stack of another name."""

    url: str
    settings: Settings


def test_a_second_stack_is_refused_before_anything_of_it_is_made(aws: EmbeddedAws) -> None:
    before = everything(App(aws))
    second = Beside(aws.url, replace(aws.settings, stack_name="private-connectivity-dev"))
    with pytest.raises(DeploymentFailedError) as refused:
        deploy(second, PARAMETERS, with_sam_cli=False)
    assert re.search(r"OnlyStack \(AWS::SSM::Parameter\): .*already exists", str(refused.value))
    cloudformation = aws.client("cloudformation")
    stacks = cloudformation.describe_stacks(StackName=second.settings.stack_name)["Stacks"]
    assert [stack["StackStatus"] for stack in stacks] == ["ROLLBACK_COMPLETE"]
    cloudformation.delete_stack(StackName=second.settings.stack_name)
    assert everything(App(aws)) == before
    told = aws.client("ssm").get_parameter(Name=ONLY_STACK)["Parameter"]
    assert told["Value"] == INSTANCE, "who meets it sees whose it is"


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


LISTS = {
    ("lambda", "list_functions"): ("Functions", "FunctionName"),
    ("stepfunctions", "list_state_machines"): ("stateMachines", "name"),
    ("events", "list_rules"): ("Rules", "Name"),
    ("sns", "list_topics"): ("Topics", "TopicArn"),
    ("iam", "list_roles"): ("Roles", "RoleName"),
    ("cloudwatch", "describe_alarms"): ("MetricAlarms", "AlarmName"),
}
"""Service and operation -> where the answer has what is there, and what that is called."""


def test_a_stack_with_a_connected_vpc_is_not_deleted_and_afterwards_it_is(
    aws: EmbeddedAws,
) -> None:
    """As the story of tests/story/test_stack_deletion.py, which a stranger plays with the AWS CLI.
    Knocks come from the sweep alone, as the function for the others was deleted by hand."""
    app = App(aws, seen=App(aws).executions())
    vpc_id = app.vpc(cidr="10.1.0.0/16")
    app.tag(vpc_id, wish="enabled")
    app.sweep()
    app.next_success(vpc_id)
    role = _attached(app)
    before = everything(app)

    delete(app)
    assert status(app) == "DELETE_FAILED"
    assert "Nothing was deleted, because what was made for VPCs would stay" in reason(app)
    assert f"Remove the tag {WISH} from {vpc_id}, wait until" in reason(app)
    assert f"from role {role}: AWS deletes none that is attached" in reason(app)
    assert everything(app) == before, "nothing was deleted"
    assert app.tags(vpc_id)[STATUS] == "connected"

    app.untag(vpc_id)
    app.sweep()
    app.next_success(vpc_id)
    assert app.remnants(vpc_id) == {}
    delete(app)
    assert "Nothing was deleted, because AWS deletes no policy that is attached" in reason(app)
    assert everything(app) == before
    app.client("iam").detach_role_policy(RoleName=role, PolicyArn=_policy(app))
    app.client("iam").delete_role(RoleName=role)

    delete(app)
    assert status(app) == ""
    assert everything(app) == {service: [] for service in before}


def delete(app: App) -> None:
    app.client("cloudformation").delete_stack(StackName=INSTANCE)


def status(app: App) -> str:
    """Return the stack's status; empty where there is none."""
    found = app.client("cloudformation").describe_stacks()["Stacks"]
    return next((str(stack["StackStatus"]) for stack in found), "")


def reason(app: App) -> str:
    """Return why the guard could not be deleted the last time."""
    told = app.client("cloudformation").describe_stack_events(StackName=INSTANCE)["StackEvents"]
    return next(
        str(event["ResourceStatusReason"])
        for event in told
        if (event["LogicalResourceId"], event["ResourceStatus"])
        == ("DeletionGuard", "DELETE_FAILED")
    )


def everything(app: App) -> Mapping[str, list[Any]]:
    """Return what the stack has made, by service, as the services themselves show it."""
    return {
        service: sorted(each[name] for each in getattr(app.client(service), operation)()[key])
        for (service, operation), (key, name) in LISTS.items()
    }


def _policy(app: App) -> str:
    return app.aws.outputs["OnPremDnsHostPolicyArn"]


def _attached(app: App) -> str:
    """Return a role that has the policy for DNS hosts, as the guide says."""
    iam, name = app.client("iam"), "ecs-anywhere-dns-host"
    iam.create_role(
        RoleName=name, AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}'
    )
    iam.attach_role_policy(RoleName=name, PolicyArn=_policy(app))
    return name
