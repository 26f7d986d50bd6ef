"""botocore's model files, each read once in a process.

Every session reads them anew, and the services behind this AWS make many sessions: half of a
deployment's processor time went into the same JSON. botocore shares what it read among the
clients of a session already, so nobody changes it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.loaders import JSONFileLoader

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

_STOCK = JSONFileLoader.load_file


@cache
def _read(path: str) -> Any:
    return _STOCK(JSONFileLoader(), path)


def _load_file(_loader: JSONFileLoader, file_path: str) -> Any:
    return _read(file_path)


def install(_aws: EmbeddedAws) -> None:
    JSONFileLoader.load_file = _load_file  # type: ignore[method-assign,assignment]
