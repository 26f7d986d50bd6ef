"""Read what stands in an account and Region and is paid for, whose ever it is: lists in pages, and
by filters of up to 200 VPCs.

Sources: Amazon EC2 API reference, DescribeVpcEndpoints (200 values of a filter); Route 53 Resolver
API reference, ListResolverEndpoints (IpAddressCount); Route 53 Profiles API reference; AWS KMS API
reference, ListAliases.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from connectivity.adapters import wiring
from connectivity.domain.model import InterfaceEndpoint
from connectivity.domain.tags import OWNER

from ecs_anywhere.costs import Standing
from ecs_anywhere.stack import Stack

MOST_VALUES = 200
ALIASES = "alias/ecs-anywhere/"
_ENDPOINT = re.compile(r":vpc-endpoint/(vpce-[0-9a-f]+)$")
Found = TypeVar("Found")


def read_standing(stack: Stack) -> Standing:
    """Return what stands. What may not be looked at is named. Raises as the adapters do."""
    entries = wiring.ledger().entries()
    held = [entry.vpc_id for entry in entries if entry.held]
    seen = wiring.account().look(())
    endpoints = _interface_endpoints(stack, held)
    unseen: list[str] = []
    return Standing(
        entries=entries,
        seen=seen,
        endpoints=endpoints,
        addresses=_looked(unseen, "addresses of resolvers", lambda: _addresses(stack), {}),
        profiles=_looked(unseen, "Route 53 Profiles", lambda: _profiles(stack, held), {}),
        left_keys=_looked(unseen, "keys of stacks that are gone", lambda: _left_keys(stack), ()),
        unseen=tuple(unseen),
    )


def _looked(unseen: list[str], what: str, look: Callable[[], Found], nothing: Found) -> Found:
    try:
        return look()
    except (BotoCoreError, ClientError) as why:
        unseen.append(f"{what}: {why}")
        return nothing


def _interface_endpoints(
    stack: Stack, vpc_ids: Sequence[str]
) -> Mapping[str, tuple[InterfaceEndpoint, ...]]:
    found: defaultdict[str, list[InterfaceEndpoint]] = defaultdict(list)
    for each in _endpoints(stack, "vpc-id", vpc_ids):
        found[each.vpc].append(each)
    return {vpc_id: tuple(there) for vpc_id, there in found.items()}


def _endpoints(stack: Stack, name: str, values: Sequence[str]) -> Iterator[InterfaceEndpoint]:
    """Yield the interface endpoints by a filter of EC2."""
    pages = stack.client("ec2").get_paginator("describe_vpc_endpoints")
    for first in range(0, len(values), MOST_VALUES):
        wanted = [
            {"Name": name, "Values": list(values[first : first + MOST_VALUES])},
            {"Name": "vpc-endpoint-type", "Values": ["Interface"]},
        ]
        for page in pages.paginate(Filters=wanted):
            yield from map(_endpoint, page["VpcEndpoints"])


def _endpoint(described: Mapping[str, Any]) -> InterfaceEndpoint:
    tags = {each["Key"]: each["Value"] for each in described.get("Tags", ())}
    return InterfaceEndpoint(
        described["VpcEndpointId"],
        described["ServiceName"],
        described["State"].lower(),
        private_dns=described.get("PrivateDnsEnabled", False),
        subnets=tuple(described.get("SubnetIds", ())),
        owner=tags.get(OWNER),
        vpc=described["VpcId"],
    )


def _addresses(stack: Stack) -> dict[str, int]:
    pages = stack.client("route53resolver").get_paginator("list_resolver_endpoints").paginate()
    return {
        each["Id"]: int(each["IpAddressCount"])
        for page in pages
        for each in page["ResolverEndpoints"]
        if "IpAddressCount" in each
    }


def _profiles(stack: Stack, vpc_ids: Sequence[str]) -> dict[str, Mapping[str, str]]:
    """Return VPC -> service -> the interface endpoint that a Profile brings. One of another account
    is not seen."""
    client = stack.client("route53profiles")
    of_profile: defaultdict[str, list[str]] = defaultdict(list)
    for page in client.get_paginator("list_profile_associations").paginate():
        for each in page["ProfileAssociations"]:
            if each["ResourceId"] in vpc_ids:
                of_profile[each["ProfileId"]].append(each["ResourceId"])
    brought: defaultdict[str, dict[str, str]] = defaultdict(dict)
    lists = client.get_paginator("list_profile_resource_associations")
    for profile, vpcs in of_profile.items():
        arns = (
            each["ResourceArn"]
            for page in lists.paginate(ProfileId=profile)
            for each in page["ProfileResourceAssociations"]
        )
        ids = [found[1] for arn in arns if (found := _ENDPOINT.search(arn))]
        for endpoint in _endpoints(stack, "vpc-endpoint-id", ids):
            for vpc_id in vpcs:
                brought[vpc_id][endpoint.service_name] = endpoint.id
    return dict(brought)


def _left_keys(stack: Stack) -> tuple[str, ...]:
    """Return the aliases that this app gave to keys of stacks that are gone."""
    pages = stack.client("kms").get_paginator("list_aliases").paginate()
    names = [each["AliasName"] for page in pages for each in page["Aliases"]]
    ours = [name for name in names if name.startswith(ALIASES)]
    others = [name for name in ours if name != f"{ALIASES}{stack.owner}"]
    return tuple(name for name in others if not _exists(stack, name.removeprefix(ALIASES)))


def _exists(stack: Stack, name: str) -> bool:
    try:
        return bool(stack.client("cloudformation").describe_stacks(StackName=name)["Stacks"])
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return False
        raise
