"""Rules of AWS Step Functions that no validator at hand knows.

AWS refuses a definition that breaks one of them when the state machine is made; asl-validator,
AWS's own language service and the embedded AWS accept all of these. Source: AWS Step Functions
Developer Guide, "Transforming data with JSONata" and "Handling errors"; the States Language
specification, "Retrying after error"; the service's answers as recorded in floci-io/floci.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonata import Jsonata
from jsonata.parser import Parser

from tests.template import workflow
from tests.template.workflow import Scope, State

_OF_STEP_FUNCTIONS = frozenset({"partition", "range", "hash", "random", "uuid", "parse"})
_TAKEN_AWAY = frozenset({"eval"})
_WITH_RESULT = frozenset({"Task", "Parallel", "Map"})
_LAMBDA_INVOKE = re.compile(r"arn:(\$\{Partition\}|aws[a-z-]*):states:::lambda:invoke")
_LAMBDA_ARGUMENTS = frozenset(
    {"FunctionName", "Payload", "Qualifier", "InvocationType", "ClientContext", "LogType"}
)
_CHOICE_FIELDS = frozenset({"Condition", "Next", "Assign", "Output", "Comment"})
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}")
_LONGEST_STATE_NAME = 80


@dataclass(frozen=True)
class Expression:
    """A JSONata expression of the definition."""

    state: str
    text: str
    """The text without the `{%` and `%}` around it."""
    states_fields: frozenset[str]
    """Fields of `$states` that AWS defines at this place."""


def problems(definition: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each rule that the definition breaks, with the state's name."""
    if "StartAt" not in definition:
        return ["the definition has no StartAt"]
    scopes = list(workflow.scopes(definition))
    states = [state for scope in scopes for state in scope.states.values()]
    lost = [problem for scope in scopes for problem in _ways_to_nowhere(scope)]
    if lost:
        return lost
    return [
        *(problem for state in states for problem in _state_problems(state)),
        *(problem for state in states for e in expressions(state) for problem in _wrong_in(e)),
        *(problem for scope in scopes for problem in _undefined_variables(scope, scopes)),
    ]


def expressions(state: State) -> Iterator[Expression]:
    """Yield the state's expressions, its branches' left out, each with what `$states` has there."""
    always = {"input", "context"}
    body = {key: value for key, value in state.body.items() if key not in {"Branches", "Catch"}}
    after = {key: body.pop(key) for key in ("Output", "Assign") if key in body}
    with_result = always | (
        {"result"} if state.body["Type"] in {"Task", "Parallel", "Map"} else set()
    )
    places = [(body, always), (after, with_result)]
    places += [(catch, always | {"errorOutput"}) for catch in state.catches]
    for value, fields in places:
        for text in workflow.texts(value):
            if text.startswith("{%") and text.endswith("%}"):
                yield Expression(state.name, text[2:-2].strip(), frozenset(fields))


def _ways_to_nowhere(scope: Scope) -> Iterator[str]:
    for name, state in scope.states.items():
        for way in state.ways:
            if way.target not in scope.states:
                yield f"{name}: {way.target}, its next state, is not in the same scope"


def _state_problems(state: State) -> Iterator[str]:
    if len(state.name) > _LONGEST_STATE_NAME:
        yield f"{state.name}: a state's name has at most {_LONGEST_STATE_NAME} characters"
    for kind, handlers in (("Retry", state.retries), ("Catch", state.catches)):
        yield from _order_problems(state.name, kind, handlers)
    for retry in state.retries:
        if retry.get("MaxDelaySeconds", 2**31) <= retry.get("IntervalSeconds", 1):
            yield f"{state.name}: MaxDelaySeconds is not above IntervalSeconds"
    for name in state.assigns:
        if name == "states" or not _VARIABLE_NAME.fullmatch(name):
            yield f"{state.name}: {name} cannot be assigned"
    for choice in state.body.get("Choices", []):
        if unknown := choice.keys() - _CHOICE_FIELDS:
            yield f"{state.name}: a choice has no field {', '.join(sorted(unknown))} in JSONata"
    if state.is_task:
        yield from _task_problems(state)


def _order_problems(name: str, kind: str, handlers: list[dict[str, Any]]) -> Iterator[str]:
    for place, handler in enumerate(handlers, start=1):
        named = handler["ErrorEquals"]
        if "States.ALL" in named and (place < len(handlers) or named != ["States.ALL"]):
            yield f"{name}: States.ALL stands alone, in the last {kind}"


def _task_problems(state: State) -> Iterator[str]:
    if not _LAMBDA_INVOKE.fullmatch(state.body["Resource"]):
        yield f"{state.name}: {state.body['Resource']} is no resource that this workflow uses"
    unknown = state.body.get("Arguments", {}).keys() - _LAMBDA_ARGUMENTS
    if unknown:
        yield f"{state.name}: lambda:invoke has no argument {', '.join(sorted(unknown))}"


def _wrong_in(expression: Expression) -> Iterator[str]:
    try:
        tree = Jsonata(expression.text).ast
    except Exception as error:  # noqa: BLE001 (jsonata-python raises errors of any type)
        yield f"{expression.state}: {expression.text}: {error}"
        return
    for problem in _problems_of(tree, expression.states_fields, at_root=True):
        yield f"{expression.state}: {expression.text}: {problem}"


def _problems_of(node: Any, fields: frozenset[str], *, at_root: bool) -> Iterator[str]:
    """Walk the syntax tree. Below a step of a path, a bare name is a field of that step's value."""
    if node.type == "path":
        first, *later = node.steps
        if first.type == "name" and at_root:
            yield f"{first.value} stands alone: a state has no input document, only $states"
        if first.type == "variable" and first.value == "states":
            field = later[0].value if later else None
            if field not in fields:
                yield f"$states.{field} is not defined here"
    if node.type == "function":
        yield from _function_problems(node.procedure)
    for child, is_step in _children(node):
        yield from _problems_of(child, fields, at_root=at_root and not is_step)


def _function_problems(procedure: Any) -> Iterator[str]:
    name = procedure.value
    if procedure.type != "variable" or name in _OF_STEP_FUNCTIONS:
        return
    if name in _TAKEN_AWAY or Jsonata.static_frame.lookup(name) is None:
        yield f"AWS Step Functions has no function ${name}"


def _children(node: Any) -> Iterator[tuple[Any, bool]]:
    """Yield the parts of a syntax tree's node, and whether a part is evaluated inside a value."""
    for key, value in vars(node).items():
        parts = value if isinstance(value, list) else [value]
        for place, part in enumerate(parts):
            if isinstance(part, Parser.Symbol):
                inside = key in {"predicate", "stages"} or (key == "steps" and place > 0)
                yield part, inside or (key == "steps" and part.type == "name")


def _undefined_variables(scope: Scope, scopes: list[Scope]) -> Iterator[str]:
    before = workflow.assigned_before(scope, scopes)
    for name, state in scope.states.items():
        for variable in sorted(state.uses - before.get(name, frozenset())):
            yield f"{name}: ${variable} has no value on every way there"
