"""Executions: how one starts, ends, is told to the event bus, and is described.

Status changes are published as `Step Functions Execution Status Change` of `aws.states`
(Step Functions developer guide, "Automating Step Functions event delivery with EventBridge").
"""

from __future__ import annotations

import datetime
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.stepfunctions.parser.api import (
    ExecutionFailedEventDetails,
    ExecutionStatus,
    HistoryEventType,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.program_state import (
    ProgramEnded,
    ProgramError,
    ProgramStopped,
    ProgramTimedOut,
)
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend.execution import (
    BaseExecutionWorkerCommunication,
    Execution,
)
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.models import (
    StepFunctionsParserBackend,
    stepfunctions_parser_backends,
)
from moto.stepfunctions.responses import StepFunctionResponse

from local.state_machines.waiting import INTERRUPTION

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

_STATUS = {
    ProgramEnded: ExecutionStatus.SUCCEEDED,
    ProgramError: ExecutionStatus.FAILED,
    ProgramStopped: ExecutionStatus.ABORTED,
    ProgramTimedOut: ExecutionStatus.TIMED_OUT,
}
_starting = threading.Lock()


def _now() -> datetime.datetime:
    return datetime.datetime.now(tz=datetime.UTC)


def _status(execution: Any) -> str:
    """Return the status of an execution, which moto lists before it has one."""
    return str((execution.exec_status or ExecutionStatus.RUNNING).value)


_stock_start_execution = StepFunctionsParserBackend.start_execution


def _start_execution(
    backend: Any, arn: str, name: str | None = None, execution_input: str | None = None
) -> Any:
    """Start an execution. One without a name gets one, where moto's is `None`; of two starts at the
    same time with the same name one is the first."""
    name = name or str(uuid.uuid4())
    backend._validate_name(name)
    with _starting:
        return _stock_start_execution(backend, arn, name, execution_input)


def _finish(communication: Any) -> None:
    """Set the outcome as AWS tells it. The status comes last: who sees it sees the rest."""
    execution = communication.execution
    end = execution.exec_worker.env.program_state()
    execution.stop_date = _now()
    if isinstance(end, ProgramEnded):
        output = execution.exec_worker.env.states.get_input()
        execution.output = to_json_str(output, separators=(",", ":"))
    elif isinstance(end, ProgramError):
        execution.error, execution.cause = end.error.get("error"), end.error.get("cause")
    elif isinstance(end, ProgramStopped):
        execution.error, execution.cause = end.error, end.cause
    execution.exec_status = _STATUS[type(end)]


def _fail(execution: Any, error: Exception) -> None:
    """End an execution with an error of the interpreter itself; moto leaves it RUNNING for ever."""
    execution.error, execution.cause = "States.Runtime", f"{type(error).__name__}: {error}"
    execution.stop_date = _now()
    if env := execution.exec_worker.env:
        details = ExecutionFailedEventDetails(error=execution.error, cause=execution.cause)
        env.event_manager.add_event(
            context=env.event_history_context,
            event_type=HistoryEventType.ExecutionFailed,
            event_details=EventDetails(executionFailedEventDetails=details),
        )
    execution.exec_status = ExecutionStatus.FAILED


_stock_stop = ExecutionWorker.stop


def _stop(worker: Any, **how: Any) -> None:
    """Stop an execution. One that has not begun yet is stopped as soon as it has, where moto's call
    fails; one that has come to its end is left to write it."""
    while _status(worker._execution_communication.execution) == "RUNNING":
        if worker.env and worker.env.program_state() is not None:
            _stock_stop(worker, **how)
            return
        time.sleep(INTERRUPTION)


def _stop_execution(response: Any) -> Any:
    """Answer StopExecution, with the error and the cause that moto drops."""
    execution = response.stepfunction_backend.describe_execution(
        response._get_param("executionArn")
    )
    error, cause = response._get_param("error"), response._get_param("cause")
    stop_date = _now()
    execution.stop(stop_date=stop_date, error=error, cause=cause)
    return ActionResult({"stopDate": execution.stop_date or stop_date})


_stock_describe_execution = StepFunctionResponse.describe_execution


def _describe_execution(response: Any) -> Any:
    """Answer DescribeExecution, with the stop date of TIMED_OUT, which moto forgets."""
    described = _stock_describe_execution(response).result
    execution = response.stepfunction_backend.describe_execution(described["executionArn"])
    described |= {"inputDetails": {"included": True}, "redriveCount": 0}
    if described["status"] == "TIMED_OUT":
        described["stopDate"] = execution.stop_date
    return ActionResult(described)


def _get_execution_history(response: Any) -> Any:
    """Answer GetExecutionHistory in pages, newest first where asked; moto's is one page."""
    history = response.stepfunction_backend.get_execution_history(
        response._get_param("executionArn")
    )
    events = history["events"]
    if response._get_bool_param("reverseOrder"):
        events.reverse()
    start = response._get_int_param("nextToken") or 0
    end = start + (response._get_int_param("maxResults") or 100)
    token = {"nextToken": str(end)} if end < len(events) else {}
    return ActionResult({"events": events[start:end], **token})


def _milliseconds(date: datetime.datetime | None) -> int | None:
    return int(date.timestamp() * 1000) if date else None


def _detail(execution: Any) -> dict[str, Any]:
    succeeded = execution.exec_status == ExecutionStatus.SUCCEEDED
    return {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": _status(execution),
        "startDate": _milliseconds(execution.start_date),
        "stopDate": _milliseconds(execution.stop_date),
        "input": execution.execution_input,
        "output": execution.output,
        "inputDetails": {"included": True},
        "outputDetails": {"included": True} if succeeded else None,
        "error": execution.error,
        "cause": execution.cause,
        "redriveCount": 0,
    }


_stock_start = Execution.start
_stock_run = ExecutionWorker._execution_logic


def install(aws: EmbeddedAws) -> None:
    closing = threading.Event()

    def publish(execution: Any) -> None:
        if hasattr(aws, "events") and not closing.is_set():
            aws.events.publish(
                "aws.states",
                "Step Functions Execution Status Change",
                _detail(execution),
                [execution.exec_arn],
                execution.region_name,
            )

    def start(execution: Any) -> None:
        publish(execution)
        _stock_start(execution)

    def run(worker: Any) -> None:
        execution = worker._execution_communication.execution
        try:
            _stock_run(worker)
        except Exception as error:  # noqa: BLE001 (an execution always ends)
            _fail(execution, error)
        publish(execution)

    def stop_all() -> None:
        closing.set()
        for backends in list(stepfunctions_parser_backends.values()):
            for backend in list(backends.values()):
                for execution in backend._get_executions(ExecutionStatus.RUNNING):
                    execution.stop(stop_date=_now(), error=None, cause=None)

    Execution.status = property(_status)
    Execution.start = start
    ExecutionWorker._execution_logic = run
    ExecutionWorker.stop = _stop
    BaseExecutionWorkerCommunication.terminated = _finish
    StepFunctionsParserBackend.start_execution = _start_execution
    StepFunctionResponse.stop_execution = _stop_execution
    StepFunctionResponse.describe_execution = _describe_execution
    StepFunctionResponse.get_execution_history = _get_execution_history
    aws.closers.append(stop_all)
