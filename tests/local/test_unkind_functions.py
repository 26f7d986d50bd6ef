"""The unkind AWS ends functions."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from local.engine import EmbeddedAws
from local.settings import Settings
from local.unkind.faults import Aim, Fault
from tests.local.unkind_world import (
    REGION,
    client_of,
)

DIES = """
import os
import boto3

def handler(event, context):
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name=event["name"], Value="1", Type="String", Overwrite=True)
    return "lived"
"""


@pytest.fixture(scope="module")
def with_functions() -> Iterator[EmbeddedAws]:
    settings = Settings(region=REGION, time_scale=0.01)
    with EmbeddedAws(settings, gaps=("gateway", "lambda_functions")) as aws:
        iam = client_of(aws, "iam")
        arn = iam.create_role(RoleName="dies", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        allowed = {"Effect": "Allow", "Action": "ssm:PutParameter", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        iam.put_role_policy(RoleName="dies", PolicyName="p", PolicyDocument=document)
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            readable = zipfile.ZipInfo("app.py")
            readable.external_attr = 0o644 << 16
            archive.writestr(readable, DIES)
        client_of(aws, "lambda").create_function(
            FunctionName="dies",
            Runtime="python3.13",
            Handler="app.handler",
            Role=arn,
            Timeout=30,
            Code={"ZipFile": code.getvalue()},
        )
        yield aws


def invoke(functions: Any, name: str) -> tuple[str | None, Any]:
    event = json.dumps({"name": name})
    answer = functions.invoke(FunctionName="dies", Payload=event)
    return answer.get("FunctionError"), json.load(answer["Payload"])


def test_a_function_dies_after_the_effect_of_its_call(with_functions: EmbeddedAws) -> None:
    """Lambda's Runtime.ExitError, as of any crash; whoever runs beside it goes on."""
    aws, functions = with_functions, client_of(with_functions, "lambda")
    outcomes: dict[str, tuple[str | None, Any]] = {}
    aimed = aws.weather.aim(Aim(Fault.KILLED_FUNCTION, "ssm:PutParameter", "dies"))

    def run(name: str) -> None:
        outcomes[name] = invoke(functions, name)

    both = [threading.Thread(target=run, args=(name,)) for name in ("/one", "/two")]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert aimed.happening
    (dead,) = [payload for error, payload in outcomes.values() if error]
    assert dead["errorType"] == "Runtime.ExitError"
    assert "signal: killed" in dead["errorMessage"]
    assert [payload for error, payload in outcomes.values() if not error] == ["lived"]
    there = client_of(aws, "ssm").get_parameters(Names=["/one", "/two"])["Parameters"]
    assert len(there) == 2, "the call of the one that died took effect"


def test_only_a_function_can_be_killed(with_functions: EmbeddedAws) -> None:
    aws = with_functions
    aimed = aws.weather.aim(Aim(Fault.KILLED_FUNCTION, "ssm:GetParameters", "stranger"))
    client_of(aws, "ssm").get_parameters(Names=["/one"])
    assert (aimed.seen, aimed.happening) == (0, None)
    aws.weather.forget_aims()
