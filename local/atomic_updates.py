"""DynamoDB: one UpdateItem after another, each with its condition.

DynamoDB developer guide, "Condition expressions" and "Atomic counters": a write of one item is
atomic, and writes of one item are serialized. moto 5.2.5 reads, checks and writes without a lock,
so that of two at the same time one can be lost.
"""

from __future__ import annotations

import copy
import threading
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import DynamoDBBackend

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

_stock_update_item = DynamoDBBackend.update_item
_one_at_a_time = threading.RLock()


def _update_item(backend: Any, *args: Any, **how: Any) -> Any:
    with _one_at_a_time:
        # moto returns the item itself, and writes the answer when another may have changed it.
        return copy.deepcopy(_stock_update_item(backend, *args, **how))


def install(_aws: EmbeddedAws) -> None:
    DynamoDBBackend.update_item = _update_item
