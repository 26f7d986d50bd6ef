"""DescribeTags without the tags of what is gone, which moto 5.2.5 lists for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.tags import TagBackend

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

_TOGETHER = {
    "acl": "network_acls",
    "eni": "enis",
    "igw": "internet_gateways",
    "pcx": "vpc_pcxs",
    "rtb": "route_tables",
    "vgw": "vpn_gateways",
    "vpc": "vpcs",
    "vpce": "vpc_end_points",
}
"""The beginning of an id -> moto's name of the resources that have such ids, by id."""
_APART = {"sg": "groups", "subnet": "subnets"}
"""The same of the resources that moto keeps by their VPC or zone."""
_stock = TagBackend.describe_tags


def install(_: EmbeddedAws) -> None:
    TagBackend.describe_tags = _describe_tags


def _describe_tags(backend: EC2Backend, filters: Any = None) -> list[dict[str, str]]:
    return [tag for tag in _stock(backend, filters) if _is_there(backend, tag["resource_id"])]


def _is_there(backend: EC2Backend, id_: str) -> bool:
    """Tell whether a resource exists; of a kind that is not known here, that it does."""
    kind = id_.rpartition("-")[0]
    if kind in _TOGETHER:
        return id_ in getattr(backend, _TOGETHER[kind])
    if kind in _APART:
        return any(id_ in part for part in list(getattr(backend, _APART[kind]).values()))
    return True
