"""What a company demands of every stack in its account, as parameters that are empty by default:
tags, a permissions boundary, a key of its own, processors, reserved concurrency."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from connectivity.domain.tags import MOST_EXTRA, UnusableTagsError, extra_tags

from local.cloudformation.template import prepared
from tests.template.sam_template import PATH, TEMPLATE, as_list, functions, statements, with_values

PARAMETERS = TEMPLATE["Parameters"]
NOTHING = {"Ref": "AWS::NoValue"}


def where(condition: str, there: Any) -> dict[str, Any]:
    return {"Fn::If": [condition, there, NOTHING]}


OWN_KEY = where("HasKmsKey", {"Ref": "KmsKeyArn"})
BOUNDARY = where("HasPermissionsBoundary", {"Ref": "PermissionsBoundary"})


@pytest.fixture(scope="module")
def resources() -> Mapping[str, Any]:
    """Those that AWS makes, after the SAM transform. Where the code lies is uninteresting."""
    text = PATH.read_text().replace("CodeUri: functions/", "CodeUri: s3://any/code")
    text = text.replace("DefinitionUri: statemachine/", "DefinitionUri: s3://any/")
    made: Mapping[str, Any] = json.loads(prepared(text, {}, "us-east-2")[0])["Resources"]
    return made


def of_type(resources: Mapping[str, Any], kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, resource in resources.items():
        if resource["Type"] == kind:
            yield name, resource["Properties"]


def test_without_any_of_them_the_stack_is_as_it_was() -> None:
    defaults = {
        name: PARAMETERS[name]["Default"]
        for name in ("ExtraTags", "PermissionsBoundary", "KmsKeyArn", "DoorConcurrency")
    }
    assert set(defaults.values()) == {"", 0}
    assert PARAMETERS["Architecture"]["Default"] == "arm64"


def test_every_role_has_the_permissions_boundary(resources: Mapping[str, Any]) -> None:
    """Landing zones refuse to make a role that has none."""
    roles = dict(of_type(resources, "AWS::IAM::Role"))
    assert len(roles) > len(functions())
    without = [name for name, role in roles.items() if role.get("PermissionsBoundary") != BOUNDARY]
    assert without == []


ENCRYPTED = {
    "AWS::Lambda::Function": ("KmsKeyArn", OWN_KEY),
    "AWS::Logs::LogGroup": ("KmsKeyId", OWN_KEY),
    "AWS::SNS::Topic": ("KmsMasterKeyId", OWN_KEY),
    "AWS::SQS::Queue": ("KmsMasterKeyId", OWN_KEY),
    "AWS::DynamoDB::Table": (
        "SSESpecification",
        where(
            "HasKmsKey",
            {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": {"Ref": "KmsKeyArn"}},
        ),
    ),
}


@pytest.mark.parametrize("kind", ENCRYPTED)
def test_what_holds_data_takes_the_company_s_key(resources: Mapping[str, Any], kind: str) -> None:
    key, value = ENCRYPTED[kind]
    made = dict(of_type(resources, kind))
    assert made
    assert {name for name, each in made.items() if each.get(key) != value} == set()


def test_the_queue_is_encrypted_by_aws_s_key_where_there_is_no_other() -> None:
    queue = TEMPLATE["Resources"]["DeadLetters"]["Properties"]
    assert queue["SqsManagedSseEnabled"] == {"Fn::If": ["HasKmsKey", NOTHING, True]}


def with_key(function: str) -> set[str]:
    given = {
        action
        for name, each in statements(lambda condition: condition == "HasKmsKey")
        if name == function and each.get("Resource") == {"Ref": "KmsKeyArn"}
        for action in as_list(each["Action"])
    }
    without = [str(each) for name, each in statements(lambda _: False) if name == function]
    assert not [text for text in without if "KmsKeyArn" in text], "only where there is a key"
    return given


@pytest.mark.parametrize("function", functions())
def test_a_function_may_use_the_key_for_what_it_reads_and_sends_and_no_more(function: str) -> None:
    """Variables and ledger are decrypted in the function's name; who sends to the encrypted topic
    or queue needs a data key (Amazon SNS and Amazon SQS Developer Guides, "Key management")."""
    text = str(functions()[function])
    sends = "sns:Publish" in text or "EventInvokeConfig" in text
    assert with_key(function) == {"kms:Decrypt"} | ({"kms:GenerateDataKey"} if sends else set())


def test_functions_and_probe_run_on_the_same_processors() -> None:
    usual = TEMPLATE["Globals"]["Function"]
    assert usual["Architectures"] == [{"Ref": "Architecture"}]
    assert usual["Environment"]["Variables"]["ARCHITECTURE"] == {"Ref": "Architecture"}
    assert PARAMETERS["Architecture"]["AllowedValues"] == ["arm64", "x86_64"]


def test_the_doors_and_only_they_can_be_limited() -> None:
    """What an event invokes takes no more of the account's instances than it was given; the
    workflow's functions are never throttled by our own limit."""
    limited = {
        name: function["ReservedConcurrentExecutions"]
        for name, function in functions().items()
        if "ReservedConcurrentExecutions" in function
    }
    assert limited.keys() == {"KnockFunction", "RequestFunction", "SweepFunction"}
    assert all(
        each == where("LimitsDoors", {"Ref": "DoorConcurrency"}) for each in limited.values()
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "CostCenter=42",
        "CostCenter=42,DataClass=for internal use",
        "app:owner=a/b@c.example, x_y.z-1=+",
        "namespace=x,name=y,nAws:x=y",
        "Empty=",
        ",".join(f"k{number}=v" for number in range(MOST_EXTRA)),
    ],
)
def test_tags_that_the_console_takes_the_code_takes(text: str) -> None:
    assert re.fullmatch(PARAMETERS["ExtraTags"]["AllowedPattern"], text)
    assert len(extra_tags(text)) == text.count("=")


@pytest.mark.parametrize(
    "text",
    [
        "CostCenter",
        "=42",
        "aws:x=y",
        "a=b,AWS:x=y",
        "a=b, aws:x=y",
        "ecs-anywhere:owner=x",
        "a=b,Ecs-Anywhere:status=x",
        "Name=x",
        "a=b, Name=x",
        ",".join(f"k{number}=v" for number in range(MOST_EXTRA + 1)),
    ],
)
def test_tags_that_the_code_refuses_the_console_refuses_first(text: str) -> None:
    assert not re.fullmatch(PARAMETERS["ExtraTags"]["AllowedPattern"], text)
    with pytest.raises(UnusableTagsError):
        extra_tags(text)


@pytest.mark.parametrize("text", ['a=b"c', "a=b;c=d", "a=b\nc=d", "a={}", "ä=b", "a=b=c"])
def test_no_tag_holds_what_some_service_refuses(text: str) -> None:
    assert not re.fullmatch(PARAMETERS["ExtraTags"]["AllowedPattern"], text)


@pytest.mark.parametrize(
    ("parameter", "value", "fits"),
    [
        ("KmsKeyArn", "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234", True),
        ("KmsKeyArn", "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/mrk-1234abcd", True),
        ("KmsKeyArn", "alias/mine", False),
        ("KmsKeyArn", "arn:aws:kms:eu-west-1:123456789012:alias/mine", False),
        ("PermissionsBoundary", "arn:aws:iam::123456789012:policy/team/boundary", True),
        ("PermissionsBoundary", "arn:aws:iam::aws:policy/PowerUserAccess", True),
        ("PermissionsBoundary", "boundary", False),
    ],
)  # fmt: skip
def test_an_arn_is_the_arn_of_the_right_thing(parameter: str, value: str, fits: bool) -> None:
    """An alias may not stand in a policy's Resource."""
    assert bool(re.fullmatch(PARAMETERS[parameter]["AllowedPattern"], value)) is fits
    assert re.fullmatch(PARAMETERS[parameter]["AllowedPattern"], "")


GIVEN = {
    "DnsHostTag": "role=dns",
    "ContainerHostTag": "role=container",
    "ExtraTags": "CostCenter=42",
    "PermissionsBoundary": "arn:aws:iam::123456789012:policy/boundary",
    "KmsKeyArn": "arn:aws:kms:us-east-2:123456789012:key/1234abcd",
    "NotificationEmail": "network-team@example.com",
}
REGIONS = ("us-east-2", "us-gov-west-1", "cn-north-1")


@pytest.mark.parametrize("given", [{}, GIVEN], ids=["nothing given", "everything given"])
def test_the_template_is_clean_in_every_partition(given: Mapping[str, str], tmp_path: Path) -> None:
    told = tmp_path / "template.json"
    told.write_text(with_values(given))
    linted = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), "--regions", *REGIONS, "--", told],
        capture_output=True,
        text=True,
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr
