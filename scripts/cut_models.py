"""Cut botocore's models down to the operations that the functions call.

    python scripts/cut_models.py

A client's start is mostly reading its service's model: Amazon EC2's has over 700 operations, and 18
are called. Writes into functions/connectivity/adapters/models, for each service, the whole model of
each operation that an adapter names, without the documentation, and its paginators and endpoint
rules; and botocore's table of endpoints with these services alone. Nothing else is changed. The
source is the botocore of this Python's environment, which the lock files pin.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import botocore
from botocore import xform_name
from botocore.exceptions import DataNotFoundError
from botocore.loaders import Loader

ADAPTERS = Path(__file__).parents[1] / "functions" / "connectivity" / "adapters"
MODELS = ADAPTERS / "models"
NOTICE = f"""\
Taken from botocore {botocore.__version__}, licensed by Amazon.com, Inc. or its affiliates under the
Apache License 2.0: the operations that this app calls, without their documentation.
"""
Json = Mapping[str, Any]


def write(target: Path = MODELS) -> None:
    """Write every cut model below `target`, in place of what is there."""
    shutil.rmtree(target, ignore_errors=True)
    loader = Loader()
    services = _services()
    for service in services:
        folder = target / service / loader.determine_latest_version(service, "service-2")
        folder.mkdir(parents=True)
        for name, model in _models(loader, service).items():
            _write(folder / f"{name}.json", model)
    _write(target / "endpoints.json", _endpoints(loader.load_data("endpoints"), services))
    (target / "NOTICE").write_text(NOTICE)


def called(service: str, operations: Iterable[str]) -> list[str]:
    """Return those of a service's operations that an adapter of this service names."""
    text = "".join(each for each in _sources() if f'client("{service}")' in each)
    return sorted(name for name in operations if re.search(rf'[."]{xform_name(name)}\b', text))


def _services() -> list[str]:
    return sorted(
        {name for text in _sources() for name in re.findall(r'client\("([\w-]+)"\)', text)}
    )


def _sources() -> Iterator[str]:
    for path in sorted(ADAPTERS.glob("*.py")):
        yield path.read_text()


def _models(loader: Loader, service: str) -> dict[str, Json]:
    """Return a service's files by their names."""
    whole = loader.load_service_model(service, "service-2")
    operations = called(service, whole["operations"])
    models: dict[str, Json] = {
        "service-2": _service(whole, operations),
        "endpoint-rule-set-1": loader.load_service_model(service, "endpoint-rule-set-1"),
    }
    try:
        pages = loader.load_service_model(service, "paginators-1")["pagination"]
    except DataNotFoundError:
        return models
    if kept := {name: pages[name] for name in operations if name in pages}:
        models["paginators-1"] = {"pagination": kept}
    return models


def _service(whole: Json, operations: Iterable[str]) -> Json:
    kept = {name: whole["operations"][name] for name in operations}
    shapes = _shapes(whole["shapes"], kept)
    cut: Json = _undocumented(
        {**whole, "operations": kept, "shapes": {name: whole["shapes"][name] for name in shapes}}
    )
    return {**cut, **_context_parameters(whole)}


def _context_parameters(whole: Json) -> Json:
    """Return the parameters of a client's own configuration, which Amazon S3 has: botocore reads
    their documentation, too."""
    said = whole.get("clientContextParams", {})
    named = {name: {**each, "documentation": ""} for name, each in said.items()}
    return {"clientContextParams": named} if named else {}


def _shapes(all_shapes: Json, operations: Json) -> list[str]:
    """Return the names of all shapes to which the operations lead."""
    found: set[str] = set()
    open_: list[Any] = [*operations.values()]
    while open_:
        new = set(_references(open_.pop())) - found
        found |= new
        open_ += [all_shapes[name] for name in new]
    return sorted(found)


def _references(model: Any) -> Iterator[str]:
    if isinstance(model, Mapping):
        if isinstance(model.get("shape"), str):
            yield model["shape"]
        for each in model.values():
            yield from _references(each)
    elif isinstance(model, list):
        for each in model:
            yield from _references(each)


def _undocumented(model: Any) -> Any:
    """Return a model without its documentation. A structure may have a member of that name, which
    is no text."""
    if isinstance(model, Mapping):
        return {
            name: _undocumented(value)
            for name, value in model.items()
            if not (name == "documentation" and isinstance(value, str))
        }
    return [*map(_undocumented, model)] if isinstance(model, list) else model


def _endpoints(whole: Json, services: Iterable[str]) -> Json:
    """Return the table of endpoints with these services alone, by their prefixes."""
    loader = Loader()
    prefixes = {
        loader.load_service_model(name, "service-2")["metadata"]["endpointPrefix"]
        for name in services
    }
    partitions = [
        {
            **partition,
            "services": {k: v for k, v in partition["services"].items() if k in prefixes},
        }
        for partition in whole["partitions"]
    ]
    return {**whole, "partitions": partitions}


def _write(file: Path, model: Json) -> None:
    file.write_text(json.dumps(model, separators=(",", ":")) + "\n", "utf-8")


if __name__ == "__main__":
    write()
    sys.stdout.write(f"{MODELS}\n")
