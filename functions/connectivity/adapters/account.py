"""The whole account at once, through Amazon EC2, Route 53 Resolver and Parameter Store: a few
filtered lists, each in its largest pages.

The sizes of the pages are from the API references; EC2 gives 1,000 items a page at most, Route 53
Resolver 100 and DescribeParameters 50.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from connectivity.adapters.aws import each, filters, patient_client
from connectivity.adapters.endpoints import endpoint_of
from connectivity.adapters.resolvers import resolver_of
from connectivity.adapters.security_groups import group_of
from connectivity.adapters.vpcs import vpc_of
from connectivity.domain import tags
from connectivity.domain.model import InboundResolver, InterfaceEndpoint, SecurityGroup, Vpc
from connectivity.domain.whole_account import StoredParameter, WholeAccount

_EC2_PAGE, _RESOLVER_PAGE, _PARAMETER_PAGE = 1000, 100, 50
_MOST_VALUES = 200
"""Values that one filter of Amazon EC2 may have."""

Clients = Callable[[str], Any]
Thing = TypeVar("Thing")


class AwsAccount:
    """The port `Account` on AWS."""

    def __init__(self, owner: str, path: str, clients: Clients = patient_client) -> None:
        """`owner` is the value of our owner tag, `path` the path of our parameters."""
        self._owner, self._path = owner, path
        self._client = clients

    def look(self, adopted: Iterable[str]) -> WholeAccount:
        return WholeAccount(
            vpcs={vpc.id: vpc for vpc in self._vpcs()},
            endpoints=self._endpoints(sorted(adopted)),
            groups=self._groups(),
            resolvers={resolver.id: resolver for resolver in self._resolvers()},
            parameters=self._parameters(),
        )

    def _vpcs(self) -> Iterator[Vpc]:
        asking = filters(tag_key=[tags.WISH])
        return map(vpc_of, self._ec2("describe_vpcs", "Vpcs", asking))

    def _endpoints(self, adopted: list[str]) -> Mapping[str, tuple[InterfaceEndpoint, ...]]:
        """Return the VPC endpoints with our owner tag, and those with the ids `adopted`, by VPC.
        The ids are a filter, because one that is gone would fail the whole call."""
        asked = [
            self._ours(),
            *(
                filters(vpc_endpoint_id=adopted[first : first + _MOST_VALUES])
                for first in range(0, len(adopted), _MOST_VALUES)
            ),
        ]
        found = (
            item
            for which in asked
            for item in self._ec2("describe_vpc_endpoints", "VpcEndpoints", which)
        )
        return _by_vpc(
            (item["VpcId"], endpoint_of(item))
            for item in found
            if item["VpcEndpointType"] in {"Interface", "Gateway"}
        )

    def _groups(self) -> Mapping[str, tuple[SecurityGroup, ...]]:
        found = self._ec2("describe_security_groups", "SecurityGroups", self._ours())
        return _by_vpc((item["VpcId"], group_of(item)) for item in found)

    def _resolvers(self) -> Iterator[InboundResolver]:
        found = each(
            self._client("route53resolver"),
            "list_resolver_endpoints",
            "ResolverEndpoints",
            PaginationConfig={"PageSize": _RESOLVER_PAGE},
        )
        return map(resolver_of, found)

    def _parameters(self) -> Mapping[str, Mapping[str, StoredParameter]]:
        """Names and versions: no value is read, so that a sweep can read none."""
        found = each(
            self._client("ssm"),
            "describe_parameters",
            "Parameters",
            ParameterFilters=[{"Key": "Path", "Option": "Recursive", "Values": [self._path]}],
            PaginationConfig={"PageSize": _PARAMETER_PAGE},
        )
        stored: defaultdict[str, dict[str, StoredParameter]] = defaultdict(dict)
        for item in found:
            name, modified = item["Name"], item["LastModifiedDate"]
            vpc_id = name.removeprefix(f"{self._path}/").partition("/")[0]
            stored[vpc_id][name] = StoredParameter(int(item["Version"]), modified.timestamp())
        return stored

    def _ec2(
        self, operation: str, key: str, which: list[dict[str, Any]]
    ) -> Iterator[dict[str, Any]]:
        pages = {"PageSize": _EC2_PAGE}
        return each(self._client("ec2"), operation, key, Filters=which, PaginationConfig=pages)

    def _ours(self) -> list[dict[str, Any]]:
        return [{"Name": f"tag:{tags.OWNER}", "Values": [self._owner]}]


def _by_vpc(found: Iterable[tuple[str, Thing]]) -> Mapping[str, tuple[Thing, ...]]:
    grouped: defaultdict[str, list[Thing]] = defaultdict(list)
    for vpc_id, thing in found:
        grouped[vpc_id].append(thing)
    return {vpc_id: tuple(things) for vpc_id, things in grouped.items()}
