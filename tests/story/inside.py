"""Executions as the embedded AWS holds them. A test that polls the API for them spends more of the
machine than the app does."""

from __future__ import annotations

import time
from collections.abc import Iterable, Set
from typing import Any

from local.engine import EmbeddedAws
from local.watch import TookTooLongError

LOOK_SECONDS = 0.05
STARTS_WITHIN = 30


def executions(aws: EmbeddedAws) -> list[Any]:
    """Return moto's executions of the app's state machine, oldest first; none of another stack's,
    which may stand in the same process."""
    # The engine first replaces what makes moto slow to import.
    from moto.stepfunctions.parser.models import stepfunctions_parser_backends

    backend = stepfunctions_parser_backends[aws.settings.account][aws.settings.region]
    own = (each for each in backend.state_machines if each.arn == aws.outputs["StateMachineArn"])
    return [execution for machine in own for execution in list(machine.executions)]


def is_running(execution: Any) -> bool:
    """moto lists an execution before it gives it a status."""
    return execution.exec_status is None or execution.exec_status.value == "RUNNING"


def next_execution(aws: EmbeddedAws, known: Set[str], name: str) -> str:
    """Return the ARN of the oldest execution that is not `known` and whose name begins with `name`,
    as soon as there is one; raise TookTooLongError after 30 s."""
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline:
        for execution in executions(aws):
            if execution.exec_arn not in known and execution.name.startswith(name):
                return str(execution.exec_arn)
        time.sleep(LOOK_SECONDS)
    raise TookTooLongError(f"no execution of {name or 'any VPC'} has started")


def await_end(aws: EmbeddedAws, arn: str, timeout: float) -> None:
    """Raise TookTooLongError where it still runs after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if not any(map(is_running, _named(executions(aws), arn))):
            return
        time.sleep(LOOK_SECONDS)
    raise TookTooLongError(f"{arn} is still running after {timeout:.0f} s")


def _named(found: Iterable[Any], arn: str) -> list[Any]:
    return [execution for execution in found if execution.exec_arn == arn]
