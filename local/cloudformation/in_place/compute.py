"""Functions of AWS Lambda and state machines of AWS Step Functions, changed in place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.awslambda.models import LambdaFunction

from local.cloudformation.in_place.change import Change, Update
from local.state_machines.definitions import uncapitalised

_CONFIGURATION: Mapping[str, Any] = {
    "Description": "",
    "Environment": {"Variables": {}},
    "Handler": "",
    "Layers": [],
    "MemorySize": 128,
    "Role": "",
    "Runtime": "",
    "Timeout": 3,
}
"""Property -> AWS Lambda's own value where the template gives none."""
_NUMBERS = ("MemorySize", "Timeout")
_CONCURRENCY = "ReservedConcurrentExecutions"


def _update_function(change: Change) -> None:
    functions = change.client("lambda")
    if change.differs("Code"):
        functions.update_function_code(FunctionName=change.id, **_code(change.after["Code"]))
    configuration = {
        name: change.after.get(name, default)
        for name, default in _CONFIGURATION.items()
        if change.differs(name)
    }
    if configuration:
        numbers = {name: int(configuration[name]) for name in _NUMBERS if name in configuration}
        functions.update_function_configuration(FunctionName=change.id, **configuration | numbers)
    if change.differs(_CONCURRENCY):
        _update_concurrency(functions, change)


def _code(code: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the API's arguments: a template gives a function's text, the API takes a zip file."""
    if "ZipFile" in code:
        return {"ZipFile": LambdaFunction._create_zipfile_from_plaintext_code(code["ZipFile"])}
    return code


def _update_concurrency(functions: Any, change: Change) -> None:
    if _CONCURRENCY in change.after:
        functions.put_function_concurrency(
            FunctionName=change.id, ReservedConcurrentExecutions=int(change.after[_CONCURRENCY])
        )
    else:
        functions.delete_function_concurrency(FunctionName=change.id)


def _update_state_machine(change: Change) -> None:
    """Update the definition; running executions go on with that which they were started with
    (developer guide of AWS Step Functions, "UpdateStateMachine")."""
    machine: dict[str, Any] = {"stateMachineArn": change.id}
    if change.differs("DefinitionString"):
        machine["definition"] = change.after["DefinitionString"]
    if change.differs("RoleArn"):
        machine["roleArn"] = change.after["RoleArn"]
    if change.differs("LoggingConfiguration"):
        off = {"Level": "OFF"}
        logging = uncapitalised(change.after.get("LoggingConfiguration", off))
        machine["loggingConfiguration"] = json.loads(json.dumps(logging))
    if len(machine) > 1:
        change.client("stepfunctions").update_state_machine(**machine)


UPDATES: Mapping[str, Update] = {
    "AWS::Lambda::Function": Update(
        _update_function,
        frozenset({"Code", _CONCURRENCY, *_CONFIGURATION}),
        frozenset(
            {"Architectures", "DeadLetterConfig", "EphemeralStorage", "KmsKeyArn", "LoggingConfig"}
        )
        | {"RecursiveLoop", "RuntimeManagementConfig", "SnapStart", "Tags", "TracingConfig"},
    ),
    "AWS::StepFunctions::StateMachine": Update(
        _update_state_machine,
        frozenset({"DefinitionString", "LoggingConfiguration", "RoleArn"}),
        # The definition's other forms are read into DefinitionString.
        frozenset({"Definition", "DefinitionS3Location", "DefinitionSubstitutions"})
        | {"Tags", "TracingConfiguration"},
    ),
}
