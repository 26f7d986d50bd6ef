"""The documentation says of permissions what the template gives: no more, and no less."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.template.sam_template import TEMPLATE, allowed, as_list, found, functions, resources

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
EXAMPLE = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-2",
    "AWS::AccountId": "111122223333",
    "DnsHostVpc": TEMPLATE["Parameters"]["DnsHostVpc"]["Default"],
}
"""Values with which README.md prints the policy."""
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
GROUPS, RESOLVERS = "Ensure interface endpoints", "Ensure inbound resolver"
NOT_A_FUNCTION = {"your DNS hosts": "OnPremDnsHostPolicy", "the workflow": "PrivateConnectivity"}


def with_values(policy: Any) -> Any:
    """Return a policy of the template with the values of the example."""
    if isinstance(policy, Mapping):
        if policy.keys() == {"Fn::Sub"}:
            return re.sub(r"\$\{([\w:]+)\}", lambda name: EXAMPLE[name[1]], policy["Fn::Sub"])
        return {key: with_values(value) for key, value in policy.items()}
    return [with_values(each) for each in policy] if isinstance(policy, list) else policy


def test_the_policy_that_the_readme_prints_for_dns_hosts_is_the_stack_s() -> None:
    printed = re.search(r'^ {4}\{"Version".*?\n\n', README, re.MULTILINE | re.DOTALL)
    assert printed
    [policy] = resources("AWS::IAM::ManagedPolicy").values()
    assert json.loads(printed[0]) == with_values(policy["PolicyDocument"])


def section(title: str) -> str:
    """Return the text below a heading of the manual, up to the next one."""
    return OPERATIONS.partition(f"# {title}\n")[2].partition("\n#")[0]


def keys_that_may_be_set(function: str) -> set[str]:
    """Return the tags of VPCs that a function may write."""
    given = (each for name, each in allowed() if name == function)
    tagging = (each for each in given if "ec2:CreateTags" in as_list(each["Action"]))
    return {
        key
        for each in tagging
        for keys in found(each.get("Condition", {}), "aws:TagKeys")
        if keys != "false"
        for key in as_list(keys)
    }


def test_the_manual_names_the_tags_of_a_vpc_that_may_be_written() -> None:
    [row] = [line for line in section("IAM").splitlines() if line.startswith("| tag a VPC")]
    wishes, status = keys_that_may_be_set("RequestFunction"), keys_that_may_be_set("FinishFunction")
    assert {*re.findall(r"`(ecs-anywhere:[\w-]+)`", row)} == wishes
    assert f"the {NUMBERS[len(wishes)]} wish keys (*request*)" in row
    assert status == keys_that_may_be_set("WithdrawFunction")
    assert f"the {NUMBERS[len(status)]} status keys (*finish*, *withdraw*)" in row


def logical_id(name: str) -> str:
    """Return the logical id of the function with the name that the manual gives it."""
    words = re.sub(r"\b(interface|inbound) ", "", name).title().replace(" ", "")
    return f"{words}Function"


def may(who: str) -> set[str]:
    """Return the actions that the template allows to a function, or to another part of it."""
    given = (each for name, each in allowed() if name == who)
    return {action for each in given for action in as_list(each["Action"])}


def holders(cell: str) -> set[str]:
    """Return the logical ids of those to whom a row of the manual's table is about."""
    others = {who for words, who in NOT_A_FUNCTION.items() if words in cell}
    if cell == "the same two":
        return {logical_id(GROUPS), logical_id(RESOLVERS)}
    return others | {logical_id(name) for name in re.findall(r"\*([\w ]+)\*", cell)}


ROWS = re.findall(
    r"^\| (.*?) \| (.*?) \|", section("What the roles could do beyond"), re.MULTILINE
)[1:]


@pytest.mark.parametrize(("permission", "cell"), ROWS, ids=[row[0][:50] for row in ROWS])
def test_what_the_manual_says_that_roles_could_do_beyond_is_allowed_to_them(
    permission: str, cell: str
) -> None:
    actions, who = {*re.findall(r"`([a-z0-9]+:[A-Z]\w+)`", permission)}, holders(cell)
    assert actions
    assert actions <= {action for each in who for action in may(each)}
    assert [each for each in who if not may(each) & actions] == []


def test_the_manual_names_every_function_that_has_what_could_do_beyond() -> None:
    """But those that tag what they make in the act of creating it, which is a row of its own."""
    named = {
        (action, who)
        for permission, cell in ROWS
        for action in re.findall(r"`([a-z0-9]+:[A-Z]\w+)`", permission)
        for who in holders(cell)
    }
    actions = {action for action, _ in named} - {"ec2:CreateTags"}
    have = {(each, who) for who in functions() for each in may(who) & actions}
    assert have - named == set()
