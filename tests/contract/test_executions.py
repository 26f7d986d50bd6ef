"""What is promised of executions, on AWS Step Functions."""

from __future__ import annotations

import json
from collections.abc import Iterator

import boto3
import pytest
from connectivity.adapters import aws as adapter
from connectivity.adapters.executions import StepFunctionsExecutions
from moto import mock_aws

REGION = "us-east-2"
VPC = "vpc-0123456789abcdef0"
DEFINITION = {"StartAt": "Look", "States": {"Look": {"Type": "Pass", "End": True}}}
SWEEPS = 5
"""Begun one after the other, so that some of them begin within one second on any machine."""


@pytest.fixture
def executions(monkeypatch: pytest.MonkeyPatch) -> Iterator[StepFunctionsExecutions]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        adapter.forget_clients()
        machine = boto3.client("stepfunctions", REGION).create_state_machine(
            name="machine",
            definition=json.dumps(DEFINITION),
            roleArn="arn:aws:iam::123456789012:role/role",
        )
        yield StepFunctionsExecutions(machine["stateMachineArn"])
        adapter.forget_clients()


def test_sweeps_within_a_second_start_an_execution_each(
    executions: StepFunctionsExecutions,
) -> None:
    """Nothing counts between two sweeps: the time alone tells their executions' names apart, and
    AWS starts nothing under the name of one that has ended."""
    started = [executions.start(VPC, 2, "sweep") for _ in range(SWEEPS)]
    assert len(set(started)) == SWEEPS
