"""Looking up what moto 5.2.5 searches for: nothing answers otherwise, and it takes a fraction.

For every request moto lists its own folder and asks for the account of a key in every partition,
which makes eight IAMs with all of AWS's managed policies. For the tags of one thing it goes through
those of all things: a filter on six hundred endpoints reads all tags six hundred times.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from moto import backends
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, get_prefix
from moto.iam import models as iam

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

_TAG_FILTERS = ("tag:", "tag-key", "tag-value")

_stock_modules = backends.list_of_moto_modules
_stock_tags = TaggedEC2Resource.get_tags
_stock_filter_value = TaggedEC2Resource.get_filter_value


@functools.cache
def _modules() -> tuple[str, ...]:
    return tuple(_stock_modules())


def _account_of(access_key: str) -> str:
    for account_id, partitions in list(iam.iam_backends.items()):
        if any(access_key in backend.access_keys for backend in list(partitions.values())):
            return str(account_id)
    return str(iam.DEFAULT_ACCOUNT_ID)


def _tags(resource: Any) -> list[dict[str, str]]:
    if not resource.id:
        return []
    kind = EC2_PREFIX_TO_RESOURCE.get(get_prefix(resource.id), "")
    tags = resource.ec2_backend.tags.get(resource.id, {})
    return [
        {"resource_id": resource.id, "key": key, "value": value, "resource_type": kind}
        for key, value in list(tags.items())
    ]


def _filter_value(resource: Any, filter_name: str, method_name: str | None = None) -> Any:
    """Return the value that a filter compares. moto reads the tags first, also for a filter on
    something else."""
    if not filter_name.startswith(_TAG_FILTERS):
        value = getattr(resource, filter_name.lower().replace("-", "_"), None)
        if value is not None:
            return value
    return _stock_filter_value(resource, filter_name, method_name)


def install(_aws: EmbeddedAws) -> None:
    backends.list_of_moto_modules = _modules
    iam.get_account_id_from = _account_of
    TaggedEC2Resource.get_tags = _tags
    TaggedEC2Resource.get_filter_value = _filter_value
