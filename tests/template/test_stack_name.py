"""A stack may have any name that its workflow may have: what is built from the name, and how long
it may be.

CloudFormation makes the names of most resources from the stack's name, the logical id and some
letters, and cuts them to fit: those of rules to 64 characters, 50 of them for both. (Source: its
handler for rules, `EVENT_RULE_NAME_MAX_LENGTH`, and `IdentifierUtils` of cloudformation-cli-java-
plugin.) A stack of StackSets is called `StackSet-<name>-<uuid>`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from local.cloudformation.template import prepared
from tests.template.sam_template import PATH, TEMPLATE, as_list, found

EVERYTHING = {
    "NotificationEmail": "network-team@example.com",
    "DnsHostTag": "dns=yes",
    "ContainerHostTag": "c=yes",
}
GUIDE = (PATH.parent / "docs" / "guide.md").read_text()
LONGEST = 80
"""Characters, for the stack's name: AWS Step Functions takes no longer name of a state machine."""
LIMITS = {"Name": 80, "LogGroupName": 512, "StateMachineName": 80}
"""Property -> the longest name that AWS takes, where the template makes a name of the stack's."""

EXACT = {
    "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:${AWS::StackName}",
    "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:execution:${AWS::StackName}:*",
}
"""ARNs of the workflow, whose name is the stack's and is not cut."""


@pytest.fixture(scope="module")
def resources() -> Mapping[str, Any]:
    """Those that AWS makes, after the SAM transform. Where the code lies is uninteresting."""
    text = PATH.read_text().replace("CodeUri: functions/", "CodeUri: s3://any/code")
    text = text.replace("DefinitionUri: statemachine/", "DefinitionUri: s3://any/")
    made: Mapping[str, Any] = json.loads(prepared(text, EVERYTHING, "us-east-2")[0])["Resources"]
    return made


def texts(value: Any) -> Iterator[str]:
    """Yield every text that is substituted, and every other text."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


def documents(resources: Mapping[str, Any]) -> Iterator[Any]:
    """Yield every policy: of roles, of trust, of the queue, of the topic."""
    for resource in resources.values():
        for key in ("PolicyDocument", "AssumeRolePolicyDocument"):
            yield from found(resource["Properties"], key)


def test_no_policy_expects_a_name_that_cloudformation_may_have_cut(
    resources: Mapping[str, Any],
) -> None:
    """The owner tag's value is the whole name, by `!Ref`; what is substituted is the workflow."""
    by_name = {text for each in documents(resources) for text in texts(each) if "StackName" in text}
    assert by_name - {"AWS::StackName"} == EXACT


def test_no_event_pattern_and_no_variable_expects_such_a_name(resources: Mapping[str, Any]) -> None:
    rules = [
        each["Properties"] for each in resources.values() if each["Type"] == "AWS::Events::Rule"
    ]
    assert not [text for rule in rules for text in texts(rule) if "StackName" in text]
    variables = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    assert {text for text in texts(variables) if "StackName" in text} - {"AWS::StackName"} <= EXACT


def test_every_rule_may_use_the_dead_letters_whatever_its_name_is(
    resources: Mapping[str, Any],
) -> None:
    """Else what EventBridge cannot deliver is refused there, silently."""
    (allowed, _) = resources["DeadLettersPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    named = {
        name for name, _ in found(allowed["Condition"]["ArnEquals"]["aws:SourceArn"], "Fn::GetAtt")
    }
    assert named == {
        name
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Events::Rule"
        and any("DeadLetterConfig" in target for target in resource["Properties"]["Targets"])
    }


def test_a_role_that_a_rule_refers_to_is_for_the_rules_of_this_account_and_region() -> None:
    """It cannot name its rule: the rule names the role."""
    trust = TEMPLATE["Resources"]["PushRole"]["Properties"]["AssumeRolePolicyDocument"]
    assert TEMPLATE["Resources"]["CheckRole"]["Properties"]["AssumeRolePolicyDocument"] == trust
    (statement,) = trust["Statement"]
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
        "ArnLike": {
            "aws:SourceArn": {
                "Fn::Sub": "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/*"
            }
        },
    }


def test_a_stack_s_name_may_be_as_long_as_the_guide_says(resources: Mapping[str, Any]) -> None:
    """Longer, and AWS refuses the workflow. Everything else that is called by it would fit."""
    stack = {
        "AWS::StackName": "s" * LONGEST,
        "AWS::StackId": f"arn:stack/{'s' * LONGEST}/{'u' * 36}",
    }
    made = {
        (logical_id, key): len(_named(resource["Properties"][key], stack))
        for logical_id, resource in resources.items()
        for key in LIMITS
        if "StackName" in str(resource["Properties"].get(key))
    }
    assert made[("PrivateConnectivity", "StateMachineName")] == LIMITS["StateMachineName"]
    assert all(length <= LIMITS[key] for (_, key), length in made.items())
    assert f"at most {LONGEST} characters" in GUIDE


def _named(name: Any, stack: Mapping[str, str]) -> str:
    if "Ref" in name:
        return stack[name["Ref"]]
    text, *more = as_list(name["Fn::Sub"])
    values = {**stack, **{key: stack["AWS::StackId"][-36:] for each in more for key in each}}
    return re.sub(r"\$\{([^}]+)\}", lambda found: values[found[1]], text)


@pytest.mark.parametrize(
    "stack",
    [
        "ecs-anywhere-private-connectivity",
        "StackSet-private-connectivity-0f6c2a52-3d0a-4c57-9d86-1d3c9f6c9d54",
    ],
)
def test_common_names_are_short_enough_for_the_workflow_and_too_long_for_a_pattern(
    stack: str,
) -> None:
    """These are the names for which a condition on `rule/<stack's name>-*` matched nothing."""
    assert len(stack) <= LONGEST
    assert len(f"{stack}-KnockFunctionAcknowledged-1DETLF9EXY3YW") > 64
