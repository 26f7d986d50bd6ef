"""The functions and the workflow of template.yaml, with every parameter's default."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from bench.amazon.account import ACCOUNT, REGION

ROOT = Path(__file__).parents[1]
STACK = "private-connectivity"
_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::StackName": STACK,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::NoValue": None,
}


@dataclass(frozen=True)
class Function:
    """One of the app's Lambda functions."""

    name: str
    """The logical id of the function."""
    handler: str
    memory: int
    """Memory in megabytes."""
    timeout: float
    """The time-out in seconds."""


@dataclass(frozen=True)
class Template:
    """The functions by their logical ids, their environment, and the workflow's definition."""

    functions: Mapping[str, Function]
    definition: Mapping[str, Any]
    environment: Mapping[str, str]
    sweep_minutes: float


@cache
def template() -> Template:
    """Read template.yaml, and the definition that it names."""
    return _Reading(yaml_parse((ROOT / "template.yaml").read_text())).template()


class _Reading:
    def __init__(self, source: dict[str, Any]) -> None:
        self._source = source
        self._parameters = {
            name: str(parameter.get("Default", name))
            for name, parameter in source["Parameters"].items()
        }

    def template(self) -> Template:
        resources = self._source["Resources"]
        functions = {
            name: self._function(name, resource["Properties"])
            for name, resource in resources.items()
            if resource["Type"] == "AWS::Serverless::Function"
        }
        [machine] = [
            resource["Properties"]
            for resource in resources.values()
            if resource["Type"] == "AWS::Serverless::StateMachine"
        ]
        return Template(
            functions,
            self._definition(machine),
            self._environment([r["Properties"] for n, r in resources.items() if n in functions]),
            float(self._parameters["SweepMinutes"]),
        )

    @property
    def _globals(self) -> dict[str, Any]:
        shared: dict[str, Any] = self._source["Globals"]["Function"]
        return shared

    def _function(self, name: str, properties: Mapping[str, Any]) -> Function:
        told = {**self._globals, **properties}
        memory, timeout = self._value(told["MemorySize"]), self._value(told["Timeout"])
        return Function(name, str(told["Handler"]), int(memory), float(timeout))

    def _environment(self, functions: list[Mapping[str, Any]]) -> dict[str, str]:
        said = [self._globals, *functions]
        variables = [each.get("Environment", {}).get("Variables", {}) for each in said]
        return {name: str(self._value(value)) for each in variables for name, value in each.items()}

    def _definition(self, machine: Mapping[str, Any]) -> dict[str, Any]:
        text = (ROOT / machine["DefinitionUri"]).read_text()
        for name, value in machine["DefinitionSubstitutions"].items():
            text = text.replace(f"${{{name}}}", str(self._value(value)))
        definition: dict[str, Any] = yaml_parse(text)
        return definition

    def _value(self, value: Any) -> Any:
        """Return the value of an expression; a resource's is its logical id."""
        if not isinstance(value, dict) or len(value) != 1:
            return value
        [(function, given)] = value.items()
        match function:
            case "Ref":
                return _PSEUDO.get(given, self._parameters.get(given, given))
            case "Fn::GetAtt":
                return given[0] if isinstance(given, list) else str(given).partition(".")[0]
            case "Fn::Sub":
                text = given if isinstance(given, str) else given[0]
                return re.sub(r"\$\{([^}]+)\}", lambda m: str(self._value({"Ref": m[1]})), text)
            case "Fn::Join":
                parts = self._value(given[1])
                items = parts.split(",") if isinstance(parts, str) else map(self._value, parts)
                return str(given[0]).join(map(str, items))
            case "Fn::If":
                return self._value(given[1] if self._holds(given[0]) else given[2])
        return value

    def _holds(self, name: str) -> bool:
        return bool(self._test(self._source["Conditions"][name]))

    def _test(self, condition: Any) -> bool:
        [(function, given)] = condition.items()
        match function:
            case "Fn::Equals":
                return str(self._value(given[0])) == str(self._value(given[1]))
            case "Fn::Not":
                return not self._test(given[0])
            case "Fn::And":
                return all(map(self._test, given))
            case "Fn::Or":
                return any(map(self._test, given))
        return self._holds(given)
