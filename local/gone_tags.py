"""DescribeTags without the tags of what is gone, which moto 5.2.5 lists for ever."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.tags import TagBackend

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

_stock = TagBackend.describe_tags


def install(_: EmbeddedAws) -> None:
    TagBackend.describe_tags = _describe_tags


def _describe_tags(backend: EC2Backend, filters: Any = None) -> list[dict[str, str]]:
    return [tag for tag in _stock(backend, filters) if _is_there(backend, tag["resource_id"])]


def _is_there(backend: EC2Backend, id_: str) -> bool:
    """Tell whether a resource exists; of a kind that is not known here, that it does."""
    is_there = _KINDS.get(id_.rpartition("-")[0])
    return is_there is None or is_there(backend, id_)


_KINDS: Mapping[str, Callable[[EC2Backend, str], bool]] = {
    "vpc": lambda backend, id_: id_ in backend.vpcs,
    "subnet": lambda backend, id_: any(id_ in zone for zone in list(backend.subnets.values())),
    "sg": lambda backend, id_: any(id_ in vpc for vpc in list(backend.groups.values())),
    "vpce": lambda backend, id_: id_ in backend.vpc_end_points,
    "eni": lambda backend, id_: id_ in backend.enis,
}
"""The beginning of an id -> whether what has the id is there."""
