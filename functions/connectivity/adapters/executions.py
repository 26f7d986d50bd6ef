"""Executions of the workflow, through AWS Step Functions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime

from botocore.exceptions import ClientError

from connectivity.adapters.aws import call, client, items
from connectivity.adapters.refusals import is_answer


class StepFunctionsExecutions:
    """The port `Executions` on AWS."""

    def __init__(self, state_machine: str) -> None:
        self._state_machine = state_machine

    def start(self, vpc_id: str, knocks: int, because: str) -> str:
        # A sweep is no knock: its execution has another name than that of the last one.
        return self._start(f"{vpc_id}-{knocks}-{because}", {"vpcId": vpc_id, "because": because})

    def start_refused(self, subject: str, error: str, problem: str) -> str:
        refused = {"error": error, "problem": problem}
        # Several problems within a second are several executions.
        digest = hashlib.sha256(f"{error} {problem}".encode()).hexdigest()[:8]
        return self._start(
            f"{subject}-refused-{digest}",
            {"vpcId": subject, "because": "request", "refused": refused},
        )

    def _start(self, name: str, given: Mapping[str, object]) -> str:
        """Start an execution of this name and the time; return its ARN.

        Names are unique for 90 days, so the millisecond is part of it: an entry of the ledger may
        begin to count anew within that time, and two sweeps within a second count no knock between
        them. The second one's execution would otherwise be taken for the first one's, which may
        have ended.
        """
        now = datetime.now(UTC)
        at = f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}Z"
        try:
            started = call(
                client("stepfunctions").start_execution,
                stateMachineArn=self._state_machine,
                name=f"{name}-{at}",
                input=json.dumps(given),
            )
        except ClientError as error:
            if not is_answer(error):
                raise
            return f"{self._state_machine.replace(':stateMachine:', ':execution:')}:{name}-{at}"
        return str(started["executionArn"])

    def all_running(self) -> frozenset[str]:
        found = items(
            client("stepfunctions"),
            "list_executions",
            "executions",
            stateMachineArn=self._state_machine,
            statusFilter="RUNNING",
            PaginationConfig={"PageSize": 1000},
        )
        return frozenset(str(item["executionArn"]) for item in found)

    def is_running(self, execution: str) -> bool:
        describe = client("stepfunctions").describe_execution
        try:
            return bool(call(describe, executionArn=execution)["status"] == "RUNNING")
        except ClientError as error:
            if is_answer(error):
                return False
            raise
