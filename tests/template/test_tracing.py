"""AWS X-Ray is an option: nothing of it is there, nor allowed, unless somebody asks for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local.cloudformation.template import prepared
from tests.template import workflow
from tests.template.sam_template import PATH, TEMPLATE, functions, statements

WRITES_TRACES = "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess"


def made(value: str) -> Mapping[str, Any]:
    """Return the resources after the SAM transform, by their logical ids."""
    text = PATH.read_text().replace("CodeUri: functions/", "CodeUri: s3://any/code")
    text = text.replace("DefinitionUri: statemachine/", "DefinitionUri: s3://any/")
    ready, _ = prepared(text, {"XRayTracing": value}, "us-east-2")
    resources: Mapping[str, Any] = json.loads(ready)["Resources"]
    return resources


def traced(resources: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """Return the functions that are traced, and those whose role may write traces."""
    of = {name: resources[name]["Properties"] for name in functions()}
    roles = {name: resources[f"{name}Role"]["Properties"] for name in functions()}
    return (
        {name for name, properties in of.items() if "TracingConfig" in properties},
        {name for name, role in roles.items() if WRITES_TRACES in role["ManagedPolicyArns"]},
    )


def test_it_is_off_by_default_and_then_no_function_is_traced_or_may_write_traces() -> None:
    default = TEMPLATE["Parameters"]["XRayTracing"]["Default"]
    assert traced(made(default)) == (set(), set())


def test_with_it_every_function_is_traced_and_may_write_traces_and_so_is_the_workflow() -> None:
    everyone = set(functions())
    assert traced(made("Active")) == (everyone, everyone)
    machine = TEMPLATE["Resources"]["PrivateConnectivity"]["Properties"]
    assert machine["Tracing"] == {"Enabled": {"Fn::If": ["Traces", True, False]}}
    may = [
        action
        for name, each in statements(lambda condition: condition == "Traces")
        for action in each["Action"]
        if name == "PrivateConnectivity" and action.startswith("xray:")
    ]
    assert "xray:PutTraceSegments" in may
    assert not [each for name, each in statements(lambda _: False) if "xray:" in str(each)]


def test_every_state_tells_its_function_the_execution_and_the_vpc_for_the_log() -> None:
    """But one: for `Finish`, no execution means that the hold stays."""
    scopes = workflow.scopes(workflow.definition())
    tasks = {name: state for s in scopes for name, state in s.states.items() if state.is_task}
    assert len(tasks) > 10
    for name, state in tasks.items():
        payload = state.body["Arguments"]["Payload"]
        assert payload.keys() & {"vpcId", "desired", "given"}, name
        told = payload["execution"]
        assert told == "{% $states.context.Execution.Id %}" or name == "Tell when its turn is"
