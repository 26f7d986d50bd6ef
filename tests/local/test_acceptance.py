"""What CloudFormation refuses before it makes anything, and how it names what it makes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloudformation.names import LONGEST, fair_split, physical_name
from local.cloudformation.schemas import known_properties
from local.engine import EmbeddedAws
from local.settings import Settings
from tests.local.trust import LAMBDA, allowing, trusting

REGION, ACCOUNT = "us-east-2", "123456789012"
QUEUE = {"Queue": {"Type": "AWS::SQS::Queue"}}
Make = Callable[..., Any]


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    gaps = ("gateway", "event_bus", "attached_policies", "cloudformation")
    with EmbeddedAws(Settings(region=REGION, time_scale=0.01), gaps=gaps) as aws:
        yield aws


@pytest.fixture
def make(aws: EmbeddedAws, request: pytest.FixtureRequest) -> Iterator[Make]:
    """`make(resources, Parameters=…, given={…})` makes a stack and returns its resources by
    logical id: their physical ids."""
    cloudformation = aws.client("cloudformation")
    names: list[str] = []

    def make(
        resources: dict[str, Any],
        given: dict[str, str] | None = None,
        name: str = "",
        capabilities: tuple[str, ...] = (),
        **sections: Any,
    ) -> dict[str, str]:
        stack = name or re.sub(r"[^a-zA-Z0-9]+", "-", request.node.name)[:60].strip("-")
        cloudformation.create_stack(
            StackName=stack,
            TemplateBody=json.dumps({"Resources": resources, **sections}),
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value}
                for key, value in (given or {}).items()
            ],
            Capabilities=list(capabilities),
        )
        names.append(stack)
        listed = cloudformation.list_stack_resources(StackName=stack)["StackResourceSummaries"]
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in listed}

    yield make
    for name in names:
        cloudformation.delete_stack(StackName=name)


def refusal_of(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call()
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.mark.parametrize(
    ("slot", "good", "bad", "told"),
    [
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "ab", "ab1", "must match pattern"),
        ({"Type": "String", "AllowedPattern": "a|b"}, "b", "xb", "must match pattern"),
        ({"Type": "Number", "MinValue": 2, "MaxValue": 6}, "2", "1", "not less than 2"),
        ({"Type": "Number", "MinValue": 2, "MaxValue": 6}, "6", "7", "not greater than 6"),
        ({"Type": "Number"}, "1.5", "one", "must be a number"),
        ({"Type": "Number", "AllowedValues": [7, 14]}, "14", "15", "must be one of"),
        ({"Type": "String", "MinLength": 2}, "ab", "a", "at least 2"),
        ({"Type": "String", "MaxLength": 2}, "ab", "abc", "at most 2"),
        ({"Type": "CommaDelimitedList", "AllowedPattern": "[0-9]"}, "1,2", "1,x", "must match"),
    ],
)
def test_a_value_keeps_to_the_constraints_of_its_parameter(
    make: Make, slot: dict[str, Any], good: str, bad: str, told: str
) -> None:
    def with_value(value: str, name: str) -> Any:
        return make(QUEUE, given={"P": value}, name=name, Parameters={"P": slot})

    code, message = refusal_of(lambda: with_value(bad, "bad"))
    assert code == "ValidationError"
    assert told in message
    assert with_value(good, "good")


def test_a_default_keeps_to_the_constraints_too_and_the_description_is_told(make: Make) -> None:
    slot = {
        "Type": "String",
        "AllowedPattern": "[0-9.]+",
        "ConstraintDescription": "IPv4 addresses, please",
        "Default": "none",
    }
    _, message = refusal_of(lambda: make(QUEUE, Parameters={"Addresses": slot}))
    assert message == "Parameter Addresses failed to satisfy constraint: IPv4 addresses, please"


def test_a_value_for_a_parameter_that_is_not_there_is_refused(make: Make) -> None:
    _, message = refusal_of(lambda: make(QUEUE, given={"Typo": "x"}))
    assert message == "Parameters: [Typo] do not exist in the template"


ROLE: dict[str, Any] = {
    "Type": "AWS::IAM::Role",
    "Properties": {"AssumeRolePolicyDocument": json.loads(trusting(LAMBDA))},
}


def test_iam_resources_have_to_be_acknowledged(make: Make) -> None:
    code, message = refusal_of(lambda: make({"Role": ROLE}))
    assert (code, message) == (
        "InsufficientCapabilitiesException",
        "Requires capabilities : [CAPABILITY_IAM]",
    )
    assert make({"Role": ROLE}, capabilities=("CAPABILITY_IAM",))


def test_iam_resources_with_names_need_more(make: Make) -> None:
    named = {**ROLE, "Properties": {**ROLE["Properties"], "RoleName": "mine"}}
    _, message = refusal_of(lambda: make({"Role": named}, capabilities=("CAPABILITY_IAM",)))
    assert message == "Requires capabilities : [CAPABILITY_NAMED_IAM]"
    assert make({"Role": named}, capabilities=("CAPABILITY_NAMED_IAM",))["Role"] == "mine"


def test_a_property_that_aws_does_not_know_is_refused(make: Make) -> None:
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeOut": 30}}
    code, message = refusal_of(lambda: make({"Queue": queue}))
    assert code == "ValidationError"
    assert "VisibilityTimeOut" in message and "Queue" in message
    assert "VisibilityTimeout" in known_properties("AWS::SQS::Queue", REGION)
    assert known_properties("Custom::Anything", REGION) == frozenset()


def test_a_template_that_repeats_a_part_by_its_name_is_refused(aws: EmbeddedAws) -> None:
    """What `sam deploy` hands over has to be written out."""
    body = "Resources:\n  One: &Queue {Type: AWS::SQS::Queue}\n  Two: *Queue\n"
    cloudformation = aws.client("cloudformation")
    code, message = refusal_of(
        lambda: cloudformation.create_stack(StackName="aliases", TemplateBody=body)
    )
    assert (code, message) == (
        "ValidationError",
        "Template error: YAML aliases are not allowed in CloudFormation templates",
    )


# How CloudFormation names things


@pytest.mark.parametrize(
    ("stack", "logical_id", "kept"),
    [
        ("a" * 25, "KnockFunctionAcknowledged", f"{'a' * 25}-KnockFunctionAcknowledged"),
        (
            "ecs-anywhere-private-connectivity",
            "KnockFunctionAcknowledged",
            "ecs-anywhere-private-conn-KnockFunctionAcknowledged",
        ),
        ("a" * 60, "Short", f"{'a' * 45}-Short"),
        ("short", "L" * 60, f"short-{'L' * 45}"),
        ("--a--b", "Rule", "a-b-Rule"),
    ],
)
def test_a_name_is_cut_as_aws_cuts_it(stack: str, logical_id: str, kept: str) -> None:
    """`IdentifierUtils.generateResourceIdentifier` of cloudformation-cli-java-plugin, with the 64
    characters of aws-cloudformation-resource-providers-events."""
    name = physical_name(stack, logical_id, 64)
    assert name.rpartition("-")[0] == kept
    assert len(name) <= 64
    assert len(name.rpartition("-")[2]) == 12


def test_what_one_leaves_over_the_other_gets() -> None:
    assert fair_split(50, 60, 60) == (25, 25)
    assert fair_split(50, 10, 60) == (10, 40)
    assert fair_split(50, 60, 10) == (40, 10)
    assert fair_split(50, 20, 30) == (20, 30)


def test_rules_and_roles_of_a_stack_with_a_long_name_do_not_begin_with_it(make: Make) -> None:
    stack = "StackSet-private-connectivity-0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f"
    resources = {
        "KnockFunctionAcknowledged": {
            "Type": "AWS::Events::Rule",
            "Properties": {"ScheduleExpression": "rate(5 minutes)"},
        },
        "EnsureEndpointsFunctionRole": ROLE,
    }
    made = make(resources, name=stack, capabilities=("CAPABILITY_IAM",))
    rule, role = made["KnockFunctionAcknowledged"], made["EnsureEndpointsFunctionRole"]
    for name in (rule.rpartition("/")[2], role):
        assert len(name) == LONGEST["AWS::Events::Rule"] == LONGEST["AWS::IAM::Role"]
        assert not name.startswith(stack)


# What a stack leaves, and what keeps it


def test_a_bucket_has_a_policy_as_sams_own_bucket_stack_gives_it_one(
    aws: EmbeddedAws, make: Make
) -> None:
    """`sam deploy --guided` makes such a stack before anything else."""
    document = json.loads(
        allowing(
            {
                "Effect": "Allow",
                "Principal": {"Service": "serverlessrepo.amazonaws.com"},
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::*",
            }
        )
    )
    resources = {
        "Bucket": {"Type": "AWS::S3::Bucket"},
        "Policy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": document},
        },
    }
    bucket = make(resources)["Bucket"]
    told = aws.client("s3").get_bucket_policy(Bucket=bucket)["Policy"]
    assert json.loads(told) == document


def test_a_managed_policy_that_is_attached_keeps_its_stack(aws: EmbeddedAws) -> None:
    """CloudFormation: "Cannot delete a policy attached to entities" (gchq/sleeper #3956)."""
    iam, cloudformation = aws.client("iam"), aws.client("cloudformation")
    document = json.loads(
        allowing({"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"})
    )
    policy = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}
    cloudformation.create_stack(
        StackName="held",
        TemplateBody=json.dumps({"Resources": {"Hosts": policy, **QUEUE}}),
        Capabilities=["CAPABILITY_IAM"],
    )
    found = cloudformation.describe_stack_resource(StackName="held", LogicalResourceId="Hosts")
    arn = found["StackResourceDetail"]["PhysicalResourceId"]
    iam.create_role(RoleName="host", AssumeRolePolicyDocument=trusting(LAMBDA))
    iam.attach_role_policy(RoleName="host", PolicyArn=arn)

    code, _ = refusal_of(lambda: iam.delete_policy(PolicyArn=arn))
    assert code == "DeleteConflict"
    cloudformation.delete_stack(StackName="held")
    [stack] = cloudformation.describe_stacks(StackName="held")["Stacks"]
    assert stack["StackStatus"] == "DELETE_FAILED"
    events = cloudformation.describe_stack_events(StackName="held")["StackEvents"]
    reasons = {each["LogicalResourceId"]: each.get("ResourceStatusReason") for each in events}
    assert "Cannot delete a policy attached to entities" in str(reasons["Hosts"])

    iam.detach_role_policy(RoleName="host", PolicyArn=arn)
    cloudformation.delete_stack(StackName="held")
    code, _ = refusal_of(lambda: iam.get_policy(PolicyArn=arn))
    assert code == "NoSuchEntity"
    iam.delete_role(RoleName="host")
