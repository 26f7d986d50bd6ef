"""Lambda as a service: synchronous and asynchronous invocations, functions' states, logs.

A function's Timeout is real seconds, not scaled AWS time: it bounds what this machine's
processor does, which no scale makes faster. All that Lambda itself takes its time over
(Pending, retries of asynchronous invocations, interfaces that linger) is AWS time.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

from moto.logs.models import logs_backends

from local.engine import EmbeddedAws
from local.lambda_functions.asynchronous import AsynchronousInvocations
from local.lambda_functions.deployment import deployment_of
from local.lambda_functions.environment import ExecutionEnvironment, Launcher
from local.lambda_functions.errors import client_error
from local.lambda_functions.pool import Environments
from local.lambda_functions.runtime_api import Invocation, Outcome
from local.lambda_functions.vpc import HyperplaneInterfaces, VpcAttachment


class LambdaService:
    """The service that runs moto's Lambda functions for one engine."""

    def __init__(self, aws: EmbeddedAws) -> None:
        if not aws.settings.lambda_python.exists():
            raise FileNotFoundError(
                f"{aws.settings.lambda_python}: no Python for Lambda functions; "
                "it takes a venv that holds only awslambdaric and boto3"
            )
        self._aws = aws
        self._folder = Path(tempfile.mkdtemp(prefix="lambda-"))
        self._launcher = Launcher(aws, self._folder)
        self._environments = Environments(self._launcher.start, aws.settings.function_environments)
        self._interfaces = HyperplaneInterfaces(
            aws.clock, lambda: aws.settings.lifecycles.vpc_function_eni_linger
        )
        self._logs_lock = threading.Lock()
        self.asynchronous = AsynchronousInvocations(aws)

    def invoke(self, function: Any, invocation: Invocation) -> tuple[Outcome, str]:
        """Run the function and wait for it; the outcome, and the log of this invocation."""
        self.refuse_unless_active(function)
        with self._environments.lease(deployment_of(function)) as environment:
            outcome = environment.invoke(invocation)
            return outcome, self._record(environment, invocation)

    def refuse_unless_active(self, function: Any) -> None:
        if function.state != "Active":
            raise client_error(
                409,
                "ResourceConflictException",
                "The operation cannot be performed at this time. "
                f"The function is currently in the following state: {function.state}",
            )

    def attach(self, function: Any, attachment: VpcAttachment) -> None:
        """Give a new function its interfaces; it is Active when they are there."""
        self._interfaces.attach(function, attachment)
        pending = self._aws.settings.lifecycles.vpc_function_pending
        self._aws.clock.after(pending, partial(setattr, function, "state", "Active"))

    def function_deleted(self, function: Any) -> None:
        self._interfaces.release(function)
        self._environments.end_function(function.function_arn)

    def kill(self, trace: str) -> None:
        """End the function that runs the invocation with that trace id, as a crash would."""
        self._environments.kill(trace)

    @property
    def unfinished_events(self) -> int:
        """Return the number of asynchronous invocations that are neither done nor given up."""
        return self.asynchronous.unfinished

    def logs(self, function_name: str) -> list[str]:
        """The lines in the function's log group, oldest first."""
        backend = logs_backends[self._aws.settings.account][self._aws.settings.region]
        with self._logs_lock:
            group = backend.groups.get(f"/aws/lambda/{function_name}")
            streams = group.streams.values() if group else ()
            events = [event for stream in streams for event in stream.events]
        return [event.message for event in sorted(events, key=lambda event: event.timestamp)]

    def close(self) -> None:
        self.asynchronous.close()
        self._environments.close()
        self._launcher.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _record(self, environment: ExecutionEnvironment, invocation: Invocation) -> str:
        """Deliver what the function wrote to CloudWatch Logs, between Lambda's own lines."""
        deployment = environment.deployment
        written = environment.new_log()
        lines = [
            f"START RequestId: {invocation.request_id} Version: {deployment.version}",
            # The runtime client separates the lines of one message by carriage returns.
            *(line.replace("\r", "\n") for line in written.split("\n") if line),
            f"END RequestId: {invocation.request_id}",
        ]
        now = int(time.time() * 1000)
        group = f"/aws/lambda/{deployment.name}"
        backend = logs_backends[deployment.account][deployment.region]
        with self._logs_lock:
            backend.ensure_log_group(group)
            backend.ensure_log_stream(group, environment.log_stream)
            backend.put_log_events(
                group,
                environment.log_stream,
                [{"timestamp": now, "message": line} for line in lines],
            )
        return "\n".join(lines)
