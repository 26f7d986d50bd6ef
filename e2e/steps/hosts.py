"""A container host: checked over Run Command as a person does it, and shown in the status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from e2e.amazon import code_of
from e2e.asked import ROOT
from e2e.lab import Lab, Skipped, StepFailedError
from e2e.stack import CONTAINER_HOST_TAG
from e2e.steps.connecting import connect

OF_VPC = "ecs-anywhere:vpc"
"""Tag of a managed instance that says whose names its host is to find private."""
WENT_WELL, NEEDS_A_PERSON = 0, 1
"""Exit codes of `ecs-anywhere` with which it has answered."""
LONGEST = 900
"""Seconds for one command: the check takes up to five minutes, more on a busy machine."""


def run(lab: Lab) -> None:
    """Check the host, and compare what the command line shows of it. Raises Skipped where no host
    was named."""
    host = lab.asked.host
    if not host:
        raise Skipped(
            "no container host is there to ask: HOST=mi-... names one with ecs-anywhere-check, "
            "whose DNS servers forward to this VPC, and CLUSTER=... its Amazon ECS cluster"
        )
    connect(lab)
    _, guided = _told(lab, "agents", "install", "--cluster", lab.asked.cluster)
    lab.record.expect(lab.state.region in guided, "the commands that install agents are printed")
    with tagged(lab, host):
        checked = _of_host(_asked(lab, "agents", "check", lab.state.vpc, *_in_cluster(lab)), host)
        listed = _asked(lab, "status")
    lab.record.fact("what the container host said", checked["check"])
    lab.record.expect(checked["ping"] == "Online", "its SSM agent is online")
    lab.record.expect(checked["connected"] is True, "its ECS agent is connected")
    lab.record.expect(checked["check"]["verdict"] == "private", "its way is private")
    lab.record.expect(_is_shown(listed, lab.state.vpc, checked["check"]), "the status shows that")


@contextmanager
def tagged(lab: Lab, host: str) -> Iterator[None]:
    """Let the host be one of the VPC's container hosts meanwhile. What its tags were before is kept
    in the state, so that a clean-up restores them where the run dies."""
    restore_tags(lab)  # of a run that died here: what it wrote is not what was there before
    key, _, value = CONTAINER_HOST_TAG.partition("=")
    tags = {key: value, OF_VPC: lab.state.vpc}
    about, ssm = _resource(host), lab.client("ssm")
    there = {each["Key"]: each["Value"] for each in ssm.list_tags_for_resource(**about)["TagList"]}
    lab.state.keep(host=host, host_tags={key: there.get(key) for key in tags})
    try:
        ssm.add_tags_to_resource(**about, Tags=_as_list(tags))
        yield
    finally:
        restore_tags(lab)


def restore_tags(lab: Lab) -> None:
    """Give the container host the tags back that it had before the run; nothing where the run has
    tagged none. A host that is registered no more has no tags."""
    host, former = lab.state.host, lab.state.host_tags
    if not host:
        return
    about, ssm = _resource(host), lab.client("ssm")
    had = {key: value for key, value in former.items() if value is not None}
    try:
        if had:
            ssm.add_tags_to_resource(**about, Tags=_as_list(had))
        if added := [key for key in former if key not in had]:
            ssm.remove_tags_from_resource(**about, TagKeys=added)
    except ClientError as error:
        if code_of(error) != "InvalidResourceId":
            raise
    lab.state.keep(host="", host_tags={})


def _resource(host: str) -> dict[str, str]:
    return {"ResourceType": "ManagedInstance", "ResourceId": host}


def _as_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _in_cluster(lab: Lab) -> tuple[str, str]:
    return "--cluster", lab.asked.cluster


def _of_host(found: Any, host: str) -> dict[str, Any]:
    """Return what was said of the host. Raises StepFailedError where it is not among the hosts."""
    for each in found:
        if each["check"]["instance"] == host:
            return dict(each)
    raise StepFailedError(
        f"{host} is no managed instance of this account and Region: register it here"
    )


def _is_shown(listed: Any, vpc: str, check: dict[str, Any]) -> bool:
    """Tell whether the status has this answer of the host, under its VPC, or the same of later: the
    stack checks its hosts by a schedule, too."""
    shown = [each for line in listed if line["vpc"] == vpc for each in line["container_hosts"]]
    return any(
        (each["instance"], each["verdict"]) == (check["instance"], check["verdict"])
        and each["checked_at"] >= check["checked_at"]
        for each in shown
    )


def _asked(lab: Lab, *words: str) -> Any:
    """Return what `ecs-anywhere` answers as JSON. Raises StepFailedError where it does not."""
    code, said = _told(lab, *words, "--json")
    if code not in {WENT_WELL, NEEDS_A_PERSON}:
        raise StepFailedError(f"ecs-anywhere {' '.join(words)} ended with {code}: {said[-500:]}")
    return json.loads(said)


def _told(lab: Lab, *words: str) -> tuple[int, str]:
    """Return the exit code of `ecs-anywhere` and what it printed: its errors where nothing else."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(str(ROOT / each) for each in ("functions", "cli")),
        "AWS_REGION": lab.state.region,
        "ECS_ANYWHERE_STACK": lab.state.stack,
    }
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "ecs_anywhere", *words],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=LONGEST,
    )
    return done.returncode, done.stdout or done.stderr
