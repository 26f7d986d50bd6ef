"""template.yaml as data: `!Ref A` is {"Ref": "A"}, `!GetAtt A.B` is {"Fn::GetAtt": ["A", "B"]}."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

Statement = dict[str, Any]

PATH = Path(__file__).parents[2] / "template.yaml"
TEMPLATE: dict[str, Any] = yaml_parse(PATH.read_text())
ENVIRONMENT: dict[str, Any] = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]


def resources(kind: str) -> dict[str, Any]:
    """Properties of every resource of a type, by logical id."""
    return {
        name: resource["Properties"]
        for name, resource in TEMPLATE["Resources"].items()
        if resource["Type"] == kind
    }


def functions() -> dict[str, Any]:
    return resources("AWS::Serverless::Function")


def timeout_of(function: str) -> int:
    """Return how many seconds a function may run, by its logical id."""
    everybody_s = TEMPLATE["Globals"]["Function"]["Timeout"]
    return int(functions()[function].get("Timeout", everybody_s))


def statements(holds: Callable[[str], bool] = lambda _: True) -> Iterator[tuple[str, Statement]]:
    """Yield every policy statement that something of ours is given, with the name of who has it;
    of those under a condition, the ones whose condition `holds`."""
    for kind in ("AWS::Serverless::Function", "AWS::Serverless::StateMachine", "AWS::IAM::Role"):
        for name, properties in resources(kind).items():
            for policy in properties["Policies"]:
                document = policy_document(policy.get("PolicyDocument", policy))
                yield from ((name, each) for each in _given(document["Statement"], holds))
    for properties in resources("AWS::IAM::Policy").values():
        for role in properties["Roles"]:
            name = role["Ref"].removesuffix("Role")
            given = _given(properties["PolicyDocument"]["Statement"], holds)
            yield from ((name, each) for each in given)
    for name, properties in resources("AWS::IAM::ManagedPolicy").items():
        given = _given(properties["PolicyDocument"]["Statement"], holds)
        yield from ((name, each) for each in given)


def _given(
    listed: Iterable[dict[str, Any]], holds: Callable[[str], bool]
) -> Iterator[dict[str, Any]]:
    for statement in listed:
        if "Fn::If" not in statement:
            yield statement
            continue
        condition, there, _ = statement["Fn::If"]
        if holds(condition):
            yield there


def allowed(holds: Callable[[str], bool] = lambda _: True) -> Iterator[tuple[str, Statement]]:
    """Yield the statements that give something, with the name of who has each."""
    yield from ((name, each) for name, each in statements(holds) if each["Effect"] == "Allow")


def policy_document(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Also of one that is a text with something to substitute."""
    read: Mapping[str, Any] = document
    if "Fn::Sub" in document:
        read = json.loads(document["Fn::Sub"][0])
    return read


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def found(value: Any, key: str) -> Iterator[Any]:
    """What stands under `key`, however deep."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            if name == key:
                yield item
            yield from found(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from found(item, key)
