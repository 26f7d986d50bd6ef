"""`Tag Change on Resource` events from `aws.tag`, which moto does not emit.

AWS's fields: `changed-tag-keys`, the whole set of `tags` after the change (a removed key is
in the first and not in the second), a `version` that counts the resource's changes.
Emitted only when something changed, whichever API changed it. Here for VPCs alone.
https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-tag.html
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.tags import TagBackend
from moto.ec2.models.vpcs import VPCBackend

from local import partitions

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

_STOCK = {
    name: getattr(TagBackend, name) for name in ("create_tags", "delete_tags", "delete_tag_keys")
}
_STOCK_CREATE_VPC = VPCBackend.create_vpc

_current: EmbeddedAws
_versions: Counter[str] = Counter()
_lock = threading.RLock()
"""The lock of changed tags, which follow one another, so that versions and tags agree."""
_creating = threading.local()


def install(aws: EmbeddedAws) -> None:
    global _current
    _current = aws
    for name, stock in _STOCK.items():
        setattr(TagBackend, name, _watched(stock))
    VPCBackend.create_vpc = _create_vpc


def _watched(stock: Callable[..., bool]) -> Callable[..., bool]:
    def change(backend: EC2Backend, resource_ids: Sequence[str], tags: Any) -> bool:
        if getattr(_creating, "vpc", False):
            return stock(backend, resource_ids, tags)
        with _lock:
            before = {vpc: dict(backend.tags.get(vpc, {})) for vpc in _vpcs(resource_ids)}
            changed = stock(backend, resource_ids, tags)
            for vpc, old in before.items():
                _emit(backend, vpc, old)
        return changed

    return change


def _create_vpc(backend: EC2Backend, *args: Any, **kwargs: Any) -> Any:
    """Make a VPC, whose tags are one change as on AWS; moto adds them one by one."""
    _creating.vpc = True
    try:
        vpc = _STOCK_CREATE_VPC(backend, *args, **kwargs)
    finally:
        _creating.vpc = False
    with _lock:
        _emit(backend, vpc.id, {})
    return vpc


def _vpcs(resource_ids: Sequence[str]) -> list[str]:
    return [resource_id for resource_id in resource_ids if resource_id.startswith("vpc-")]


def _emit(backend: EC2Backend, vpc_id: str, old: dict[str, str]) -> None:
    new = dict(backend.tags.get(vpc_id, {}))
    changed = sorted(key for key in old | new if old.get(key) != new.get(key))
    if not changed:
        return
    _current.weather.past.changing(vpc_id, old)
    _versions[vpc_id] += 1
    region = backend.region_name
    _current.events.publish(
        source="aws.tag",
        detail_type="Tag Change on Resource",
        detail={
            "changed-tag-keys": changed,
            "service": "ec2",
            "resource-type": "vpc",
            "version": _versions[vpc_id],
            "tags": new,
        },
        resources=[partitions.arn("ec2", region, backend.account_id, f"vpc/{vpc_id}")],
        region=region,
    )
