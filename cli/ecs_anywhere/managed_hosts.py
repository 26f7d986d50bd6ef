"""Read what AWS Systems Manager knows of the container hosts: who they are, and what they said.

Sources: API reference of AWS Systems Manager, DescribeInstanceInformation (filters by tags stand
alone), ListCommandInvocations (kept for 30 days; output of 2,500 characters at most).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from ecs_anywhere.host_checks import COUNTS_FOR, VPC_TAG, Invocation, ManagedHost
from ecs_anywhere.stack import Stack

DOCUMENT = "CheckContainerHost"
"""Logical id of the document that runs the check."""
MOST_HOSTS = 1000
"""Container hosts of a Region that are looked at; AWS registers 1,000 without the advanced tier."""
MOST_RUNS = 20_000
"""Runs that are looked at, of two days: a thousand hosts each hour would be more, and the first
ones are the newest."""
A_PAGE = 50
ANOTHER_VPC = "another VPC"
"""A word in place of the id of a VPC that is none of those which were asked about."""


def host_tag(stack: Stack) -> tuple[str, str] | None:
    """Return key and value of the tag that container hosts have; None where the stack checks
    none."""
    key, equals, value = stack.parameters.get("ContainerHostTag", "").partition("=")
    return (key, value) if equals and DOCUMENT in stack.resources else None


def hosts(stack: Stack, vpc_ids: Sequence[str]) -> tuple[ManagedHost, ...]:
    """Return the container hosts of the Region, with the VPC that each is tagged with. Raises
    botocore's ClientError."""
    tag = host_tag(stack)
    if tag is None:
        return ()
    client = stack.client("ssm")
    vpcs = dict.fromkeys(_tagged_at_all(client, VPC_TAG), ANOTHER_VPC)
    for vpc_id in vpc_ids:
        vpcs |= {each["InstanceId"]: vpc_id for each in _tagged(client, VPC_TAG, vpc_id)}
    return tuple(_host(each, vpcs) for each in _tagged(client, *tag))


def _host(informed: Mapping[str, Any], vpcs: Mapping[str, str]) -> ManagedHost:
    return ManagedHost(
        instance=informed["InstanceId"],
        name=informed.get("ComputerName") or informed.get("Name", ""),
        ping=informed.get("PingStatus", ""),
        vpc=vpcs.get(informed["InstanceId"], ""),
    )


def invocations(stack: Stack, now: float) -> tuple[Invocation, ...]:
    """Return the runs of the check that still say something, as AWS keeps them. Raises botocore's
    ClientError."""
    if host_tag(stack) is None:
        return ()
    document = stack.resources[DOCUMENT][1]
    since = datetime.fromtimestamp(now - COUNTS_FOR, UTC)
    pages = (
        stack.client("ssm")
        .get_paginator("list_command_invocations")
        .paginate(
            Filters=[
                {"key": "DocumentName", "value": document},
                {"key": "InvokedAfter", "value": since.strftime("%Y-%m-%dT%H:%M:%SZ")},
            ],
            Details=True,
            PaginationConfig={"PageSize": A_PAGE},
        )
    )
    runs = (each for page in pages for each in page["CommandInvocations"])
    return tuple(
        _invocation(each)
        for each in islice(runs, MOST_RUNS)
        if each.get("DocumentName", "").rpartition("/")[2] == document
    )


def _invocation(run: Mapping[str, Any]) -> Invocation:
    plugins = run.get("CommandPlugins") or [{}]
    return Invocation(
        instance=run["InstanceId"],
        at=run["RequestedDateTime"].timestamp(),
        status=run["Status"],
        output=str(plugins[0].get("Output", "")),
    )


def _tagged(client: Any, key: str, value: str) -> Iterator[Mapping[str, Any]]:
    return _informed(client, {"Key": f"tag:{key}", "Values": [value]})


def _tagged_at_all(client: Any, key: str) -> set[str]:
    return {each["InstanceId"] for each in _informed(client, {"Key": "tag-key", "Values": [key]})}


def _informed(client: Any, only: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    pages = client.get_paginator("describe_instance_information").paginate(
        Filters=[only], PaginationConfig={"PageSize": A_PAGE}
    )
    yield from islice((i for page in pages for i in page["InstanceInformationList"]), MOST_HOSTS)
