"""JSONata in the definition, evaluated as the embedded AWS does it.

Most expressions only pick a field, and are picked here without the library: it is the same value
and a hundred times faster.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bench.clock import Clock
from local.state_machines import query_language
from local.state_machines.query_language import _UNDEFINED, _VARIABLE

_WHOLE = re.compile(r"\{%(.*)%\}\s*", re.DOTALL)
_FIELD = re.compile(r"\$(\w+(?:\.\w+)*)")
_MISSING = object()

Scope = Mapping[str, Any]
"""Variables by their names, `states` among them."""


class QueryFailed(Exception):
    """The error States.QueryEvaluationError."""


def install(clock: Clock) -> None:
    """Let `$now()` and `$millis()` be virtual time."""
    query_language._Expression.epoch = staticmethod(clock.epoch)


def filled(template: Any, scope: Scope) -> Any:
    """Return `template` with its expressions replaced by their values. Raises QueryFailed."""
    if isinstance(template, dict):
        return {key: filled(value, scope) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, scope) for value in template]
    if isinstance(template, str) and (whole := _WHOLE.fullmatch(template)):
        return _value(whole[1].strip(), scope)
    return template


def _value(expression: str, scope: Scope) -> Any:
    if field := _FIELD.fullmatch(expression):
        found = _picked(field[1].split("."), scope)
        if found is not _MISSING:
            return found
    names = {name for name in _VARIABLE.findall(expression) if name in scope}
    try:
        value = query_language.evaluate(expression, {name: scope[name] for name in names})
    except Exception as error:  # jsonata-python leaks errors of any type
        raise QueryFailed(f"{expression}: {error}") from error
    if value is _UNDEFINED:
        raise QueryFailed(f"{expression} returned nothing (undefined)")
    return value


def _picked(path: list[str], scope: Scope) -> Any:
    here: Any = scope
    for step in path:
        if not isinstance(here, Mapping) or step not in here:
            return _MISSING
        here = here[step]
    return here
