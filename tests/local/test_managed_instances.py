"""Hosts on-premises, as AWS Systems Manager and Amazon ECS show them to the app's people."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import EmbeddedAws
from local.managed_instances import Ended, NotRegisteredError
from local.settings import Settings

TAGS = [{"Key": "role", "Value": "container"}, {"Key": "ecs-anywhere:vpc", "Value": "vpc-1"}]
DOCUMENT = {
    "schemaVersion": "2.2",
    "mainSteps": [
        {
            "action": "aws:runShellScript",
            "name": "check",
            "inputs": {"runCommand": ["echo one", "echo two"]},
        }
    ],
}
PATIENCE = 30
"""Real seconds for what takes a tenth of one on an idle machine."""


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(Settings(time_scale=0.001)) as aws:
        aws.client("ssm").create_document(
            Name="check", DocumentType="Command", Content=json.dumps(DOCUMENT)
        )
        yield aws


def registered(aws: EmbeddedAws, run: Callable[[str], Ended], **how: Any) -> str:
    made = aws.client("ssm").create_activation(IamRole="hosts", Tags=TAGS, **how)
    return str(
        aws.managed_instances.register(made["ActivationId"], made["ActivationCode"], "node1", run)
    )


def ended(aws: EmbeddedAws, command: str) -> list[dict[str, Any]]:
    """Return the command's invocations, once every one of them has ended."""
    for _ in range(PATIENCE * 10):
        found: list[dict[str, Any]] = aws.client("ssm").list_command_invocations(
            CommandId=command, Details=True
        )["CommandInvocations"]
        if found and all(each["Status"] not in {"Pending", "InProgress"} for each in found):
            return found
        time.sleep(0.1)
    raise AssertionError(f"{command} has not ended")


def test_a_host_registers_once_with_an_activation_for_one_and_gets_its_tags(
    aws: EmbeddedAws,
) -> None:
    ssm, instances = aws.client("ssm"), aws.managed_instances
    made = ssm.create_activation(IamRole="hosts", Tags=TAGS)
    id_, code = made["ActivationId"], made["ActivationCode"]
    with pytest.raises(NotRegisteredError):
        instances.register(id_, "another code", "node1", lambda _: Ended(0))
    host = instances.register(id_, code, "node1", lambda _: Ended(0))
    with pytest.raises(NotRegisteredError):
        instances.register(id_, code, "node2", lambda _: Ended(0))
    told = ssm.list_tags_for_resource(ResourceType="ManagedInstance", ResourceId=host)["TagList"]
    assert {each["Key"]: each["Value"] for each in told} == {
        each["Key"]: each["Value"] for each in TAGS
    }
    [shown] = [a for a in ssm.describe_activations()["ActivationList"] if a["ActivationId"] == id_]
    assert (shown["RegistrationsCount"], code in json.dumps(shown, default=str)) == (1, False)


def test_hosts_are_found_by_tag_and_a_tag_is_combined_with_nothing_else(aws: EmbeddedAws) -> None:
    ssm, host = aws.client("ssm"), registered(aws, lambda _: Ended(0))
    for only in (
        {"Key": "tag:role", "Values": ["container"]},
        {"Key": "tag-key", "Values": ["ecs-anywhere:vpc"]},
    ):
        found = ssm.describe_instance_information(Filters=[only])["InstanceInformationList"]
        assert host in {each["InstanceId"] for each in found}
    none = ssm.describe_instance_information(Filters=[{"Key": "tag:role", "Values": ["dns"]}])
    assert none["InstanceInformationList"] == []
    with pytest.raises(ClientError, match="combined"):
        ssm.describe_instance_information(
            Filters=[
                {"Key": "tag:role", "Values": ["x"]},
                {"Key": "PingStatus", "Values": ["Online"]},
            ]
        )


def test_a_document_is_run_on_the_hosts_with_a_tag_and_its_output_is_cut(aws: EmbeddedAws) -> None:
    scripts: list[str] = []

    def run(script: str) -> Ended:
        scripts.append(script)
        return Ended(1, "x" * 5000, "no")

    host = registered(aws, run)
    sent = aws.client("ssm").send_command(
        DocumentName="check", Targets=[{"Key": "tag:role", "Values": ["container"]}]
    )["Command"]
    [mine] = [each for each in ended(aws, sent["CommandId"]) if each["InstanceId"] == host]
    assert scripts == ["echo one\necho two"]
    assert mine["Status"] == "Failed"
    assert mine["CommandPlugins"][0]["Output"] == "x" * 2500
    whole = aws.client("ssm").get_command_invocation(CommandId=sent["CommandId"], InstanceId=host)
    assert (len(whole["StandardOutputContent"]), whole["ResponseCode"]) == (5000, 1)


def test_a_rule_runs_a_document_on_the_clock_with_the_rights_of_its_role(aws: EmbeddedAws) -> None:
    """The role is asked for the document, and for the tag that the hosts are named by."""
    ran: list[str] = []

    def run(script: str) -> Ended:
        ran.append(script)
        return Ended(0)

    registered(aws, run)
    account, region = aws.settings.account, aws.settings.region
    trust = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}}
    document = f"arn:aws:ssm:{region}:{account}:document/check"
    allowed = [
        {"Effect": "Allow", "Action": "ssm:SendCommand", "Resource": document},
        {
            "Effect": "Allow",
            "Action": "ssm:SendCommand",
            "Resource": f"arn:aws:ssm:{region}:{account}:managed-instance/*",
            "Condition": {"StringEquals": {"ssm:resourceTag/role": "container"}},
        },
    ]
    iam, events = aws.client("iam"), aws.client("events")
    role = iam.create_role(
        RoleName="check",
        AssumeRolePolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{**trust, "Action": "sts:AssumeRole"}]}
        ),
    )["Role"]["Arn"]
    iam.put_role_policy(
        RoleName="check",
        PolicyName="check",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allowed}),
    )
    events.put_rule(Name="due", ScheduleExpression="rate(30 minutes)")
    for value in ("dns", "container"):
        target = {"RunCommandTargets": [{"Key": "tag:role", "Values": [value]}]}
        events.put_targets(
            Rule="due",
            Targets=[
                {
                    "Id": value,
                    "Arn": document,
                    "RoleArn": role,
                    "Input": "{}",
                    "RunCommandParameters": target,
                }
            ],
        )
    deadline = time.monotonic() + PATIENCE
    while not ran and time.monotonic() < deadline:
        time.sleep(0.1)
    assert ran
    sent = [call for call in aws.journal.calls(0) if call.action == "SendCommand" and call.role_arn]
    assert {bool(call.error) for call in sent} == {True, False}, "for another tag it may not"


def test_a_host_in_a_cluster_is_an_external_instance(aws: EmbeddedAws) -> None:
    ecs, host = aws.client("ecs"), registered(aws, lambda _: Ended(0))
    ecs.create_cluster(clusterName="site")
    aws.managed_instances.join(host, "site", connected=False)
    arns = ecs.list_container_instances(cluster="site")["containerInstanceArns"]
    [shown] = ecs.describe_container_instances(cluster="site", containerInstances=arns)[
        "containerInstances"
    ]
    assert (shown["ec2InstanceId"], shown["agentConnected"]) == (host, False)
    assert "ecs.capability.external" in {each["name"] for each in shown["attributes"]}
