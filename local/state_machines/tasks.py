"""Tasks: calls to the API of this AWS, as the state machine's own role.

Stock moto calls with fixed keys, builds a client for every task (100 to 150 ms), looks for
the API on a port of its own, and names errors otherwise than AWS.
"""

from __future__ import annotations

import sys
import threading
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk,
    state_task_service_lambda,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

from local.state_machines.waiting import INTERRUPTION

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

_LambdaTask = state_task_service_lambda.StateTaskServiceLambda
_SdkTask = state_task_service_aws_sdk.StateTaskServiceAwsSdk


@dataclass
class Clients:
    """One client per role, region and service."""

    aws: EmbeddedAws
    _clients: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def client_for(self, region: str, service: str, state_credentials: Any) -> Any:
        key = (state_credentials.role_arn, region, service)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._make(*key)
            return self._clients[key]

    def _make(self, role_arn: str, region: str, service: str) -> Any:
        credentials = self.aws.principals.credentials_for(role_arn, "states")
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=region,
            endpoint_url=self.aws.url,
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
            aws_session_token=credentials.session_token,
            # Retrying is the definition's affair; a function may take its 15 minutes.
            config=Config(
                parameter_validation=False,
                retries={"total_max_attempts": 1},
                read_timeout=900,
                max_pool_connections=50,
            ),
        )


class Abandoned(Exception):
    """An error: the execution was stopped, or the state timed out, while its function ran."""


_stock_invoke = lambda_eval_utils.execute_lambda_function_integration


def _invoke(env: Any, **call: Any) -> None:
    """Invoke a function; AWS does not wait for it once the execution was stopped."""
    answer: Future[None] = Future()

    def invoke() -> None:
        try:
            answer.set_result(_stock_invoke(env=env, **call))
        except Exception as error:  # noqa: BLE001 (raised again by `result` below)
            answer.set_exception(error)

    threading.Thread(target=invoke, daemon=True).start()
    while not wait([answer], INTERRUPTION).done:
        if not env.is_running():
            raise Abandoned
    answer.result()


_stock_lambda_error = _LambdaTask._from_error


def _lambda_error(task: Any, env: Any, ex: Exception) -> Any:
    """Return the error of a task. One of the function keeps its name; others begin with
    `Lambda.`."""
    if isinstance(ex, Abandoned):
        return _task_failed(task, env, HistoryEventType.TaskStateAborted, "States.Runtime", "")
    if isinstance(ex, ClientError):
        return _refused(task, env, ex)
    if isinstance(ex, BotoCoreError):
        name = "Lambda.SdkClientException"
        return _task_failed(task, env, HistoryEventType.TaskFailed, name, str(ex))
    return _stock_lambda_error(task, env, ex)


def _refused(task: Any, env: Any, refusal: ClientError) -> Any:
    """Return the exception of AWS's Java SDK, which knows only what Lambda's API model names:
    AccessDenied and the like are `AWSLambdaException` to it."""
    code, message = refusal.response["Error"]["Code"], refusal.response["Error"]["Message"]
    metadata = refusal.response["ResponseMetadata"]
    modelled = type(refusal) is not ClientError
    cause = (
        f"{message} (Service: AWSLambda; Status Code: {metadata['HTTPStatusCode']}; "
        f"Error Code: {code}; Request ID: {metadata.get('RequestId')}; Proxy: null)"
    )
    name = f"Lambda.{code if modelled else 'AWSLambdaException'}"
    return _task_failed(task, env, HistoryEventType.TaskFailed, name, cause)


def _task_failed(task: Any, env: Any, event_type: Any, error: str, cause: str) -> Any:
    details = TaskFailedEventDetails(
        error=error,
        cause=cause,
        resource=task._get_sfn_resource(),
        resourceType=task._get_sfn_resource_type(),
    )
    return FailureEvent(
        env, ErrorName(error), event_type, EventDetails(taskFailedEventDetails=details)
    )


def _sdk_service_name(service: str) -> str:
    """Return the service as error names begin: `Ssm.ParameterNotFoundException`, where moto says
    `ssm.…`."""
    known = state_task_service_aws_sdk._SERVICE_ERROR_NAMES
    return str(known.get(service.lower()) or service[0].upper() + service[1:])


def install(aws: EmbeddedAws) -> None:
    client_for = Clients(aws).client_for
    for name, module in list(sys.modules.items()):
        if name.startswith("moto.stepfunctions.parser.") and hasattr(module, "boto_client_for"):
            module.boto_client_for = client_for  # type: ignore[attr-defined]
    lambda_eval_utils.execute_lambda_function_integration = _invoke
    _LambdaTask._from_error = _lambda_error
    _SdkTask._normalise_service_error_name = staticmethod(_sdk_service_name)
