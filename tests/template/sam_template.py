"""template.yaml as data: `!Ref A` is {"Ref": "A"}, `!GetAtt A.B` is {"Fn::GetAtt": ["A", "B"]}."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
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


def names_in(text: str) -> tuple[set[str], set[str]]:
    """Return the names that a YAML text gives to parts of it (`&Name`), and those that it repeats
    (`*Name`)."""
    tokens = list(yaml.scan(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    return (
        {token.value for token in tokens if isinstance(token, yaml.AnchorToken)},
        {token.value for token in tokens if isinstance(token, yaml.AliasToken)},
    )


def mappings() -> Iterator[tuple[yaml.MappingNode, dict[str, Any]]]:
    """Yield every mapping as it is written, once however often an alias repeats it, with its
    entries: those that are a text, and YAML's nodes for anything else."""
    seen: set[int] = set()
    left: list[yaml.Node] = [yaml.compose(PATH.read_text(), Loader=yaml.SafeLoader)]
    while left:
        node = left.pop()
        if id(node) in seen or not isinstance(node, yaml.CollectionNode):
            continue
        seen.add(id(node))
        if not isinstance(node, yaml.MappingNode):
            left.extend(node.value)
            continue
        left.extend(value for _, value in node.value)
        yield node, {key.value: value.value for key, value in node.value}


def timeout_of(function: str) -> int:
    """Return how many seconds a function may run, by its logical id."""
    everybody_s = TEMPLATE["Globals"]["Function"]["Timeout"]
    return int(functions()[function].get("Timeout", everybody_s))


def statements(holds: Callable[[str], bool] = lambda _: True) -> Iterator[tuple[str, Statement]]:
    """Yield every policy statement that something of ours is given, with the name of who has it;
    of those under a condition, the ones whose condition `holds`."""
    for kind in ("AWS::Serverless::Function", "AWS::Serverless::StateMachine", "AWS::IAM::Role"):
        for name, properties in resources(kind).items():
            for policy in as_list(properties["Policies"]):
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
    """Return a policy document, also one that is a text with something to substitute."""
    read: Mapping[str, Any] = document
    if "Fn::Sub" in document:
        read = json.loads(document["Fn::Sub"][0])
    return read


def with_values(parameters: Mapping[str, str]) -> str:
    """Return the template as JSON, with these values as the parameters' defaults, for a reader
    that takes no parameters. Its paths lead to this repository."""
    told = json.loads(json.dumps(TEMPLATE, default=str))
    for name, value in parameters.items():
        told["Parameters"][name]["Default"] = value
    told["Globals"]["Function"]["CodeUri"] = str(PATH.parent / "functions")
    for resource in told["Resources"].values():
        if "DefinitionUri" in resource["Properties"]:
            definition = PATH.parent / resource["Properties"]["DefinitionUri"]
            resource["Properties"]["DefinitionUri"] = str(definition)
    return json.dumps(told, indent=1)


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def found(value: Any, key: str) -> Iterator[Any]:
    """Yield what stands under `key`, however deep."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            if name == key:
                yield item
            yield from found(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from found(item, key)
