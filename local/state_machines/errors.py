"""Errors of executions: their names, and the Retry and Catch that match them.

    States.ALL          everything except States.Runtime and States.DataLimitExceeded
    States.TaskFailed   everything except these and States.Timeout
    any other name      itself; States.Runtime is never caught, it always ends the execution

(Step Functions developer guide, "Handling errors in Step Functions workflows".)
"""

from __future__ import annotations

from typing import Any

from moto.stepfunctions.parser.api import (
    EvaluationFailedEventDetails,
    ExecutionFailedEventDetails,
    HistoryEventType,
)
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import (
    ErrorEqualsDecl,
)
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.state.choice.state_choice import StateChoice
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel import branches_decl
from moto.stepfunctions.parser.asl.component.state.fail import state_fail
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.program_state import ProgramStopped, ProgramTimedOut

_TERMINAL = {"States.Runtime", "States.DataLimitExceeded"}


def query_failed(env: Any, cause: str) -> Exception:
    """Return the error States.QueryEvaluationError: an expression that throws, or has no or a wrong
    result."""
    details = EvaluationFailedEventDetails(
        error="States.QueryEvaluationError", cause=cause, state=env.next_state_name
    )
    return _failure(
        env, HistoryEventType.EvaluationFailed, EventDetails(evaluationFailedEventDetails=details)
    )


def _failure(env: Any, event_type: Any, details: Any) -> Exception:
    (error,) = (detail["error"] for detail in details.values())
    failure: Exception = FailureEventException(
        FailureEvent(env, ErrorName(error), event_type, details)
    )
    return failure


def _equals(declared: Any, env: Any) -> None:
    """Evaluate ErrorEquals on moto's stack machine: pop the error, push the verdict."""
    error = getattr(env.stack.pop(), "error_name", None)
    names = {name.error_name for name in declared.error_names}
    env.stack.append(error != "States.Runtime" and bool(names & _names_that_match(error)))


def _names_that_match(error: str | None) -> set[str | None]:
    if error in _TERMINAL:
        return {error}
    if error == "States.Timeout":
        return {error, "States.ALL"}
    return {error, "States.ALL", "States.TaskFailed"}


_stock_choose = StateChoice._eval_state


def _choose(choice: Any, env: Any) -> None:
    """Choose the next state. Where no rule matches and there is no Default, the error is
    States.NoChoiceMatched; moto says States.Runtime."""
    try:
        _stock_choose(choice, env)
    except RuntimeError as error:
        if not str(error.args[0]).startswith("No branching option"):
            raise
        details = ExecutionFailedEventDetails(
            error="States.NoChoiceMatched",
            cause=f"No choice rule of state '{choice.name}' matched, and it has no Default.",
        )
        raise _failure(
            env,
            HistoryEventType.ExecutionFailed,
            EventDetails(executionFailedEventDetails=details),
        ) from error


_stock_set_error = Environment.set_error


def _set_error(env: Any, error: Any) -> None:
    """Set the error of an execution, unless it was stopped or timed out: errors while it ends are
    no failure."""
    if not isinstance(env.program_state(), ProgramStopped | ProgramTimedOut):
        _stock_set_error(env, error)


def install() -> None:
    ErrorEqualsDecl._eval_body = _equals
    StateChoice._eval_state = _choose
    Environment.set_error = _set_error
    # A branch may fail, and a Fail state may end, with a name that begins with `States.`;
    # moto's CustomErrorName raises ValueError for these, which no Catch can see.
    branches_decl.CustomErrorName = ErrorName
    state_fail.CustomErrorName = ErrorName
