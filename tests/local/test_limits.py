"""Requests that AWS refuses for their form: too long, too many, the wrong characters."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.engine import EmbeddedAws
from local.settings import Settings
from tests.local.trust import LAMBDA, trusting

REGION, ACCOUNT = "us-east-2", "123456789012"
ZIP = b"PK\5\6" + bytes(18)
Refuse = Callable[[str, str, dict[str, Any]], tuple[str, str]]


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(Settings(region=REGION), gaps=("gateway", "event_bus")) as aws:
        yield aws


@pytest.fixture
def refuse(aws: EmbeddedAws) -> Refuse:
    """`refuse(service, operation, parameters)` returns the code and message of AWS's error. The
    client checks nothing itself."""
    session: Any = boto3.Session("any", "any", region_name=REGION)

    def refuse(service: str, operation: str, parameters: dict[str, Any]) -> tuple[str, str]:
        client = session.client(
            service, endpoint_url=aws.url, config=Config(parameter_validation=False)
        )
        with pytest.raises(ClientError) as refused:
            getattr(client, operation)(**parameters)
        error = refused.value.response["Error"]
        return error["Code"], error["Message"]

    return refuse


def function(**more: Any) -> dict[str, Any]:
    return {
        "FunctionName": f"f-{uuid4().hex[:8]}",
        "Role": f"arn:aws:iam::{ACCOUNT}:role/r",
        "Runtime": "python3.13",
        "Handler": "a.b",
        "Code": {"ZipFile": ZIP},
        **more,
    }


def variables(**values: str) -> dict[str, Any]:
    return {"Environment": {"Variables": values}}


LONG_RULE = {"Name": "r" * 65, "ScheduleExpression": "rate(5 minutes)"}
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:m"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:t"
TABLE = {
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "told"),
    [
        ("events", "put_rule", LONG_RULE, "at 'name'"),
        ("stepfunctions", "start_execution", {"stateMachineArn": MACHINE, "name": "n" * 81}, "80"),
        (
            "stepfunctions",
            "start_execution",
            {"stateMachineArn": MACHINE, "input": json.dumps("x" * 262144)},
            "262144",
        ),
        ("lambda", "create_function", function(Runtime="python2.6"), "enum value set"),
        ("lambda", "create_function", function(Role="nobody"), "regular expression"),
        ("lambda", "create_function", function(FunctionName="f" * 65), "equal to 64"),
        ("lambda", "create_function", function(**variables(AWS_REGION="x")), "AWS_REGION"),
        ("lambda", "create_function", function(**variables(BIG="x" * 5000)), "4KB"),
        (
            "route53resolver",
            "create_resolver_endpoint",
            {
                "CreatorRequestId": "1",
                "Name": "with.dot",
                "SecurityGroupIds": [],
                "Direction": "INBOUND",
                "IpAddresses": [{"SubnetId": "subnet-1"}, {"SubnetId": "subnet-2"}],
            },
            "at 'name'",
        ),
        ("ssm", "put_parameter", {"Name": "with space", "Value": "v", "Type": "String"}, "letters"),
        (
            "ssm",
            "put_parameter",
            {"Name": "/" + "/".join("abcdefghijklmnop"), "Value": "v", "Type": "String"},
            "15 levels",
        ),
        ("dynamodb", "create_table", {"TableName": "t", **TABLE}, "between 3 and 255"),
        ("iam", "create_role", {"RoleName": "r" * 65, "AssumeRolePolicyDocument": "{}"}, "64"),
        ("sns", "publish", {"TopicArn": TOPIC, "Subject": "two\nlines", "Message": "m"}, "Subject"),
        ("sns", "publish", {"TopicArn": TOPIC, "Subject": "über", "Message": "m"}, "Subject"),
        ("sns", "publish", {"TopicArn": TOPIC, "Subject": "s" * 101, "Message": "m"}, "Subject"),
    ],
)
def test_what_is_too_long_or_has_the_wrong_characters_is_refused(
    refuse: Refuse, service: str, operation: str, parameters: dict[str, Any], told: str
) -> None:
    code, message = refuse(service, operation, parameters)
    assert code in {
        "HierarchyLevelLimitExceededException",
        "InvalidParameter",
        "InvalidParameterValueException",
        "ValidationError",
        "ValidationException",
    }
    assert told in message


@pytest.mark.parametrize(
    ("name", "text"), [("sg-abc", "d"), ("naïve", "d"), ("g" * 256, "d"), ("g", "it's <bad>")]
)
def test_a_security_group_has_plain_words(refuse: Refuse, name: str, text: str) -> None:
    group = {"GroupName": name, "Description": text, "VpcId": "vpc-1"}
    assert refuse("ec2", "create_security_group", group)[0] == "InvalidParameterValue"


def test_tags_are_short_and_not_too_many(aws: EmbeddedAws, refuse: Refuse) -> None:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]

    def tag(*pairs: tuple[str, str]) -> tuple[str, str]:
        tags = [{"Key": key, "Value": value} for key, value in pairs]
        return refuse("ec2", "create_tags", {"Resources": [vpc], "Tags": tags})

    assert tag(("k" * 129, "v"))[0] == "InvalidParameterValue"
    assert tag(("k", "v" * 257))[0] == "InvalidParameterValue"
    assert tag(("aws:mine", "v"))[0] == "InvalidParameterValue"
    assert tag(*((f"k{number}", "v") for number in range(51)))[0] == "TagLimitExceeded"
    fifty = [{"Key": f"k{number}", "Value": "v" * 256} for number in range(50)]
    ec2.create_tags(Resources=[vpc], Tags=fifty)
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "k1", "Value": "another value"}])
    assert tag(("one too many", "v"))[0] == "TagLimitExceeded"


def two_vpcs(aws: EmbeddedAws) -> tuple[list[str], list[str]]:
    """Return the subnets and the security groups of two VPCs."""
    ec2, subnets, groups = aws.client("ec2"), [], []
    for _ in range(2):
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]
        subnets.append(subnet["SubnetId"])
        made = ec2.create_security_group(VpcId=vpc, GroupName="g", Description="d")
        groups.append(made["GroupId"])
    return subnets, groups


def test_a_function_stands_in_one_vpc(aws: EmbeddedAws, refuse: Refuse) -> None:
    subnets, groups = two_vpcs(aws)
    config = {"SubnetIds": subnets, "SecurityGroupIds": groups[:1]}
    code, message = refuse("lambda", "create_function", function(VpcConfig=config))
    assert code == "InvalidParameterValueException"
    assert "same VPC" in message


def test_a_function_stands_in_no_zone_that_lambda_does_not_support(aws: EmbeddedAws) -> None:
    session: Any = boto3.Session("any", "any", region_name="us-east-1")
    ec2 = session.client("ec2", endpoint_url=aws.url)
    vpc = ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.77.0.0/24", AvailabilityZoneId="use1-az3")
    config = {"SubnetIds": [subnet["Subnet"]["SubnetId"]], "SecurityGroupIds": []}
    with pytest.raises(ClientError, match="contain availability zone Lambda doesn't support"):
        session.client("lambda", endpoint_url=aws.url).create_function(**function(VpcConfig=config))


def test_a_resolver_takes_no_security_group_of_another_vpc(
    aws: EmbeddedAws, refuse: Refuse
) -> None:
    subnets, groups = two_vpcs(aws)
    wanted = {
        "CreatorRequestId": "1",
        "SecurityGroupIds": [groups[1]],
        "Direction": "INBOUND",
        "IpAddresses": [{"SubnetId": subnets[0]}, {"SubnetId": subnets[0]}],
    }
    code, message = refuse("route53resolver", "create_resolver_endpoint", wanted)
    assert code == "InvalidParameterException"
    assert groups[1] in message


@pytest.mark.parametrize(
    "detail",
    [
        {"name": [{"wildcard": "a**b"}]},
        {"name": [{"anything-but": {"wildcard": "**"}}]},
        {"name": [{"similar-to": "x"}]},
        {"name": [{"prefix": "a", "suffix": "b"}]},
        {"name": "not in a list"},
        {"name": []},
        {"$or": [{"a": [1]}, {"b": [{"matches": "x"}]}]},
    ],
)
def test_a_pattern_that_aws_cannot_read_is_refused(refuse: Refuse, detail: Any) -> None:
    pattern = json.dumps({"source": ["aws.ssm"], "detail": detail})
    code, _ = refuse("events", "put_rule", {"Name": "r", "EventPattern": pattern})
    assert code == "InvalidEventPatternException"


@pytest.mark.parametrize(
    "schedule", ["rate(1 minutes)", "rate(2 minute)", "rate(0 minutes)", "rate(5 weeks)", "often"]
)
def test_a_schedule_that_aws_cannot_read_is_refused(refuse: Refuse, schedule: str) -> None:
    code, message = refuse("events", "put_rule", {"Name": "r", "ScheduleExpression": schedule})
    assert (code, message) == (
        "ValidationException",
        "Parameter ScheduleExpression is not valid.",
    )


def test_what_the_app_itself_says_is_taken(aws: EmbeddedAws) -> None:
    events, name = aws.client("events"), f"r-{uuid4().hex[:8]}"
    wildcard = "/ecs-anywhere/private-connectivity/vpc-*/acknowledgements/*"
    pattern = {
        "source": ["aws.ssm"],
        "detail": {"operation": ["Create"], "name": [{"wildcard": wildcard}]},
        "$or": [{"a": [{"prefix": "States."}]}, {"b": ["TIMED_OUT"]}],
    }
    for schedule in ("rate(1 minute)", "rate(30 minutes)", "cron(0 12 * * ? *)"):
        assert events.put_rule(Name=name, ScheduleExpression=schedule)["RuleArn"]
    assert events.put_rule(Name=name, EventPattern=json.dumps(pattern))["RuleArn"]
    role = aws.client("iam").create_role(
        RoleName="r" * 64, AssumeRolePolicyDocument=trusting(LAMBDA)
    )["Role"]["Arn"]
    made = function(FunctionName="f" * 64, Role=role, **variables(LEDGER_TABLE="t"))
    assert aws.client("lambda").create_function(**made)["FunctionArn"]
