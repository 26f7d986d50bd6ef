"""Services take roles that trust them, and do what policies of resources let them do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local.engine import EmbeddedAws
from local.settings import Settings
from tests.local.trust import EVENTS, LAMBDA, STATES, allowing, trusting
from tests.local.vpc_world import until

REGION, ACCOUNT = "us-east-2", "123456789012"
ZIP = b"PK\5\6" + bytes(18)
PASSES = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
GAPS = ("gateway", "event_bus", "lambda_functions", "state_machines", "service_roles")
INTERFACES = [
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DeleteNetworkInterface",
]


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(Settings(region=REGION, time_scale=0.01), gaps=GAPS) as aws:
        yield aws


def role(aws: EmbeddedAws, trust: str, *statements: dict[str, Any]) -> str:
    """Make a role with this trust policy and inline statements; return its ARN."""
    iam, name = aws.client("iam"), f"role-{uuid4().hex[:8]}"
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=allowing(*statements))
    return str(made["Arn"])


def function(aws: EmbeddedAws, role_arn: str, **more: Any) -> str:
    made = aws.client("lambda").create_function(
        FunctionName=f"f-{uuid4().hex[:8]}",
        Role=role_arn,
        Runtime="python3.13",
        Handler="a.b",
        Code={"ZipFile": ZIP},
        **more,
    )
    return str(made["FunctionArn"])


def refusal_of(call: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call()
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def allow(resource: Any, *actions: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def test_lambda_takes_no_role_that_does_not_trust_it(aws: EmbeddedAws) -> None:
    for trust in (trusting("ec2.amazonaws.com"), trusting(LAMBDA, effect="Deny")):
        stranger = role(aws, trust)
        code, message = refusal_of(lambda arn=stranger: function(aws, arn))
        assert (code, message) == (
            "InvalidParameterValueException",
            "The role defined for the function cannot be assumed by Lambda.",
        )
    assert function(aws, role(aws, trusting(LAMBDA)))


def test_lambda_takes_no_role_that_is_not_there(aws: EmbeddedAws) -> None:
    code, _ = refusal_of(lambda: function(aws, f"arn:aws:iam::{ACCOUNT}:role/nobody"))
    assert code == "InvalidParameterValueException"


def network(aws: EmbeddedAws) -> dict[str, Any]:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(VpcId=vpc, GroupName=uuid4().hex, Description="d")["GroupId"]
    return {"SubnetIds": [subnet], "SecurityGroupIds": [group]}


@pytest.mark.parametrize("missing", INTERFACES)
def test_a_function_in_a_vpc_needs_a_role_that_may_make_network_interfaces(
    aws: EmbeddedAws, missing: str
) -> None:
    config = network(aws)
    granted = [action for action in INTERFACES if action != missing]
    arn = role(aws, trusting(LAMBDA), allow("*", *granted))
    code, message = refusal_of(lambda: function(aws, arn, VpcConfig=config))
    assert code == "InvalidParameterValueException"
    assert message == (
        "The provided execution role does not have permissions to call "
        f"{missing.removeprefix('ec2:')} on EC2"
    )
    assert function(aws, arn), "outside a VPC it is good enough"


def test_its_permission_has_to_reach_interface_subnet_and_group(aws: EmbeddedAws) -> None:
    """Narrowed to `network-interface/*` it fails, because AWS asks about subnet and group, too."""
    config, network_arn = network(aws), f"arn:aws:ec2:{REGION}:{ACCOUNT}"
    others = allow("*", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface")
    create = "ec2:CreateNetworkInterface"
    narrow = allow(f"{network_arn}:network-interface/*", create)
    arn = role(aws, trusting(LAMBDA), narrow, others)
    code, _ = refusal_of(lambda: function(aws, arn, VpcConfig=config))
    assert code == "InvalidParameterValueException"
    wide = role(aws, trusting(LAMBDA), allow(f"{network_arn}:*", create), others)
    assert function(aws, wide, VpcConfig=config)


def test_step_functions_takes_no_role_that_does_not_trust_it(aws: EmbeddedAws) -> None:
    states = aws.client("stepfunctions")

    def make(trust: str) -> Any:
        name = f"m-{uuid4().hex[:8]}"
        return states.create_state_machine(name=name, definition=PASSES, roleArn=role(aws, trust))

    code, message = refusal_of(lambda: make(trusting("ec2.amazonaws.com")))
    assert code == "AccessDeniedException"
    assert message.startswith("Neither the global service principal states.amazonaws.com")
    assert make(trusting(STATES))["stateMachineArn"]


def test_eventbridge_takes_no_role_that_does_not_trust_it_for_this_rule(aws: EmbeddedAws) -> None:
    events, name = aws.client("events"), f"r-{uuid4().hex[:8]}"
    events.put_rule(Name=name, ScheduleExpression="rate(1 day)")
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"

    def put(source_arn: str) -> Any:
        condition = {"ArnLike": {"aws:SourceArn": source_arn}}
        arn = role(aws, trusting(EVENTS, Condition=condition))
        return events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": queue, "RoleArn": arn}])

    rules = f"arn:aws:events:{REGION}:{ACCOUNT}:rule"
    code, message = refusal_of(lambda: put(f"{rules}/another-*"))
    assert code == "ValidationException"
    assert message.endswith("cannot be assumed by principal 'events.amazonaws.com'.")
    assert put(f"{rules}/{name}")["FailedEntryCount"] == 0


def test_a_role_that_lost_its_trust_delivers_nothing_and_the_event_is_a_dead_letter(
    aws: EmbeddedAws,
) -> None:
    sqs, events, iam = aws.client("sqs"), aws.client("events"), aws.client("iam")
    name = f"r-{uuid4().hex[:8]}"
    dead, queue_arn = dead_letters(aws, name)
    arn = role(aws, trusting(EVENTS), allow("*", "states:StartExecution"))
    machine = aws.client("stepfunctions").create_state_machine(
        name=name, definition=PASSES, roleArn=role(aws, trusting(STATES))
    )["stateMachineArn"]
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    target = {"Id": "1", "Arn": machine, "RoleArn": arn, "DeadLetterConfig": {"Arn": queue_arn}}
    events.put_targets(Rule=name, Targets=[target])
    iam.update_assume_role_policy(
        RoleName=arn.rpartition("/")[2], PolicyDocument=trusting("ec2.amazonaws.com")
    )
    events.put_events(Entries=[{"Source": name, "DetailType": "d", "Detail": "{}"}])
    assert why(sqs, dead) == "NO_PERMISSIONS"


def dead_letters(aws: EmbeddedAws, name: str) -> tuple[str, str]:
    """Make a queue into which EventBridge may write; return its URL and ARN."""
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    statement = allow(arn, "sqs:SendMessage") | {"Principal": {"Service": EVENTS}}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": allowing(statement)})
    return url, arn


def why(sqs: Any, url: str) -> str:
    """Return the error code of the first dead letter."""
    found: list[Any] = []

    def letter() -> bool:
        given = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])
        found.extend(given.get("Messages", []))
        return bool(found)

    until(letter, 30)
    return str(found[0]["MessageAttributes"]["ERROR_CODE"]["StringValue"])


@pytest.mark.parametrize("allowed", [False, True])
def test_eventbridge_invokes_no_function_whose_policy_does_not_allow_this_rule(
    aws: EmbeddedAws, allowed: bool
) -> None:
    """lambda:AddPermission with the rule as SourceArn, as the SAM transform writes it."""
    events, name = aws.client("events"), f"r-{uuid4().hex[:8]}"
    dead, queue_arn = dead_letters(aws, name)
    arn = function(aws, role(aws, trusting(LAMBDA)))
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    rule = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name if allowed else 'another'}"
    aws.client("lambda").add_permission(
        FunctionName=arn,
        StatementId="events",
        Action="lambda:InvokeFunction",
        Principal=EVENTS,
        SourceArn=rule,
    )
    target = {"Id": "1", "Arn": arn, "DeadLetterConfig": {"Arn": queue_arn}}
    events.put_targets(Rule=name, Targets=[target])
    mark = aws.journal.mark()
    events.put_events(Entries=[{"Source": name, "DetailType": "d", "Detail": "{}"}])
    if allowed:
        until(lambda: "lambda:InvokeFunction" in [c.name for c in aws.journal.calls(mark)], 30)
    else:
        assert why(aws.client("sqs"), dead) == "NO_PERMISSIONS"
