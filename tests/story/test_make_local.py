"""`make local` as a stranger uses it: the real command, the real AWS CLI, real signals."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from local.settings import REPOSITORY
from tests.story.stranger import REGION, Stranger, Terminal, free_port, terminal, until

STACK = "private-connectivity"
REQUEST = "ecs-anywhere.private-connectivity"
PYTHON_UP = (sys.executable, "-m", "local", "up", "--port", "0", "--region", REGION)
AS_ANYBODY = ("setpriv", "--bounding-set=-all,+setfcap", "--inh-caps=-all")
ASKED = {f"{label}.{REGION}.amazonaws.com" for label in ("ecs", "ecs-a", "ecs-t", "ssm")}


@pytest.fixture(autouse=True)
def told_apart() -> None:
    """Nothing to tell apart: each of these has an AWS of its own."""


def test_a_stranger_connects_a_vpc_with_the_aws_cli_and_disconnects_it_by_an_event() -> None:
    port = free_port()
    with terminal("make", "local", f"PORT={port}", f"REGION={REGION}") as local:
        stranger = visit(local)
        assert stranger.url == f"http://127.0.0.1:{port}"
        vpc_id = connect_as_printed(stranger, local)
        the_answers_are_the_published_ones(stranger, vpc_id)
        the_story_can_be_read_in_the_execution(stranger, vpc_id)
        disconnect_by_an_event(stranger, vpc_id)
        # GNU make hands SIGTERM on, waits, and ends by it: a shell says 143, "Terminated".
        assert local.terminate() == -signal.SIGTERM
    assert [line for line in local.output if line.startswith("ready")] == [f"ready {stranger.url}"]
    assert any(line.startswith(f"inbound {vpc_id}") for line in local.output)
    assert "docker" not in "\n".join(local.output).lower(), "moto was left to run a function"


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests ran without root already")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv (util-linux) is missing")
def test_it_needs_no_root() -> None:
    """Without root's capabilities; CAP_SETFCAP is what root needs to map its own id, as anybody
    maps theirs without it."""
    with terminal(*PYTHON_UP, prefix=AS_ANYBODY) as local:
        stranger = visit(local)
        vpc_id = connect_as_printed(stranger, local)
        the_answers_are_the_published_ones(stranger, vpc_id)
        allowed = subprocess.run([*AS_ANYBODY, "unshare", "--user", "--net", "true"], check=False)
        assert bool(stranger.inbound()[0]["inside"]) == (allowed.returncode == 0)
        assert local.terminate() == 0


@pytest.mark.parametrize("end", [Terminal.terminate, Terminal.press_ctrl_c])
def test_a_signal_while_it_starts_leaves_nothing_behind(end: Callable[[Terminal], int]) -> None:
    with terminal("make", "local", "PORT=0") as local:
        time.sleep(2.5)  # In the middle of it, whatever that is on this machine.
        # By the signal, or at the end of its own tidying up; make says 2 and which signal it was.
        assert end(local) <= 0 or local.output[-1].endswith(("Interrupt", "Terminated"))
    assert "Traceback" not in "\n".join(local.output)


def test_a_taken_port_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = ["make", "--silent", "local", f"PORT={port}"]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    said, by_make = done.stderr.splitlines()
    assert (
        said == f"port {port}: address already in use; choose another, as in make local PORT=4600"
    )
    assert by_make.startswith("make: ***")
    assert (done.returncode, done.stdout) == (2, "")


def visit(local: Terminal) -> Stranger:
    ready = local.wait_for_line("ready ")
    local.wait_for_line("What was called:")
    return Stranger(ready.removeprefix("ready "), local.prefix)


def connect_as_printed(stranger: Stranger, local: Terminal) -> str:
    """The VPC that the printed commands make, once it is connected."""
    commands = [line for line in local.output if line.startswith(("  export", "  VPC", "  aws"))]
    vpc_id = stranger.paste(commands, show="VPC")
    until(lambda: status(stranger, vpc_id) == "connected")
    return vpc_id


def status(stranger: Stranger, vpc_id: str) -> str | None:
    (vpc,) = stranger.aws("ec2", "describe-vpcs", "--vpc-ids", vpc_id)["Vpcs"]
    tags = {tag["Key"]: tag["Value"] for tag in vpc["Tags"]}
    assert tags.get("ecs-anywhere:status") != "failed", tags
    return tags.get("ecs-anywhere:status")


def the_answers_are_the_published_ones(stranger: Stranger, vpc_id: str) -> None:
    name = f"/ecs-anywhere/private-connectivity/{vpc_id}/forwarding"
    parameter = stranger.aws("ssm", "get-parameter", "--name", name)["Parameter"]
    published = json.loads(parameter["Value"])
    inbound = stranger.inbound()
    assert [address["ip"] for address in inbound] == published["resolverIps"]
    assert {address["vpc"] for address in inbound} == {vpc_id}
    expected = {name: published["names"][name] for name in ASKED}
    for address in inbound:
        assert {name: stranger.ask_outside(address, name) for name in ASKED} == expected
        if address["inside"]:
            assert {name: stranger.ask_inside(address, name) for name in ASKED} == expected


def the_story_can_be_read_in_the_execution(stranger: Stranger, vpc_id: str) -> None:
    (stack,) = stranger.aws("cloudformation", "describe-stacks", "--stack-name", STACK)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    listed = stranger.aws(
        "stepfunctions", "list-executions", "--state-machine-arn", outputs["StateMachineArn"]
    )
    (arn,) = [execution["executionArn"] for execution in listed["executions"]]
    execution = ("--execution-arn", arn)
    described = stranger.aws("stepfunctions", "describe-execution", *execution)
    assert described["status"] == "SUCCEEDED"
    assert json.loads(described["input"])["vpcId"] == vpc_id
    assert all(finding["ok"] for finding in json.loads(described["output"])["findings"])
    events = stranger.aws("stepfunctions", "get-execution-history", *execution)["events"]
    entered = [
        e["stateEnteredEventDetails"]["name"] for e in events if "stateEnteredEventDetails" in e
    ]
    story = ["Read the VPC", "Connect", "Verify resolution", "Publish", "Finish", "Done"]
    assert [state for state in entered if state in story] == story


def disconnect_by_an_event(stranger: Stranger, vpc_id: str) -> None:
    entry = {"Source": REQUEST, "DetailType": "Delete", "Detail": json.dumps({"vpc-id": vpc_id})}
    put = stranger.aws("events", "put-events", "--entries", json.dumps([entry]))
    assert put["FailedEntryCount"] == 0
    until(lambda: status(stranger, vpc_id) == "removed")
    assert stranger.inbound() == []
    assert stranger.aws("ec2", "describe-vpc-endpoints")["VpcEndpoints"] == []
    left = stranger.aws("route53resolver", "list-resolver-endpoints")["ResolverEndpoints"]
    assert left == []
