"""Container hosts, from nothing to registered, connected and proven private."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError
from ecs_anywhere_check.brief import brief
from ecs_anywhere_check.findings import Expected, Finding
from ecs_anywhere_check.host import Host

from local.managed_instances import Ended
from tests.story.app import App
from tests.story.test_command_line import run

ROLE, CLUSTER = "container-hosts", "site"
NUMBERED = "ecs-a-1.us-east-2.amazonaws.com"
CONNECTED = ("--cluster", CLUSTER)


class Node:
    """A container host: what its scripts do. Its names are private, and its ECS agent goes on with
    what it learned before, until it is restarted."""

    def __init__(self, document: dict[str, Any], is_stale: bool) -> None:
        self.names, self.is_stale, self.restarts = document["names"], is_stale, 0

    def __call__(self, script: str) -> Ended:
        if script == "systemctl restart ecs":
            self.restarts, self.is_stale = self.restarts + 1, False
            return Ended(0)
        assert "ecs-anywhere-check --brief --region us-east-2" in script
        found = [
            Finding(name, "libc", "PRIVATE", " ".join(addresses))
            for name, addresses in self.names.items()
        ]
        if self.is_stale:
            found.append(Finding(NUMBERED, "agent log", "PUBLIC", "numbered", "restart the agent"))
        line = brief(found, Expected(self.names, ()), Host(environment={}))
        return Ended(int(self.is_stale), line)


def registered(app: App, file: Path, name: str, does: Callable[[str], Ended]) -> str:
    """Register as the install command does, with what is in the file."""
    given = dict(re.findall(r"^(\w+)='(.*)'$", file.read_text(), re.MULTILINE))
    instances = app.aws.managed_instances
    return str(instances.register(given["ACTIVATION_ID"], given["ACTIVATION_CODE"], name, does))


def test_from_nothing_to_connected_and_proven_private(app: App, tmp_path: Path) -> None:
    vpc_id, file = app.vpc(), tmp_path / "activation"
    app.tag(vpc_id, wish="enabled")
    app.next_success(vpc_id)
    published = json.loads(app.parameters(vpc_id)["forwarding"])
    app.client("ecs").create_cluster(clusterName=CLUSTER)

    no_role = run(app, "agents", "activate", vpc_id, "--role", ROLE, "--into", str(file))
    assert (no_role.returncode, f"agents role {ROLE}" in no_role.stderr) == (1, True)
    made = run(app, "agents", "role", ROLE, "--yes")
    assert made.returncode == 0, made.stderr
    asked = ("agents", "activate", vpc_id, "--role", ROLE, "--into", str(file), "--hosts", "2")
    activated = run(app, *asked, "--yes")
    assert activated.returncode == 0, activated.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    code = file.read_text().split("'")[3]
    assert code not in activated.stdout + activated.stderr
    again = run(app, *asked, "--yes")
    assert again.returncode == 3, "the file is there: its code would be lost"
    assert len(app.client("ssm").describe_activations()["ActivationList"]) == 1

    fresh, stale = Node(published, is_stale=False), Node(published, is_stale=True)
    first = registered(app, file, "node1", fresh)
    second = registered(app, file, "node2", stale)
    for host in (first, second):
        app.aws.managed_instances.join(host, CLUSTER)

    unchecked = json.loads(run(app, "agents", "status", vpc_id, *CONNECTED, "--json").stdout)
    assert {each["next_step"] for each in unchecked} == {"ecs-anywhere agents check"}
    checked = run(app, "agents", "check", vpc_id, *CONNECTED, "--json")
    assert checked.returncode == 1
    verdicts = {e["check"]["instance"]: e["check"]["verdict"] for e in json.loads(checked.stdout)}
    assert verdicts == {first: "private", second: "public"}
    shown = run(app, "status")
    assert f"container hosts: 1 private, 1 public (node2 {second}), last checked" in shown.stdout
    evidence = run(app, "evidence", vpc_id, "--output", str(tmp_path))
    assert evidence.returncode == 1, "one host is public"
    said = json.loads(Path(evidence.stdout.split()[0]).read_text())
    assert [each["instance"] for each in said["container_hosts"]] == [second, first]

    refused = run(app, "agents", "restart", vpc_id, *CONNECTED)
    assert (refused.returncode, stale.restarts) == (4, 0), "nothing is restarted without a yes"
    restarted = run(app, "agents", "restart", vpc_id, *CONNECTED, "--yes")
    assert restarted.returncode == 0, restarted.stdout + restarted.stderr
    assert (fresh.restarts, stale.restarts) == (0, 1), "only who needs it"
    [line] = [e for e in json.loads(run(app, "status", "--json").stdout) if e["vpc"] == vpc_id]
    assert line["is_well"]
    examined = json.loads(run(app, "doctor", "--json").stdout)
    [hosts] = [each for each in examined if each["what"] == "container hosts"]
    assert hosts["verdict"] == "good", hosts

    refuses_others(app, first)
    app.tag(vpc_id, wish="disabled")
    app.next_success(vpc_id)


def refuses_others(app: App, host: str) -> None:
    """The role of the rule runs this one document, on hosts with the tag alone."""
    resources = app.client("cloudformation").list_stack_resources(
        StackName=app.aws.settings.stack_name
    )["StackResourceSummaries"]
    physical = {e["LogicalResourceId"]: e["PhysicalResourceId"] for e in resources}
    role = app.client("iam").get_role(RoleName=physical["CheckRole"])["Role"]["Arn"]
    given = app.aws.principals.credentials_for(role, "rule")
    ssm: Any = boto3.client(
        "ssm",
        endpoint_url=app.aws.url,
        region_name=app.aws.settings.region,
        aws_access_key_id=given.access_key_id,
        aws_secret_access_key=given.secret_access_key,
        aws_session_token=given.session_token,
    )
    tagged = [{"Key": "tag:ecs-anywhere:container-host", "Values": ["yes"]}]
    ssm.send_command(DocumentName=physical["CheckContainerHost"], Targets=tagged)
    ssm.send_command(DocumentName=physical["CheckContainerHost"], InstanceIds=[host])
    for document, targets in (
        ("AWS-RunShellScript", tagged),
        (physical["CheckContainerHost"], [{"Key": "tag:role", "Values": ["bank"]}]),
    ):
        try:
            ssm.send_command(
                DocumentName=document, Targets=targets, Parameters={"commands": ["id"]}
            )
        except ClientError as error:
            assert error.response["Error"]["Code"] == "AccessDeniedException"
        else:
            raise AssertionError(f"{document} was run on {targets}")
