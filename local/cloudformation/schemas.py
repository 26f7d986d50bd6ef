"""AWS's own schemas of resource types: their properties, and those whose change means replacement.

The schemas are cfn-lint's copy of CloudFormation's registry. `createOnlyProperties` are those that
AWS's documents call "Update requires: Replacement"; for `conditionalCreateOnlyProperties` the
resource's handler decides, and here they replace as well, but for the exceptions in `IN_PLACE_IF`.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

Properties = Mapping[str, Any]

IN_PLACE_IF: Mapping[str, tuple[str, str]] = {
    "AWS::SSM::Document": ("UpdateMethod", "NewVersion"),
}
"""Type -> property and value with which its conditional properties are changed in place. (Template
reference, AWS::SSM::Document: `UpdateMethod` is `Replace` unless said otherwise.)"""


class UnknownSchemaError(Exception):
    """The schema of a resource type is missing, so its update is not known."""


def known_properties(kind: str, region: str) -> frozenset[str]:
    """Return the properties of a resource type; none where its schema is not at hand."""
    schema = _schema(kind, region)
    return frozenset(schema["properties"]) if schema else frozenset()


def replacing_properties(
    kind: str, region: str, before: Properties, after: Properties
) -> tuple[str, ...]:
    """Return the properties, as `Name` or `Outer/Inner`, whose change makes CloudFormation replace
    the resource; none if it is updated in place. Raises UnknownSchemaError."""
    if kind.startswith("Custom::"):
        return ()
    schema = _schema(kind, region)
    if schema is None:
        raise UnknownSchemaError(f"Nothing is known about updates of {kind} (embedded AWS)")
    paths = list(schema.get("createOnlyProperties", ()))
    name, value = IN_PLACE_IF.get(kind, ("", ""))
    if not name or after.get(name) != value:
        paths += schema.get("conditionalCreateOnlyProperties", ())
    parts = [path.removeprefix("/properties/").split("/") for path in paths]
    return tuple("/".join(each) for each in parts if _at(before, each) != _at(after, each))


def _at(properties: Any, path: list[str]) -> Any:
    """Return what stands at a path; what stands before a `*` where a path goes into a list."""
    found = properties
    for name in path:
        if not isinstance(found, Mapping):
            break
        found = found.get(name)
    return found


@cache
def _schema(kind: str, region: str) -> Mapping[str, Any] | None:
    folder = _folder()
    if folder is None or not (folder / "providers" / f"{region}.json").exists():
        return None
    name = _types(region).get(kind)
    if name is None:
        return None
    document: Mapping[str, Any] = json.loads((folder / "resources" / f"{name}.json").read_text())
    return document


@cache
def _folder() -> Path | None:
    found = importlib.util.find_spec("cfnlint")
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "data" / "schemas"


@cache
def _types(region: str) -> dict[str, str]:
    folder = _folder()
    assert folder is not None
    types: dict[str, str] = json.loads((folder / "providers" / f"{region}.json").read_text())
    return types
