"""Work of moto with the same result for each call, done once.

For every call moto lists the methods of a service's class, and for every member of an answer it
works out anew under which names the value may be kept; this was a quarter of a story's processor
time. What it finds depends on classes and on botocore's models, and neither changes in a process.
Whenever a service's state is looked up, moto looks for the service among all that were ever used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from moto.core import responses
from moto.core.base_backend import BackendDict
from moto.core.serialize import AttributePicker, XFormedAttributePicker
from moto.core.utils import method_names_from_class

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

PossibleKeys = Callable[[Any, Any], Iterable[str]]

_method_names = cache(method_names_from_class)


def _worked_out_once(stock: PossibleKeys) -> PossibleKeys:
    """Return `stock`, which is asked once for each place of a value: the picker's kind and its
    providers of aliases, the class of the object, and the member of the model."""
    known: dict[Any, tuple[str, ...]] = {}

    def possible_keys(picker: Any, context: Any) -> tuple[str, ...]:
        place = (
            type(picker),
            tuple(picker.alias_providers),
            type(context.obj),
            context.shape,
            context.key,
        )
        keys = known.get(place)
        if keys is None:
            keys = known[place] = tuple(dict.fromkeys(stock(picker, context)))
        return keys

    return possible_keys


_STOCK = {kind: kind.get_possible_keys for kind in (AttributePicker, XFormedAttributePicker)}


_STOCK_STATE = BackendDict.__getitem__
_used: set[str] = set()
"""Services whose state moto will forget at a reset, which empties moto's own list of them."""


def _state(service: BackendDict[Any], account_id: str) -> Any:
    if not BackendDict._instances:
        _used.clear()
    if service._id in _used and account_id in service:
        return dict.__getitem__(service, account_id)
    _used.add(service._id)
    return _STOCK_STATE(service, account_id)


def install(_aws: EmbeddedAws) -> None:
    BackendDict.__getitem__ = _state
    responses.method_names_from_class = _method_names
    for kind, stock in _STOCK.items():
        kind.get_possible_keys = _worked_out_once(stock)
