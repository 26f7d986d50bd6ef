"""Presets of endpoint policies: what each lets in, of each service and in each Region."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from connectivity.domain import endpoint_policy, policy_presets
from connectivity.domain.catalogue import REQUIRED, service_names
from connectivity.domain.ledger import MAKING, Announcement, Entry, announcement, policies_of
from connectivity.domain.policy_presets import choice_problems, document, whose

from tests.unit.example import ACCOUNT, full

ORGANIZATION = "o-a1b2c3d4e5"
AWS_S_OWN = json.dumps(
    {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
)
REGIONS = ("us-east-2", "cn-north-1", "us-gov-west-1", "eusc-de-east-1", "eu-isoe-west-1")


def statements(service_name: str, let_in: str = ACCOUNT) -> dict[str, Any]:
    said = json.loads(document(let_in, service_name))["Statement"]
    return {each["Sid"]: each for each in said}


def unconditional(service_name: str) -> dict[str, Sequence[str]]:
    """Statement by name -> its actions, of those that let in anybody."""
    found = statements(service_name).values()
    return {each["Sid"]: each["Action"] for each in found if "Condition" not in each}


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("service", [*REQUIRED, "ec2messages", "s3", "ecr.api", "ecr.dkr", "kms"])
@pytest.mark.parametrize("let_in", [ACCOUNT, ORGANIZATION])
def test_every_preset_is_a_policy_that_aws_takes(let_in: str, service: str, region: str) -> None:
    for name in service_names(service, region):
        text = document(let_in, name)
        assert text == document(let_in, name)
        assert len(text) <= policy_presets.LONGEST
        assert not endpoint_policy.is_default(text)
        assert not endpoint_policy.denies_everything(text)
        for each in json.loads(text)["Statement"]:
            assert each["Principal"] == "*", "a gateway endpoint takes nothing else"


def test_only_what_comes_without_credentials_is_let_in_without_a_condition() -> None:
    """Anything else would be a hole that a preset is there to close."""
    assert unconditional(full("ssm")) == {
        "Registration": [
            "ssm:RegisterManagedInstance",
            "ssm:RequestManagedInstanceRoleToken",
            "ssm:UpdateManagedInstancePublicKey",
        ]
    }
    assert unconditional(full("s3")) == {"LayersAndInstallers": ["s3:GetObject"]}
    for service in ("ecs", "ssmmessages", "ec2messages", "ecr.api", "ecr.dkr", "logs"):
        assert unconditional(full(service)) == {}


def test_a_bucket_that_anybody_reads_is_one_of_aws_s_by_its_whole_name() -> None:
    buckets = statements(full("s3"))["LayersAndInstallers"]["Resource"]
    assert "arn:aws:s3:::prod-us-east-2-starport-layer-bucket/*" in buckets
    assert "arn:aws:s3:::amazon-ecs-agent-us-east-2/*" in buckets
    assert "arn:aws:s3:::amazon-ssm-us-east-2/*" in buckets
    assert all(each.removeprefix("arn:aws:s3:::").count("*") == 1 for each in buckets)
    in_china = statements("cn.com.amazonaws.cn-north-1.s3")["LayersAndInstallers"]["Resource"]
    assert "arn:aws-cn:s3:::prod-cn-north-1-starport-layer-bucket/*" in in_china


@pytest.mark.parametrize(
    ("region", "snapshot", "documents"),
    [
        ("us-east-2", "patch-baseline-snapshot-us-east-2", "us-east-2-552881074"),
        ("me-south-1", "patch-baseline-snapshot-me-south-1-uduvl7q8", "me-south-1-a53fc9dce"),
        ("af-south-1", "patch-baseline-snapshot-af-south-1-tbxdb5b9", "af-south-1-bdd5f65a9"),
        ("eu-south-2", "patch-baseline-snapshot-eu-south-2-df2c9d70", "eu-south-2-a4cf248b1"),
    ],
)
def test_buckets_for_patching_have_the_names_that_aws_gave_them_in_each_region(
    region: str, snapshot: str, documents: str
) -> None:
    let_through = statements(f"com.amazonaws.{region}.s3")["LayersAndInstallers"]["Resource"]
    found = [each for each in let_through if "patch-baseline" in each or "patch-manager" in each]
    assert found == [f"arn:aws:s3:::{snapshot}/*", f"arn:aws:s3:::aws-patch-manager-{documents}/*"]


def test_a_policy_that_opens_one_service_is_not_taken_for_aws_s_own() -> None:
    for service, action in {
        "ssm": "ssm:*",
        "ecr.api": "ecr:*",
        "monitoring": "cloudwatch:*",
    }.items():
        text = policy_presets.open_document(full(service))
        assert json.loads(text)["Statement"][0]["Action"] == action
        assert not endpoint_policy.is_default(text)


@pytest.mark.parametrize(
    ("let_in", "caller", "resource"),
    [
        (ACCOUNT, "aws:PrincipalAccount", "aws:ResourceAccount"),
        (ORGANIZATION, "aws:PrincipalOrgID", "aws:ResourceOrgID"),
    ],
)
def test_callers_are_held_to_their_own_resources_where_a_request_names_one(
    let_in: str, caller: str, resource: str
) -> None:
    of_ecs = statements(full("ecs"), let_in)
    assert of_ecs["OwnCallersAndResources"]["Condition"] == {
        "StringEquals": {caller: let_in, resource: let_in}
    }
    # Not "the organization, if there is one": an account may have none.
    assert of_ecs["OwnCallers"]["Condition"] == {
        "StringEquals": {caller: let_in},
        "Null": {"aws:ResourceAccount": "true"},
    }
    for service in ("ssmmessages", "ec2messages"):
        only_callers = {"StringEquals": {caller: let_in}}
        assert statements(full(service), let_in)["OwnCallers"]["Condition"] == only_callers
    documents = statements(full("ssm"), let_in)["AwsDocuments"]
    assert documents["Condition"] == {"StringEquals": {caller: let_in}}
    assert "arn:aws:ssm:us-east-2::document/*" in documents["Resource"]


def test_full_access_is_no_policy_of_ours() -> None:
    assert document("", full("ssm")) == ""
    assert whose("full-access", ACCOUNT) == ""
    assert (whose("account", ACCOUNT), whose(ORGANIZATION, ACCOUNT)) == (ACCOUNT, ORGANIZATION)


@pytest.mark.parametrize(
    ("admitted", "chosen", "may"),
    [
        ("full-access", "account", True),
        ("full-access", ORGANIZATION, True),
        (ORGANIZATION, ORGANIZATION, True),
        (ORGANIZATION, "account", True),
        (ORGANIZATION, "o-zzzzzzzzzz", False),
        (ORGANIZATION, "full-access", False),
        ("account", "account", True),
        ("account", ORGANIZATION, False),
        ("account", "full-access", False),
    ],
)
def test_a_vpc_may_narrow_the_stack_s_choice_and_not_widen_it(
    admitted: str, chosen: str, may: bool
) -> None:
    problems = choice_problems(chosen, "tag x", admitted)
    assert (problems == []) is may
    assert all("is not within the stack's EndpointPolicy" in each for each in problems)


@pytest.mark.parametrize("word", ["", "organization", "o-short", "111122223333", "acount", "o-A*"])
def test_a_choice_that_is_none_is_named_with_those_there_are(word: str) -> None:
    [problem] = choice_problems(word, "tag x", "full-access")
    assert "is not full-access, account or the id of an organization" in problem


def test_texts_that_say_the_same_have_one_fingerprint() -> None:
    ours = document(ACCOUNT, full("ssm"))
    shown = json.loads(ours)
    shown["Statement"].reverse()
    for each in shown["Statement"]:
        each["Principal"] = {"AWS": "*"}
        each["Resource"] = each["Resource"][0] if len(each["Resource"]) == 1 else each["Resource"]
    same = json.dumps(shown, indent=2)
    assert endpoint_policy.fingerprint(same) == endpoint_policy.fingerprint(ours)
    assert endpoint_policy.fingerprint("") == endpoint_policy.fingerprint(AWS_S_OWN) == "default"
    others = {document(ORGANIZATION, full("ssm")), document(ACCOUNT, full("ecs")), "no JSON"}
    prints = {endpoint_policy.fingerprint(each) for each in others}
    assert len(prints | {endpoint_policy.fingerprint(ours)}) == 4


@pytest.mark.parametrize(
    "announced",
    [
        Announcement("token"),
        Announcement("token", policy=ACCOUNT),
        Announcement("token", "sg-1", ("subnet-a", "subnet-b")),
        Announcement("token", "sg-1", ("subnet-a", "subnet-b"), ORGANIZATION),
    ],
)
def test_an_announcement_is_read_as_it_was_written(announced: Announcement) -> None:
    """Without a policy it is what the release before writes and reads."""
    entry = Entry("vpc-1", held={"endpoint/x": f"{MAKING}{announced}"})
    assert announcement(entry, "endpoint/x") == announced


def test_what_was_set_on_an_endpoint_that_is_gone_is_forgotten() -> None:
    written = {"endpoint/a": "vpce-1 aa bb", "endpoint/b": "vpce-2 cc"}
    held = {"endpoint/a": "vpce-1", "endpoint/b": "vpce-3"}
    assert policies_of(held, written) == {"endpoint/a": ("aa", "bb")}
