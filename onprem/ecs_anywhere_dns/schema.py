"""Validation of a document by the library for JSON Schema. This module is imported where it is
needed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend


def problem_in(content: Any, schema: str) -> tuple[str, str] | None:
    """Return the first place where `content` does not fit `schema`, and why; None where it fits."""
    errors = sorted(_validator(schema).iter_errors(content), key=lambda error: str(error.path))
    if not errors:
        return None
    place = "/".join(str(part) for part in errors[0].absolute_path) or "the document"
    return place, errors[0].message


@cache
def _validator(schema: str) -> Any:
    strict: Any = extend(Draft202012Validator, {"pattern": _check_pattern})  # type: ignore[no-untyped-call]
    return strict(json.loads(schema))


def _check_pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[ValidationError]:
    """Yield an error unless `value` matches. A schema's `$` is the very end (ECMA 262); Python's is
    also before a last line end."""
    if isinstance(value, str) and (value.endswith("\n") or not re.search(pattern, value)):
        yield ValidationError(f"{value!r} does not match {pattern!r}")
