"""Calls that read what another call writes at the same time. moto 5.2.5 goes through the
dictionaries of its backends, and a call fails where another thread adds something meanwhile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from moto.ec2.models import EC2Backend, ec2_backends
from moto.route53.models import Route53Backend, route53_backends
from moto.route53resolver.models import Route53ResolverBackend, route53resolver_backends

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

_BACKENDS = {
    EC2Backend: ec2_backends,
    Route53Backend: route53_backends,
    Route53ResolverBackend: route53resolver_backends,
}
_STOCK: dict[type[Any], Callable[..., None]] = {kind: kind.__init__ for kind in _BACKENDS}


class Steady(dict[Any, Any]):
    """A dictionary of which everybody goes through a copy. CPython makes the copy in one go."""

    def __iter__(self) -> Iterator[Any]:
        return iter(list(dict.keys(self)))

    def keys(self) -> Any:
        return self.copy().keys()

    def values(self) -> Any:
        return self.copy().values()

    def items(self) -> Any:
        return self.copy().items()

    def copy(self) -> dict[Any, Any]:
        return dict(dict.items(self))


class SteadyGroups(Steady):
    """A dictionary of dictionaries, of which each is there as soon as it is asked for."""

    def __missing__(self, key: Any) -> Steady:
        made: Steady = self.setdefault(key, Steady())
        return made


def install(_: EmbeddedAws) -> None:
    for kind, backends in _BACKENDS.items():
        kind.__init__ = _beginning(_STOCK[kind])
        for account in list(backends.values()):
            for backend in list(account.values()):
                _steady(backend)


def _beginning(stock: Callable[..., None]) -> Callable[..., None]:
    def begin(backend: Any, *args: Any, **kwargs: Any) -> None:
        stock(backend, *args, **kwargs)
        _steady(backend)

    return begin


def _steady(backend: Any) -> None:
    for name, held in list(vars(backend).items()):
        if type(held) is dict:
            setattr(backend, name, Steady(held))
        elif type(held) is defaultdict and held.default_factory is dict:
            parts = {key: Steady(part) for key, part in held.items()}
            setattr(backend, name, SteadyGroups(parts))
