"""The look at the whole account: how many calls and how much memory it takes with many VPCs."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from connectivity.adapters.account import AwsAccount
from connectivity.domain.whole_account import WholeAccount

from tests.unit.example import US

PATH = "/ecs-anywhere/private-connectivity"
OURS = [{"Key": "ecs-anywhere:owner", "Value": US}]
SERVICES = ("ec2messages", "ecs", "ecs-agent", "ecs-telemetry", "ssm", "ssmmessages")
FUNCTION_MEMORY = 256 * 2**20
"""Bytes that the sweep's function has: MemorySize in template.yaml."""
OLD = datetime(2026, 11, 23, tzinfo=UTC)


class Paged:
    """Stands for the client of a service: answers lists in pages as large as they are asked for,
    and makes each item when its page is asked for, as AWS sends it."""

    def __init__(self, lists: dict[str, tuple[str, int, Callable[[int], dict[str, Any]]]]) -> None:
        """`lists` are the operations: the key of their items, how many there are, and what makes
        one of them by its number."""
        self._lists = lists
        self.calls: list[str] = []

    def get_paginator(self, operation: str) -> Any:
        return _Paginator(self, operation)

    def pages(self, operation: str, size: int) -> Iterator[dict[str, Any]]:
        key, number, item = self._lists[operation]
        for first in range(0, max(1, number), size):
            self.calls.append(operation)
            yield {key: [item(each) for each in range(first, min(number, first + size))]}


class _Paginator:
    def __init__(self, client: Paged, operation: str) -> None:
        self._client, self._operation = client, operation

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        return self._client.pages(self._operation, asked["PaginationConfig"]["PageSize"])


def account_of(vpcs: int) -> tuple[AwsAccount, list[Paged]]:
    """Return an account in which so many VPCs are connected, each with six interface endpoints, one
    resolver, three security groups, two parameters and two hosts that acknowledged."""
    clients = {
        "ec2": Paged(
            {
                "describe_vpcs": ("Vpcs", vpcs, _vpc),
                "describe_vpc_endpoints": ("VpcEndpoints", 6 * vpcs, _endpoint),
                "describe_security_groups": ("SecurityGroups", 3 * vpcs, _group),
            }
        ),
        "route53resolver": Paged(
            {"list_resolver_endpoints": ("ResolverEndpoints", vpcs, _resolver)}
        ),
        "ssm": Paged({"describe_parameters": ("Parameters", 2 * vpcs, _parameter)}),
    }
    return AwsAccount(US, PATH, clients=lambda service: clients[service]), [*clients.values()]


def _id(number: int, kind: str = "vpc") -> str:
    return f"{kind}-{number:017x}"


def _vpc(number: int) -> dict[str, Any]:
    wish = [{"Key": "ecs-anywhere:private-connectivity", "Value": "enabled"}]
    association = {"CidrBlock": "10.0.0.0/16", "CidrBlockState": {"State": "associated"}}
    return {
        "VpcId": _id(number),
        "CidrBlock": "10.0.0.0/16",
        "CidrBlockAssociationSet": [association],
        "Tags": wish,
        "State": "available",
    }


def _endpoint(number: int) -> dict[str, Any]:
    vpc, service = divmod(number, 6)
    return {
        "VpcEndpointId": _id(number, "vpce"),
        "VpcEndpointType": "Interface",
        "VpcId": _id(vpc),
        "ServiceName": f"com.amazonaws.us-east-2.{SERVICES[service]}",
        "State": "available",
        "PrivateDnsEnabled": True,
        "Groups": [{"GroupId": _id(3 * vpc, "sg"), "GroupName": "endpoints"}],
        "SubnetIds": [_id(2 * vpc, "subnet"), _id(2 * vpc + 1, "subnet")],
        "NetworkInterfaceIds": [_id(2 * number, "eni"), _id(2 * number + 1, "eni")],
        "DnsEntries": [{"DnsName": f"{_id(number, 'vpce')}.{n}.example"} for n in range(4)],
        "PolicyDocument": '{"Statement":[{"Action":"*","Effect":"Allow","Resource":"*"}]}',
        "Tags": OURS,
    }


def _group(number: int) -> dict[str, Any]:
    rule = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "IpRanges": [{"CidrIp": f"10.{n}.0.0/16"} for n in range(20)],
    }
    return {
        "GroupId": _id(number, "sg"),
        "GroupName": f"ecs-anywhere-{number}",
        "VpcId": _id(number // 3),
        "IpPermissions": [rule],
        "IpPermissionsEgress": [],
        "Tags": OURS,
    }


def _resolver(number: int) -> dict[str, Any]:
    return {
        "Id": _id(number, "rslvr-in"),
        "HostVPCId": _id(number),
        "Name": "ours",
        "Direction": "INBOUND",
        "Status": "OPERATIONAL",
        "Protocols": ["Do53"],
        "SecurityGroupIds": [_id(3 * number + 1, "sg")],
        "CreatorRequestId": "token",
        "ModificationTime": "2026-11-23T12:00:00.000000Z",
    }


def _parameter(number: int) -> dict[str, Any]:
    vpc, which = divmod(number, 2)
    name = f"{PATH}/{_id(vpc)}/{('forwarding', 'resolver-ips')[which]}"
    return {"Name": name, "Version": 1, "LastModifiedDate": OLD, "Type": "String"}


def look_at(vpcs: int) -> tuple[WholeAccount, int]:
    """Return what there is, and the number of calls."""
    account, clients = account_of(vpcs)
    return account.look(()), sum(len(client.calls) for client in clients)


@pytest.mark.parametrize(("vpcs", "calls"), [(1, 5), (50, 6), (100, 8), (1000, 60)])
def test_the_look_takes_as_many_calls_as_there_are_full_pages(vpcs: int, calls: int) -> None:
    """With one more for the executions and one for each MB of the ledger, a sweep of 100 VPCs makes
    at most 10, and one of 1,000 at most 70."""
    seen, made = look_at(vpcs)
    assert made == calls
    assert len(seen.vpcs) == len(seen.resolvers) == len(seen.parameters) == vpcs
    assert {len(found) for found in seen.endpoints.values()} == {6}
    assert {len(found) for found in seen.groups.values()} == {3}


def test_a_look_at_a_thousand_vpcs_stays_within_half_the_function_s_memory() -> None:
    """The SDK and the code take some 60 MB; of a list only one page is held at a time."""
    tracemalloc.start()
    try:
        seen, _ = look_at(1000)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(seen.vpcs) == 1000
    assert most < FUNCTION_MEMORY / 2 - 60 * 2**20, f"{most / 2**20:.0f} MB"
