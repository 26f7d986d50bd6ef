"""Compare who may do what in two templates of this stack.

    python scripts/compare_permissions.py OLD NEW    exit with 1 where they differ, and say how
    python scripts/compare_permissions.py TEMPLATE   print the listing, as JSON
    python scripts/compare_permissions.py --shape TEMPLATE   print parameters and resources, as JSON

Both templates are first made what AWS CloudFormation gets, by the SAM translator. A line of the
listing is one effect, one action, one resource and the whole condition: how statements are grouped,
ordered or shared makes no difference. The listings that were agreed on stand in
tests/template/permissions.json and shape.json, so that a review sees every change of a permission,
a parameter or a logical id as a line.
"""

from __future__ import annotations

import copy
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
from samtranslator.internal.managed_policies import get_bundled_managed_policy_map
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

Listing = dict[str, list[str]]
"""Role, or resource with a policy -> its permissions, one a line and sorted."""

DECIDED_BY_SAM = {"XRayTracing": "Disabled"}
"""Parameters by whose value the translator itself adds something, with that value by which it adds
nothing: what the other one adds is tests/template/test_tracing.py's."""
ANY_REGION = "us-east-1"
"""The translator asks for one; what it would write of it stays a variable."""
RESOURCE_POLICIES = {
    "AWS::SNS::TopicPolicy": "PolicyDocument",
    "AWS::SQS::QueuePolicy": "PolicyDocument",
    "AWS::KMS::Key": "KeyPolicy",
    "AWS::IAM::ManagedPolicy": "PolicyDocument",
}
"""Type -> the property that holds its policy."""


def permissions(path: Path) -> Listing:
    """Return what the stack of the template at `path` lets whom do."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, resource in transformed(path)["Resources"].items():
        for who, line in _of_resource(name, resource["Type"], resource["Properties"]):
            found[who].add(line)
    return {who: sorted(lines) for who, lines in sorted(found.items())}


def transformed(path: Path) -> dict[str, Any]:
    """Return the template as plain CloudFormation. Parameters stay variables, `${Name}`."""
    template = yaml_parse(path.read_text("utf-8"))
    template["Globals"]["Function"]["CodeUri"] = "s3://any/code"
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::StateMachine":
            resource["Properties"]["DefinitionUri"] = "s3://any/definition"
    names = [*template["Parameters"], "AWS::Region", "AWS::Partition"]
    translator = Translator(None, Parser(), boto_session=boto3.Session(region_name=ANY_REGION))
    plain: dict[str, Any] = translator.translate(
        # What an anchor shares is one object, which the translator would change everywhere at once
        json.loads(json.dumps(template, default=str)),
        {name: f"${{{name}}}" for name in names} | DECIDED_BY_SAM,
        get_managed_policy_map=lambda: get_bundled_managed_policy_map("aws"),
    )
    return plain


def _of_resource(name: str, kind: str, properties: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield who is allowed or denied what by one resource."""
    if kind == "AWS::IAM::Role":
        trust = _of(properties["AssumeRolePolicyDocument"])
        yield from ((f"{name}: trust", each) for each in trust)
        yield from ((name, each) for each in _of_role(properties))
    elif kind == "AWS::IAM::Policy":
        lines = list(_of(properties["PolicyDocument"]))
        yield from ((role["Ref"], each) for role in properties["Roles"] for each in lines)
    elif kind == "AWS::Lambda::Permission":
        asked = {key: value for key, value in properties.items() if key != "FunctionName"}
        yield (f"{properties['FunctionName']['Ref']}: invoked by", _text(asked))
    elif kind in RESOURCE_POLICIES:
        yield from ((name, each) for each in _of(properties[RESOURCE_POLICIES[kind]]))


def _of_role(properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a role may do, and what bounds that."""
    yield f"Boundary {_text(properties.get('PermissionsBoundary'))}"
    for arn in properties.get("ManagedPolicyArns", []):
        yield f"Managed {_text(arn)}"
    for policy in properties.get("Policies", []):
        yield from _of(policy["PolicyDocument"])


def _of(document: Any) -> Iterator[str]:
    """Yield the lines of a policy document."""
    if "Fn::Sub" in document:
        text, values = document["Fn::Sub"]
        document = json.loads(text)
        document["Statement"][0]["Values"] = values
    for statement in _listed(document["Statement"]):
        yield from _lines(statement, "")


def _lines(statement: dict[str, Any], when: str) -> Iterator[str]:
    """Yield a line for each action and resource of a statement; `when` is its condition in the
    template."""
    if "Fn::If" in statement:
        name, then, otherwise = statement["Fn::If"]
        for branch, holds in ((then, f" WHEN {name}"), (otherwise, f" UNLESS {name}")):
            if branch != {"Ref": "AWS::NoValue"}:
                yield from _lines(branch, when + holds)
        return
    left = copy.deepcopy(statement)
    left.pop("Sid", None)
    effect, actions = left.pop("Effect"), _listed(left.pop("Action"))
    but = "NotResource" in left
    resources = _listed(left.pop("NotResource" if but else "Resource", "itself"))
    # Anything else (Principal, Condition) belongs to every line as a whole
    more = "".join(f" {key} {_text(left[key])}" for key in sorted(left, reverse=True))
    for action in actions:
        for resource in resources:
            yield f"{effect} {action} ON {'ALL BUT ' if but else ''}{_text(resource)}{more}{when}"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    """Return a value of the template as text: `${Name}` for a reference, JSON for anything else."""
    plain = _plain(value)
    return plain if isinstance(plain, str) else json.dumps(plain, sort_keys=True)


def _plain(value: Any) -> Any:
    """Replace references by what `Fn::Sub` writes for them. Alternatives are sorted."""
    if isinstance(value, list):
        return sorted((_plain(each) for each in value), key=json.dumps)
    if not isinstance(value, Mapping):
        return value
    if value.keys() == {"Ref"}:
        return f"${{{value['Ref']}}}"
    if value.keys() == {"Fn::GetAtt"}:
        return "${" + ".".join(value["Fn::GetAtt"]) + "}"
    if value.keys() == {"Fn::Sub"} and isinstance(value["Fn::Sub"], str):
        return value["Fn::Sub"]
    if value.keys() & {"Fn::If", "Fn::Select", "Fn::Join", "Fn::Split"}:
        return json.dumps(value, sort_keys=True)
    return {key: _plain(each) for key, each in value.items()}


def shape(path: Path) -> dict[str, Any]:
    """Return what an upgrade of a deployed stack must not change unseen: the parameters without
    their words, and the type of every resource and output by its logical id."""
    words = {"Description", "ConstraintDescription"}
    template = transformed(path)
    return {
        "parameters": {
            name: {key: value for key, value in sorted(slot.items()) if key not in words}
            for name, slot in sorted(template["Parameters"].items())
        },
        "resources": {
            name: f"{each['Type']} if {each['Condition']}" if "Condition" in each else each["Type"]
            for name, each in sorted(template["Resources"].items())
        },
        "outputs": sorted(template["Outputs"]),
    }


def differences(old: Listing, new: Listing) -> list[str]:
    """Return a line for each permission that only one of them has: `-` the old one, `+` the new."""
    return [
        f"{sign} {who}: {line}"
        for who in sorted(old.keys() | new.keys())
        for sign, these, others in (("-", old, new), ("+", new, old))
        for line in these.get(who, [])
        if line not in others.get(who, [])
    ]


def main(asked: list[str]) -> int:
    """Print what was asked for. Return the exit code."""
    match asked:
        case ["--shape", path]:
            return _print(shape(Path(path)))
        case [path]:
            return _print(permissions(Path(path)))
        case [old, new]:
            return compare(Path(old), Path(new))
    sys.stderr.write(__doc__ or "")
    return 2


def _print(listing: Mapping[str, Any]) -> int:
    sys.stdout.write(json.dumps(listing, indent=1) + "\n")
    return 0


def compare(old: Path, new: Path) -> int:
    """Print what differs. Return 1 where anything does."""
    before, now = permissions(old), permissions(new)
    differ = differences(before, now)
    sys.stdout.write("".join(f"{line}\n" for line in differ))
    count = sum(map(len, now.values()))
    sys.stdout.write(f"{count} permissions of {len(now)} holders; {len(differ)} lines differ\n")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
