"""botocore's model files, each read once in a process, and its folder of them.

Every session reads them anew, and the services behind this AWS make many sessions: half of a
deployment's processor time went into the same JSON. botocore shares what it read among the
clients of a session already, so nobody changes it. Of Amazon S3 it does: a client takes the bucket
out of the paths of its model (`botocore.handlers.remove_bucket_from_url_paths_from_model`), and the
gateway, which reads requests by them, would recognise none any more.

moto reads, when it is imported, which Region and zone offers which type of machine: seventy files.
Nobody starts a machine here, and they stay unread.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.loaders import JSONFileLoader, Loader
from moto.utilities import utils

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

_STOCK = JSONFileLoader.load_file
_STOCK_LIST = Loader.list_available_services
_STOCK_RESOURCE = utils.load_resource

_UNREAD = "instance_type_offerings"
_CHANGED = ("/s3/", "/s3control/")
"""Parts of the paths of models that clients change, each in its own copy."""


@cache
def _read(path: str) -> Any:
    return _STOCK(JSONFileLoader(), path)


def _load_file(_loader: JSONFileLoader, file_path: str) -> Any:
    if any(part in file_path for part in _CHANGED):
        return _STOCK(JSONFileLoader(), file_path)
    return _read(file_path)


@cache
def _listed(search_paths: tuple[str, ...], type_name: str) -> tuple[str, ...]:
    loader = Loader(include_default_search_paths=False)
    loader.search_paths.extend(search_paths)
    return tuple(_STOCK_LIST(loader, type_name))


def _list_available_services(loader: Loader, type_name: str) -> list[str]:
    return [*_listed(tuple(loader.search_paths), type_name)]


def _load_resource(resource: str) -> Any:
    return [] if _UNREAD in resource else _STOCK_RESOURCE(resource)


def install(_aws: EmbeddedAws) -> None:
    utils.load_resource = _load_resource
    Loader.list_available_services = _list_available_services  # type: ignore[method-assign,assignment]
    JSONFileLoader.load_file = _load_file  # type: ignore[method-assign,assignment]
