"""JSONata, the query language of the workflows; stock moto has no evaluator for it.

An expression is parsed when the definition is (a syntax error is an InvalidDefinition, as
on AWS) and evaluated with its variables bound, not written into its text: any string is safe.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import json
import random
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from jsonata import Jsonata
from jsonata.utils import Utils
from moto.stepfunctions.parser.asl.component.common.assign.assign_decl import AssignDecl
from moto.stepfunctions.parser.asl.component.common.string.string_expression import (
    StringJSONata,
    StringVariableSample,
)
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison import (
    ConditionStringJSONata,
)
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
from moto.stepfunctions.parser.asl.eval.variable_store import VariableStore

from local.clock import Clock
from local.state_machines.errors import query_failed

_UNDEFINED = object()
_VARIABLE = re.compile(r"\$(\w+)")
_evaluating = threading.Lock()
"""The lock of evaluations: parsed expressions are shared and not thread-safe; evaluating is CPU
work under the interpreter lock anyway, so nothing is lost by doing one at a time."""


def _partition(array: list[Any], size: int) -> list[list[Any]]:
    return [array[start : start + size] for start in range(0, len(array), size)]


def _hash(value: str, algorithm: str = "SHA-1") -> str:
    return hashlib.new(algorithm.replace("-", ""), value.encode()).hexdigest()


_FUNCTIONS: Mapping[str, Callable[..., Any] | None] = {
    "partition": _partition,
    "range": lambda first, last, step: list(range(first, last + (1 if step > 0 else -1), step)),
    "hash": _hash,
    "random": lambda seed=None: random.Random(seed).random(),
    "uuid": lambda: str(uuid.uuid4()),
    "parse": lambda text: _bound(json.loads(text)),
    "eval": None,
}
"""The functions that Step Functions adds to JSONata, and the one that it removes."""


class _Expression(Jsonata):  # type: ignore[misc]
    """An expression of JSONata whose `$now()` and `$millis()` are AWS's time, the same throughout
    one evaluation."""

    epoch: Callable[[], float] = staticmethod(time.time)

    @property
    def timestamp(self) -> int:
        """Return the time in milliseconds; the library sets it to its own clock at the start of
        each evaluation."""
        return self._timestamp

    @timestamp.setter
    def timestamp(self, _: int) -> None:
        self._timestamp = int(self.epoch() * 1000)


@functools.lru_cache(maxsize=2048)
def _parsed(expression: str) -> Any:
    with _evaluating:
        parsed = _Expression(expression)
    parsed.set_output_convert_nulls(False)
    for name, function in _FUNCTIONS.items():
        parsed.assign(name, function and Jsonata.JLambda(function))
    return parsed


def evaluate(expression: str, variables: Mapping[str, Any]) -> Any:
    """Return the JSON value of `expression`, `_UNDEFINED` where it has none; raise what it
    throws."""
    parsed = _parsed(expression)
    bindings = {name: _bound(value) for name, value in variables.items()}
    with _evaluating:
        Jsonata.CURRENT.jsonata = parsed
        return _json(parsed.evaluate(None, bindings))


def _bound(value: Any) -> Any:
    """Return a JSON value as jsonata-python wants it, to which None is *undefined*, not null."""
    if value is None:
        return Utils.NULL_VALUE
    if isinstance(value, dict):
        return {key: _bound(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_bound(item) for item in value]
    if isinstance(value, datetime.datetime):
        return written(value)
    return value


def written(moment: datetime.datetime) -> str:
    """Return a moment as AWS writes it into the context object: 2026-11-29T19:57:39.478Z."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _json(value: Any) -> Any:
    if value is None:
        return _UNDEFINED
    if value is Utils.NULL_VALUE:
        return None
    if isinstance(value, dict):
        return {key: _json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_json(value[index]) for index in range(len(value))]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str | int | float):
        return value
    raise TypeError("it returned an unsupported result type")


Witness = Callable[[str, Mapping[str, Any], Any], None]
"""A function that is told of each evaluation: the expression, its variables, and its value."""

_witnesses: list[Witness] = []


@contextmanager
def witnessed_by(witness: Witness) -> Iterator[None]:
    """Tell `witness` of every evaluation within the block that has a value."""
    _witnesses.append(witness)
    try:
        yield
    finally:
        _witnesses.remove(witness)


def _evaluate_in(expression: str, env: Any) -> Any:
    variables = _variables(expression, env)
    try:
        result = evaluate(expression, variables)
    except Exception as error:  # jsonata-python leaks errors of any type
        raise query_failed(
            env, f"The JSONata expression '{expression}' threw an error during evaluation. {error}"
        ) from error
    if result is _UNDEFINED:
        raise query_failed(
            env, f"The JSONata expression '{expression}' returned nothing (undefined)."
        )
    for witness in tuple(_witnesses):
        witness(expression, variables, result)
    return result


def _variables(expression: str, env: Any) -> dict[str, Any]:
    """Return the variables in scope that `expression` mentions, with `$states` among them."""
    store, data = env.variable_store, env.states._states_data
    states = {"input": data["input"], "context": data["context"]}
    # Both are defined only where a state has one: after a result, and in a Catch.
    states |= {key: data[key] for key in ("result", "errorOutput") if data.get(key) is not None}
    scope = {**store._outer_scope, **store._inner_scope, "states": states}
    return {name: scope[name] for name in set(_VARIABLE.findall(expression)) & scope.keys()}


_stock_init = StringJSONata.__init__


def _init(component: Any, expression: str) -> None:
    _stock_init(component, expression)
    _parsed(expression)


def _push(component: Any, env: Any) -> None:
    env.stack.append(_evaluate_in(component.expression, env))


def _condition(component: Any, env: Any) -> None:
    _push(component.string_jsonata, env)
    if not isinstance(env.stack[-1], bool):
        raise query_failed(
            env,
            f"The JSONata expression '{component.string_jsonata.expression}' of a Condition "
            "must return a boolean.",
        )


_ASSIGNED = "assigned by this state"


def _assign(declaration: Any, env: Any) -> None:
    """Assign variables, which are visible from the next state only; moto's Output would see them
    already."""
    assigned = env.heap.setdefault(_ASSIGNED, {})
    for binding in declaration.declaration_bindings:
        binding.eval(env)
        assigned.update(env.stack.pop())


def _assigned_variables(store: Any) -> dict[str, str]:
    """Return the variables of a StateExited event, as JSON texts; moto's break on quotes."""
    return {name: json.dumps(store.get(name)) for name in store._declaration_tracing}


_stock_exited = CommonStateField._get_state_exited_event_details


def _exited(state: Any, env: Any) -> Any:
    for name, value in env.heap.pop(_ASSIGNED, {}).items():
        env.variable_store.set(name, value)
    return _stock_exited(state, env)


def install(clock: Clock) -> None:
    _Expression.epoch = staticmethod(clock.epoch)
    StringJSONata.__init__ = _init
    StringJSONata._eval_body = _push
    StringVariableSample._eval_body = _push
    ConditionStringJSONata._eval_body = _condition
    AssignDecl._eval_body = _assign
    VariableStore.get_assigned_variables = _assigned_variables
    CommonStateField._get_state_exited_event_details = _exited
