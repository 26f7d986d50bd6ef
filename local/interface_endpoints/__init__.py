"""VPC endpoints that behave as AWS's: what is offered, what is refused, and how long it takes.

`aws.interface_endpoints` is the part; its `withhold` makes this AWS offer less.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import InvalidNextToken
from moto.ec2.models.vpcs import VPCBackend
from moto.ec2.responses.vpcs import VPCs

from local.interface_endpoints import services
from local.interface_endpoints.lifecycle import InterfaceEndpoints
from local.private_dns import answers_of

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

LARGEST_PAGE = 1000


def install(aws: EmbeddedAws) -> None:
    answers = answers_of(aws)
    part = InterfaceEndpoints(aws.clock, lambda: aws.settings.lifecycles, answers, aws.weather)
    answers.sources.append(part.add_answers)
    aws.interface_endpoints = part
    _patch_moto(part)


def _patch_moto(part: InterfaceEndpoints) -> None:
    """Replace these methods of moto as a whole, so that the part installed last answers."""

    def create(response: Any) -> ActionResult:
        tags = response._parse_tag_specification("vpc-endpoint").get("vpc-endpoint", {})
        endpoint = part.create(response.ec2_backend, dict(response.params), tags)
        return ActionResult({"VpcEndpoint": endpoint})

    def modify(response: Any) -> ActionResult:
        part.modify(response.ec2_backend, response.params)
        return ActionResult({"Return": True})

    def delete(response: Any) -> ActionResult:
        ids = response._get_param("VpcEndpointIds", [])
        return ActionResult({"Unsuccessful": part.delete(response.ec2_backend, ids)})

    def describe(response: Any) -> ActionResult:
        ids = response._get_param("VpcEndpointIds", [])
        found = part.describe(response.ec2_backend, ids, response._filters_from_querystring())
        size = response._get_int_param("MaxResults", LARGEST_PAGE)
        page, token = _page(found, size, response._get_param("NextToken"))
        return ActionResult({"VpcEndpoints": page, "NextToken": token})

    VPCs.create_vpc_endpoint = create
    VPCs.modify_vpc_endpoint = modify
    VPCs.delete_vpc_endpoints = delete
    VPCs.describe_vpc_endpoints = describe
    VPCBackend._filter_endpoint_services = staticmethod(services.matching)
    VPCBackend._collect_default_endpoint_services = staticmethod(part.offered)


def _page(
    found: Sequence[dict[str, Any]], size: int, token: str | None
) -> tuple[Sequence[dict[str, Any]], str | None]:
    """Return one page, and the token of the next: the id of its first endpoint."""
    ids = [endpoint["VpcEndpointId"] for endpoint in found]
    if token and token not in ids:
        raise InvalidNextToken(token)
    start = ids.index(token) if token else 0
    return found[start : start + size], next(iter(ids[start + size :]), None)
