"""Somebody deletes the stack while a VPC is connected: refused, nothing is gone, the cure works.

With an AWS of its own, because in the end the stack is really deleted.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.story.stranger import Stranger, terminal, until
from tests.story.test_make_local import PYTHON_UP, STACK, connect_as_printed, status, visit

WISH = "ecs-anywhere:private-connectivity"


@pytest.fixture(autouse=True)
def told_apart() -> None:
    """Nothing to tell apart: this has an AWS of its own."""


@pytest.mark.timeout(600)  # some fifty calls of the AWS CLI, which takes a second to start
def test_a_stack_with_a_connected_vpc_is_not_deleted_and_afterwards_it_is() -> None:
    with terminal(*PYTHON_UP, "--network", "loopback") as local:
        stranger = visit(local)
        vpc_id = connect_as_printed(stranger, local)
        attach_as_the_guide_says(stranger)
        before = everything(stranger)

        delete(stranger)
        assert stack_status(stranger) == "DELETE_FAILED"
        reason = reasons(stranger)["DeletionGuard"]
        assert "Nothing was deleted, because what was made for VPCs would stay" in reason
        assert f"Remove the tag {WISH} from {vpc_id}, wait until" in reason
        assert f"from role {ROLE}: AWS deletes none that is attached" in reason
        assert everything(stranger) == before, "nothing was deleted"
        assert status(stranger, vpc_id) == "connected"
        assert stranger.inbound()

        stranger.aws("ec2", "delete-tags", "--resources", vpc_id, "--tags", f"Key={WISH}")
        until(lambda: status(stranger, vpc_id) == "removed" and not waits(stranger, vpc_id))
        assert stranger.inbound() == []
        assert stranger.aws("ec2", "describe-vpc-endpoints")["VpcEndpoints"] == []

        delete(stranger)
        told = reasons(stranger)["DeletionGuard"]
        assert "Nothing was deleted, because AWS deletes no policy that is attached" in told
        detach_as_told(stranger, told)
        delete(stranger)
        assert stack_status(stranger) == ""
        assert everything(stranger) == {kind: [] for kind in before}
        assert local.terminate() == 0


def delete(stranger: Stranger) -> None:
    stranger.aws("cloudformation", "delete-stack", "--stack-name", STACK)


ROLE = "ecs-anywhere-dns-host"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ssm.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def attach_as_the_guide_says(stranger: Stranger) -> None:
    output = "Stacks[0].Outputs[?OutputKey=='OnPremDnsHostPolicyArn'].OutputValue | [0]"
    arn = stranger.aws("cloudformation", "describe-stacks", "--query", output)
    role, policy = ("--role-name", ROLE), ("--policy-arn", str(arn))
    stranger.aws("iam", "create-role", *role, "--assume-role-policy-document", json.dumps(TRUST))
    stranger.aws("iam", "attach-role-policy", *role, *policy)


def detach_as_told(stranger: Stranger, told: str) -> None:
    """By the very commands of the message, as a person who pastes them."""
    commands = re.search(r"policy=(\S+); (aws iam .*?);", told)
    assert commands is not None, told
    policy, command = commands.groups()
    stranger.aws(*command.replace("$policy", policy).split()[1:])
    stranger.aws("iam", "delete-role", "--role-name", ROLE)


def stack_status(stranger: Stranger) -> str:
    """Empty where there is no stack."""
    found = stranger.aws("cloudformation", "describe-stacks")["Stacks"]
    return next((str(stack["StackStatus"]) for stack in found), "")


def reasons(stranger: Stranger) -> dict[str, str]:
    """Why each resource, by its name in the template, could not be deleted the last time."""
    told = stranger.aws("cloudformation", "describe-stack-events", "--stack-name", STACK)
    return {
        event["LogicalResourceId"]: event["ResourceStatusReason"]
        for event in reversed(told["StackEvents"])
        if event["ResourceStatus"] == "DELETE_FAILED"
    }


LOG_GROUPS = (
    f"logGroups[?starts_with(logGroupName, '{STACK}-') || "
    f"starts_with(logGroupName, '/aws/vendedlogs/states/{STACK}-')].arn"
)
"""Those of the stack; moto makes others, by the functions' names, which AWS would not."""


def everything(stranger: Stranger) -> dict[str, list[Any]]:
    """What the stack has made, by kind, as the services themselves show it."""
    questions = {
        ("lambda", "list-functions"): "Functions[].FunctionName",
        ("stepfunctions", "list-state-machines"): "stateMachines[].name",
        ("events", "list-rules"): "Rules[].[Name,State]",
        ("dynamodb", "list-tables"): "TableNames",
        ("sns", "list-topics"): "Topics[].TopicArn",
        ("sns", "list-subscriptions"): "Subscriptions[].SubscriptionArn",
        ("iam", "list-roles"): "Roles[].RoleName",
        ("cloudwatch", "describe-alarms"): "MetricAlarms[].AlarmName",
        ("logs", "describe-log-groups"): LOG_GROUPS,
    }
    return {
        " ".join(question): sorted(stranger.aws(*question, "--query", shown))
        for question, shown in questions.items()
    }


def waits(stranger: Stranger, vpc_id: str) -> bool:
    """For the probe's security group, which AWS Lambda holds for a while."""
    (vpc,) = stranger.aws("ec2", "describe-vpcs", "--vpc-ids", vpc_id)["Vpcs"]
    return any("sg-" in tag["Value"] for tag in vpc["Tags"])
