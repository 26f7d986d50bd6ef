"""The story in AWS's other partitions: GovCloud (US), China, and the European Sovereign Cloud.

Only the names differ: ARNs, the domain of AWS's names, the prefixes of some services' names.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ecs_anywhere_dns.document import read_document
from ecs_anywhere_dns.pinned.belief import check_believed
from ecs_anywhere_dns.settings import Settings

from local.ask import ask
from local.example_vpc import make_vpc, remnants, tag, tags_of
from tests.story.apart import WITHHELD, Apart, apart
from tests.story.app import DETAIL, SERVICES, STATUS, WISH, until

ACCOUNT = "123456789012"
RECORDED = Path(__file__).parents[1] / "onprem" / "data"
"""The published documents of these stories, which the pick-up tool's tests read."""
PLAIN = ("ecs-agent", "ecs-telemetry", "ecs", "ssm", "ssmmessages", "logs")
"""Services that have the prefix `com.amazonaws` everywhere."""


@dataclass(frozen=True)
class Partition:
    """What is particular to it."""

    arn: str
    domain: str
    ecr: str
    """The prefix of the names of Amazon ECR's services."""
    s3: str
    """The prefix of the name of Amazon S3's service for interface endpoints."""
    ec2messages: bool = True
    """Whether the Region offers it."""


PARTITIONS = {
    "us-gov-west-1": Partition("aws-us-gov", "amazonaws.com", "com.amazonaws", "com.amazonaws"),
    "cn-north-1": Partition("aws-cn", "amazonaws.com.cn", "cn.com.amazonaws", "cn.com.amazonaws"),
    "eusc-de-east-1": Partition(
        "aws-eusc", "amazonaws.eu", "eu.amazonaws", "com.amazonaws", ec2messages=False
    ),
}


@pytest.fixture(autouse=True)
def told_apart() -> None:
    """Nothing to tell apart: each of these has an AWS of its own."""


@pytest.mark.parametrize("region", PARTITIONS)
def test_a_vpc_is_connected_and_left_as_it_was_in_every_partition(region: str) -> None:
    there = PARTITIONS[region]
    with apart(region) as aws:
        ec2 = aws.client("ec2")
        vpc_id = make_vpc(ec2)
        tag(ec2, vpc_id, {WISH: "enabled", SERVICES: f"ecr+logs+{WITHHELD}"})
        assert f"left out: {SERVICES} of {vpc_id} asks for {WITHHELD} which" in (
            _said(aws, vpc_id, "connected")
        ), "what the partition lacks is named"
        asked = f'asks for "{WITHHELD}", which is no interface endpoint service in {region}'
        assert asked in _detail(aws, vpc_id)
        tag(ec2, vpc_id, {SERVICES: "ecr+logs"})
        until(lambda: "left out" not in _said(aws, vpc_id, "connected"))
        endpoints = ec2.describe_vpc_endpoints()["VpcEndpoints"]
        assert {(e["VpcEndpointType"], e["ServiceName"]) for e in endpoints} == _served(region)
        document = _published(aws, vpc_id)
        assert all(name.endswith(f".{region}.{there.domain}") for name in document["names"])
        _answered_as_published(aws, document)
        _believed(document)
        assert document["names"].keys() == _recorded(region)["names"].keys()
        assert document["zones"] == _recorded(region)["zones"]
        ec2.delete_tags(Resources=[vpc_id], Tags=[{"Key": WISH}])
        _said(aws, vpc_id, "removed")
        assert not any(remnants(aws, vpc_id).values())
        _spoken_in_its_own_partition(aws, there)


def _said(aws: Apart, vpc_id: str, status: str) -> str:
    """Wait for a status, and return its details."""
    ec2 = aws.client("ec2")
    until(lambda: tags_of(ec2, vpc_id).get(STATUS) == status)
    return tags_of(ec2, vpc_id)[DETAIL]


def _detail(aws: Apart, vpc_id: str) -> str:
    """Return the whole details of the status, as the ledger has them."""
    [table] = aws.client("dynamodb").list_tables()["TableNames"]
    key = {"id": {"S": f"{ACCOUNT}#{aws.region}#{vpc_id}"}}
    return str(aws.client("dynamodb").get_item(TableName=table, Key=key)["Item"]["detail"]["S"])


def _served(region: str) -> set[tuple[str, str]]:
    """Return type and service name of every endpoint that a VPC with ecr+logs has."""
    there = PARTITIONS[region]
    plain = (*PLAIN, *(("ec2messages",) if there.ec2messages else ()))
    interfaces = {
        *(f"com.amazonaws.{region}.{service}" for service in plain),
        *(f"{there.ecr}.{region}.{service}" for service in ("ecr.api", "ecr.dkr")),
        f"{there.s3}.{region}.s3",
    }
    gateway = ("Gateway", f"com.amazonaws.{region}.s3")
    return {gateway, *(("Interface", name) for name in interfaces)}


def _published(aws: Apart, vpc_id: str) -> dict[str, Any]:
    name = f"{aws.outputs['ParameterPath']}/{vpc_id}/forwarding"
    found = aws.client("ssm").get_parameter(Name=name)["Parameter"]
    return dict(json.loads(found["Value"]))


def _answered_as_published(aws: Apart, document: dict[str, Any]) -> None:
    """By real packets, at every address of the inbound resolver."""
    inbound = aws.inbound()
    assert sorted(address.ip for address in inbound) == document["resolverIps"]
    for address in inbound:
        for name, addresses in document["names"].items():
            assert ask(address, name) == tuple(sorted(addresses)), name


def _believed(document: dict[str, Any]) -> None:
    """By the pick-up tool of a host that pins nothing but account, Region, VPC and network."""
    check_believed(
        read_document(json.dumps(document)),
        Settings(
            vpc=document["vpcId"],
            region=document["region"],
            server="bind",
            account=ACCOUNT,
            networks=("10.0.0.0/16",),
            signature="none",
        ),
    )


def _recorded(region: str) -> dict[str, Any]:
    return dict(json.loads((RECORDED / f"published-in-{region}.json").read_text()))


def _spoken_in_its_own_partition(aws: Apart, there: Partition) -> None:
    """No call of the app names a thing of another partition, and none is refused."""
    calls = [call for call in aws.calls() if call["role_arn"]]
    assert {call["role_arn"].split(":")[1] for call in calls} == {there.arn}
    assert "arn:aws:" not in json.dumps(calls)
