"""DynamoDB: one UpdateItem after another, each with its condition, and no read of half of one.

DynamoDB developer guide, "Condition expressions" and "Atomic counters": a write of one item is
atomic, and writes of one item are serialized. moto 5.2.5 reads, checks and writes without a lock,
so that of two at the same time one can be lost.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import DynamoDBBackend

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

_STOCK = {
    name: getattr(DynamoDBBackend, name)
    for name in ("update_item", "put_item", "delete_item", "get_item", "query", "scan")
}
_one_at_a_time = threading.RLock()


def _serialized(stock: Callable[..., Any]) -> Callable[..., Any]:
    """Let `stock` run alone, and answer with copies: moto returns the items themselves, and copies
    or writes them out when another may be changing them."""

    def work(backend: Any, *args: Any, **how: Any) -> Any:
        with _one_at_a_time:
            return copy.deepcopy(stock(backend, *args, **how))

    return work


def install(_aws: EmbeddedAws) -> None:
    for name, stock in _STOCK.items():
        setattr(DynamoDBBackend, name, _serialized(stock))
