"""The guard goes first: AWS CloudFormation deletes it before anything that would be missed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from connectivity.domain import deletion
from connectivity.domain.custom_resource import Request

from local.cloudformation.deletion import dependencies
from local.cloudformation.template import prepared
from tests.template.sam_template import PATH, TEMPLATE, allowed, functions

GUARD = "DeletionGuard"
EVERYTHING = {
    "NotificationEmail": "network-team@example.com",
    "DnsHostTag": "dns=yes",
    "ContainerHostTag": "c=yes",
}
"""Parameters with which every resource is there."""


@pytest.fixture(scope="module")
def resources() -> Mapping[str, Any]:
    """Those that AWS makes, after the SAM transform. Where the code lies is uninteresting."""
    text = PATH.read_text().replace("CodeUri: functions/", "CodeUri: s3://any/code")
    text = text.replace("DefinitionUri: statemachine/", "DefinitionUri: s3://any/")
    made: Mapping[str, Any] = json.loads(prepared(text, EVERYTHING, "us-east-2")[0])["Resources"]
    return made


def below(name: str, needs: Mapping[str, set[str]]) -> Iterator[str]:
    """What has to be there as long as `name` is, however indirectly."""
    for needed in needs[name]:
        yield needed
        yield from below(needed, needs)


def test_nothing_is_deleted_before_the_guard(resources: Mapping[str, Any]) -> None:
    needs = dependencies(resources)
    assert set(below(GUARD, needs)) == resources.keys() - {GUARD}


def test_nothing_depends_on_the_guard_so_that_it_can_be_first(resources: Mapping[str, Any]) -> None:
    assert not [name for name, needed in dependencies(resources).items() if GUARD in needed]


def test_what_may_be_missing_is_referred_to_only_where_it_is_there() -> None:
    """DependsOn on a resource whose condition is false is an error."""
    guard = TEMPLATE["Resources"][GUARD]
    conditional = {
        name: resource["Condition"]
        for name, resource in TEMPLATE["Resources"].items()
        if "Condition" in resource
    }
    assert not conditional.keys() & set(guard["DependsOn"])
    for branch in guard["Properties"]["DeletedBefore"]:
        condition, there, missing = branch["Fn::If"]
        assert conditional[there["Ref"]] == condition
        assert missing == {"Ref": "AWS::NoValue"}


def test_the_guard_may_look_at_what_is_in_the_way_and_protect_the_ledger_and_nothing_else() -> None:
    given = [
        statement for name, statement in allowed(lambda _: False) if name == "GuardDeletionFunction"
    ]
    assert given == [
        {
            "Effect": "Allow",
            "Action": ["dynamodb:Scan", "dynamodb:UpdateTable"],
            "Resource": {"Fn::GetAtt": ["Ledger", "Arn"]},
        },
        {
            "Effect": "Allow",
            "Action": "iam:ListEntitiesForPolicy",
            "Resource": {"Ref": "OnPremDnsHostPolicy"},
        },
    ]


def test_another_ledger_is_a_change_of_the_guard_which_then_protects_it() -> None:
    assert TEMPLATE["Resources"][GUARD]["Properties"]["Protects"] == {"Ref": "Ledger"}


def test_a_ledger_that_an_update_replaces_is_kept_and_one_of_a_failed_creation_is_not() -> None:
    """Deletion protection that the template turns on would outlive a creation that fails."""
    ledger = TEMPLATE["Resources"]["Ledger"]
    assert (ledger["DeletionPolicy"], ledger["UpdateReplacePolicy"]) == ("Delete", "Retain")
    assert "DeletionProtectionEnabled" not in ledger["Properties"]


def test_the_policy_of_the_dns_hosts_is_never_replaced() -> None:
    """What AWS CloudFormation can only create anew (`Description`, `Path`, `ManagedPolicyName`)
    stays for ever: another value is another policy with another ARN, which no host has, and the
    deletion of this one fails, because it is attached."""
    policy = TEMPLATE["Resources"]["OnPremDnsHostPolicy"]["Properties"]
    assert policy.keys() == {"Description", "PolicyDocument"}
    assert policy["Description"] == (
        "What the pick-up tool on a DNS host on-premises needs, and nothing else"
    )


def test_aws_waits_longer_than_the_guard_may_run_but_no_hour() -> None:
    """A second run, by AWS Lambda, begins a minute after one that failed."""
    guard = TEMPLATE["Resources"][GUARD]["Properties"]
    usual = TEMPLATE["Globals"]["Function"]["Timeout"]
    longest = functions()["GuardDeletionFunction"].get("Timeout", usual)
    assert longest < guard["ServiceTimeout"] <= 300
    assert guard["ServiceToken"] == {"Fn::GetAtt": ["GuardDeletionFunction", "Arn"]}


def test_the_function_that_a_person_is_sent_to_is_the_guard_s() -> None:
    request = Request("Delete", "", "stack", "id", GUARD, "deletion-guard/stack")
    assert "GuardDeletionFunction" in deletion.undecided(request, ValueError()).reason
    assert "GuardDeletionFunction" in functions()
