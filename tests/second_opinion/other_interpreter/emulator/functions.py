"""Runs LocalEmu's Lambda functions as processes, under AWS's own runtime client, without Docker."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from localemu.services.lambda_ import provider
from localemu.services.lambda_.invocation import execution_environment, version_manager
from localemu.services.lambda_.invocation.lambda_models import InvocationResult
from localemu.services.lambda_.invocation.runtime_executor import RuntimeExecutor

from local.lambda_functions.runtime_api import Invocation, RuntimeApi, failure

INIT_SECONDS = 30.0
"""Real seconds in which a function must be ready for its first event."""


class ProcessExecutor(RuntimeExecutor):  # type: ignore[misc]
    """One process that runs one version of one function, one event at a time."""

    def start(self, env_vars: dict[str, Any]) -> None:
        """Start the process and wait until it asks for its first event, or says why it cannot."""
        self._api = RuntimeApi()
        task_root = str(self.function_version.config.code.get_unzipped_code_location())
        given = {name: str(value) for name, value in env_vars.items()}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", given["_HANDLER"]],
            cwd=task_root,
            env={
                "PATH": os.environ["PATH"],
                **given,
                "LAMBDA_TASK_ROOT": task_root,
                "PYTHONPATH": task_root,
                "AWS_LAMBDA_RUNTIME_API": self._api.address,
            },
            stdin=subprocess.DEVNULL,
        )
        if not self._api.initialised.wait(INIT_SECONDS):
            raise TimeoutError(f"{self.function_version.qualified_arn} did not start")

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._api.close()

    def invoke(
        self, payload: dict[str, str], function_timeout: int | None = None
    ) -> InvocationResult:
        """Hand the event over; return what came of it, or Lambda's own error where time ran out."""
        timeout = float(function_timeout or INIT_SECONDS)
        invocation = Invocation(
            request_id=payload["invoke-id"],
            invoked_arn=payload["invoked-function-arn"],
            payload=payload["payload"].encode(),
            timeout=timeout,
        )
        outcome = self._api.call(invocation) or failure(
            "Sandbox.Timedout", f"Error: Task timed out after {timeout:.2f} seconds"
        )
        return InvocationResult(
            request_id=invocation.request_id,
            payload=outcome.payload,
            is_error=outcome.function_error,
            logs="",
        )

    def get_address(self) -> str:
        return "127.0.0.1"

    def get_endpoint_from_executor(self) -> str:
        return "127.0.0.1"

    def get_runtime_endpoint(self) -> str:
        """Return what only LocalEmu's own runtime would call; AWS's client has another address."""
        return ""

    def get_logs(self) -> str:
        """Return nothing: a function writes where LocalEmu does."""
        return ""

    @classmethod
    def prepare_version(cls, function_version: Any) -> None:
        function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version: Any) -> None:
        """Leave the unpacked code to LocalEmu, which removes its folder."""


def install() -> None:
    """Let LocalEmu start its functions so, in the three places where it asks for a way."""
    for module in (provider, execution_environment, version_manager):
        module.get_runtime_executor = lambda: ProcessExecutor
