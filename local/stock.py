"""moto's own functions and methods, put back when the last embedded AWS of a process stops.

A gap replaces methods of moto's classes, and the replacement holds the engine it was made for: its
weather, its clock, its networks. Left in place, it would answer in the next engine of the process,
and what a test sees would hang on which tests ran before it.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

_NOTHING = object()
_applied: list[functools._lru_cache_wrapper[None]] = []


def applied_once(patch: Callable[[], None]) -> Callable[[], None]:
    """Let `patch`, which wraps what is there, wrap it once however many engines run."""
    cached = functools.cache(patch)
    _applied.append(cached)
    return cached


class Stock:
    """The code in each of moto's modules and classes that was loaded when this was made."""

    def __init__(self) -> None:
        self._kept = [(owner, dict(vars(owner))) for owner in _owners()]

    def put_back(self) -> None:
        """Give every function and method that was replaced its place again; take off added ones."""
        for owner, before in self._kept:
            for name, value in list(vars(owner).items()):
                if _is_code(value) and before.get(name, _NOTHING) is not value:
                    _restore(owner, name, before)
        for patch in _applied:
            patch.cache_clear()


def _is_code(value: Any) -> bool:
    return callable(value) or isinstance(value, property | classmethod)


def _restore(owner: Any, name: str, before: dict[str, Any]) -> None:
    if name in before:
        setattr(owner, name, before[name])
    else:
        delattr(owner, name)


def _owners() -> Iterator[ModuleType | type]:
    """Yield moto's loaded modules, and each class where it is defined."""
    for name, module in list(sys.modules.items()):
        if name == "moto" or name.startswith("moto."):
            yield module
            for value in list(vars(module).values()):
                if isinstance(value, type) and value.__module__ == name:
                    yield value
