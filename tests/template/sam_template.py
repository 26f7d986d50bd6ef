"""template.yaml as data: `!Ref A` is {"Ref": "A"}, `!GetAtt A.B` is {"Fn::GetAtt": ["A", "B"]}."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

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


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every policy statement that something of ours is given, with the name of who has it."""
    for kind in ("AWS::Serverless::Function", "AWS::Serverless::StateMachine", "AWS::IAM::Role"):
        for name, properties in resources(kind).items():
            for policy in properties["Policies"]:
                document = policy_document(policy.get("PolicyDocument", policy))
                yield from ((name, statement) for statement in document["Statement"])
    for properties in resources("AWS::IAM::Policy").values():
        for role in properties["Roles"]:
            name = role["Ref"].removesuffix("Role")
            yield from ((name, each) for each in properties["PolicyDocument"]["Statement"])
    for name, properties in resources("AWS::IAM::ManagedPolicy").items():
        yield from ((name, each) for each in properties["PolicyDocument"]["Statement"])


def allowed() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the statements that give something, with the name of who has each."""
    yield from ((name, each) for name, each in statements() if each["Effect"] == "Allow")


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
