"""What a person does next for a container host: one thing, the first that is in the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from ecs_anywhere.agents import Agent, Site
from ecs_anywhere.asking import NotAskedError
from ecs_anywhere.host_checks import HostCheck
from ecs_anywhere.stack import Stack

CHECK = HostCheck("mi-0a1b2c3d", "node1", "private", 1.0, (), names_are_private=True)
STALE = replace(CHECK, verdict="public", said=("numbered -> restart",))
PUBLIC = replace(STALE, names_are_private=False, said=("ecs leads to 203.0.113.1",))


@pytest.mark.parametrize(
    ("agent", "step"),
    [
        (Agent(CHECK, "Online", True), ""),
        (Agent(CHECK, "ConnectionLost", True), "amazon-ssm-agent"),
        (Agent(CHECK, "Online", None), "ECS_CLUSTER"),
        (Agent(CHECK, "Online", False), "ecs-agent.log"),
        (Agent(replace(CHECK, verdict="unchecked"), "Online", True), "agents check"),
        (Agent(STALE, "Online", True), "agents restart"),
        (Agent(PUBLIC, "Online", True), "ecs leads to 203.0.113.1"),
    ],
    ids=["well", "offline", "elsewhere", "not connected", "unchecked", "stale", "public"],
)
def test_each_host_has_one_next_step_or_none(agent: Agent, step: str) -> None:
    assert step in agent.next_step
    assert bool(agent.next_step) != agent.is_well


SENT = datetime(2026, 11, 29, 12, tzinfo=UTC)


class Aws:
    """AWS Systems Manager and Amazon ECS, as a restart meets them."""

    def __init__(self, status: str = "Success", connected: bool = True) -> None:
        self.status, self.connected = status, connected
        self.exceptions = SimpleNamespace(ClusterNotFoundException=LookupError)
        self.sent: list[tuple[str, list[str]]] = []

    def send_command(self, **asked: Any) -> Any:
        self.sent.append((asked["DocumentName"], asked["InstanceIds"]))
        return {"Command": {"CommandId": str(len(self.sent)), "RequestedDateTime": SENT}}

    def get_paginator(self, call: str) -> Any:
        self.paginated = call
        return self

    def paginate(self, **_: Any) -> Any:
        if self.paginated == "list_container_instances":
            return [{"containerInstanceArns": ["arn"]}]
        run = {"InstanceId": CHECK.instance, "Status": self.status}
        return [{"CommandInvocations": [run]}]

    def describe_container_instances(self, **_: Any) -> Any:
        joined = {"ec2InstanceId": CHECK.instance, "agentConnected": self.connected}
        return {"containerInstances": [joined]}


class Deployed(Stack):
    def client(self, service: str) -> Any:
        return self.variables["client"]


def site(aws: Aws) -> Site:
    stack = Deployed(
        "app",
        {"client": aws},  # type: ignore[dict-item]
        "us-east-2",
        "CREATE_COMPLETE",
        resources={"CheckContainerHost": ("AWS::SSM::Document", "check")},
    )
    return Site(stack, "vpc-0a1b2c3d", "site", sleep=lambda _: None)


def test_a_restarted_host_is_checked_once_it_is_connected_again() -> None:
    aws = Aws()
    site(aws).restart(CHECK.instance)
    assert [document for document, _ in aws.sent] == ["AWS-RunShellScript", "check"]


@pytest.mark.parametrize(
    ("aws", "cure"),
    [
        (Aws(status="Failed"), "ended with Failed: look at that host"),
        (Aws(connected=False), "ecs-agent.log there. No other host was touched"),
    ],
    ids=["the command fails", "the agent stays away"],
)
def test_a_restart_that_does_not_come_back_says_so_and_checks_nothing(aws: Aws, cure: str) -> None:
    with pytest.raises(NotAskedError, match=cure):
        site(aws).restart(CHECK.instance)
    assert [document for document, _ in aws.sent] == ["AWS-RunShellScript"]


def test_no_command_names_more_hosts_than_aws_takes() -> None:
    aws = Aws()
    site(aws).check([f"mi-{n:017x}" for n in range(120)])
    assert [len(hosts) for _, hosts in aws.sent] == [50, 50, 20]


def test_an_answer_from_before_the_check_was_sent_is_no_success() -> None:
    """A host whose check goes on still has its last answer, which may have been private."""
    since = site(Aws()).check([CHECK.instance])
    assert since == SENT.timestamp() == site(Aws()).restart(CHECK.instance)
    before = Agent(replace(CHECK, checked_at=since - 60), "Online", True)
    assert before.is_well
    now = before.as_of(since)
    assert (now.is_well, now.check.verdict, now.check.names_are_private) == (
        False,
        "unchecked",
        False,
    )
    assert "has not ended there" in now.check.said[0]
    assert now.next_step == "ecs-anywhere agents check"
    answered = Agent(replace(CHECK, checked_at=since), "Online", True)
    assert answered.as_of(since) == answered
