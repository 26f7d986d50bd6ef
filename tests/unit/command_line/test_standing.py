"""What `costs` reads: by filters and in pages, and what it may not read it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError
from ecs_anywhere import standing

PROFILE, VPC = "rp-1", "vpc-0a1b2c3d"


@dataclass
class Pages:
    """A client whose operations answer with these items, a page each."""

    items: Mapping[str, tuple[str, list[dict[str, Any]]]] = field(default_factory=dict)
    """Operation -> key of its list, and the items."""
    stacks: tuple[str, ...] = ()
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def get_paginator(self, operation: str) -> Paginator:
        return Paginator(self, operation)

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803 (AWS's name)
        if StackName not in self.stacks:
            raise refused("ValidationError", "DescribeStacks")
        return {"Stacks": [{"StackName": StackName}]}


@dataclass
class Paginator:
    client: Pages
    operation: str

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        self.client.asked.append((self.operation, asked))
        key, items = self.client.items[self.operation]
        return iter([{key: [item]} for item in items])


@dataclass
class Clients:
    """A stack's clients."""

    clients: Mapping[str, Pages]
    owner: str = "private-connectivity"

    def client(self, service: str) -> Any:
        return self.clients[service]


def stack(**clients: Pages) -> Any:
    return Clients(clients)


def refused(code: str, operation: str) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "no"}}
    return ClientError(answer, operation)


def endpoint(id_: str, vpc: str = VPC) -> dict[str, Any]:
    return {
        "VpcEndpointId": id_,
        "ServiceName": "com.amazonaws.us-east-2.ssm",
        "State": "available",
        "SubnetIds": ["subnet-a"],
        "VpcId": vpc,
        "Tags": [{"Key": "ecs-anywhere:owner", "Value": "private-connectivity"}],
    }


def test_interface_endpoints_are_asked_for_by_two_hundred_vpcs_a_call() -> None:
    ec2 = Pages({"describe_vpc_endpoints": ("VpcEndpoints", [endpoint("vpce-1")])})
    vpc_ids = [f"vpc-{number:08x}" for number in range(450)]
    found = standing._interface_endpoints(stack(ec2=ec2), vpc_ids)
    asked = [filters["Filters"][0]["Values"] for _, filters in ec2.asked]
    assert [len(values) for values in asked] == [200, 200, 50]
    assert found[VPC][0].owner == "private-connectivity"


def test_only_profiles_of_our_vpcs_are_looked_into() -> None:
    associations = [
        {"ProfileId": PROFILE, "ResourceId": VPC},
        {"ProfileId": "rp-2", "ResourceId": "vpc-ffffffff"},
    ]
    brought = [
        {"ResourceArn": "arn:aws:ec2:us-east-2:123456789012:vpc-endpoint/vpce-0a"},
        {"ResourceArn": "arn:aws:route53:::hostedzone/Z1"},
    ]
    profiles = Pages(
        {
            "list_profile_associations": ("ProfileAssociations", associations),
            "list_profile_resource_associations": ("ProfileResourceAssociations", brought),
        }
    )
    ec2 = Pages({"describe_vpc_endpoints": ("VpcEndpoints", [endpoint("vpce-0a", "vpc-hub")])})
    found = standing._profiles(stack(route53profiles=profiles, ec2=ec2), [VPC])
    assert found == {VPC: {"com.amazonaws.us-east-2.ssm": "vpce-0a"}}
    assert [asked for _, asked in profiles.asked] == [{}, {"ProfileId": PROFILE}]
    assert ec2.asked[0][1]["Filters"][0] == {"Name": "vpc-endpoint-id", "Values": ["vpce-0a"]}


def test_a_key_is_left_only_where_its_stack_is_gone() -> None:
    names = ["alias/aws/ssm", *(f"{standing.ALIASES}{n}" for n in ("old", "other"))]
    names.append(f"{standing.ALIASES}private-connectivity")
    kms = Pages({"list_aliases": ("Aliases", [{"AliasName": name} for name in names])})
    left = standing._left_keys(stack(kms=kms, cloudformation=Pages(stacks=("other",))))
    assert left == ("alias/ecs-anywhere/old",)


def test_what_may_not_be_looked_at_is_named_and_the_rest_is_told() -> None:
    def look() -> dict[str, int]:
        raise refused("AccessDenied", "ListAliases")

    unseen: list[str] = []
    nothing: dict[str, int] = {}
    assert standing._looked(unseen, "keys", look, nothing) == {}
    assert unseen[0].startswith("keys: ")
    assert "AccessDenied" in unseen[0]
