"""What template.yaml promises to whoever deploys it, and to the code that runs in it."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from connectivity.domain import tags
from connectivity.domain.wish import Wish

from local.gateway.decisions import Request, decide, statements_in
from tests.template.sam_template import (
    ENVIRONMENT,
    PATH,
    TEMPLATE,
    allowed,
    as_list,
    functions,
    mappings,
    resources,
    statements,
)

ROOT = PATH.parent
STACK = {"Ref": "AWS::StackName"}
NOT_FROM_THE_TEMPLATE = {"AWS_REGION"}
"""Set by AWS Lambda itself."""
CONDITIONS = [
    (name, as_list(statement["Action"]), key, value)
    for name, statement in statements()
    for condition in statement.get("Condition", {}).values()
    for key, value in condition.items()
]


def test_sam_validates_and_lints_it() -> None:
    """Without credentials: whoever reads the repository can check it."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
    validated = subprocess.run(
        [Path(sys.executable).with_name("sam"), "validate", "--lint", "--region", "us-east-1"],
        cwd=ROOT,
        env=environment | {"SAM_CLI_TELEMETRY": "0", "AWS_EC2_METADATA_DISABLED": "true"},
        capture_output=True,
        text=True,
    )
    assert validated.returncode == 0, validated.stdout + validated.stderr


def _targets() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, function in functions().items():
        for event, source in function.get("Events", {}).items():
            yield f"{name} {event}", source["Properties"]
    for name, rule in resources("AWS::Events::Rule").items():
        for target in rule["Targets"]:
            yield f"{name} {target['Id']}", target


TARGETS = dict(_targets())


@pytest.mark.parametrize("name", TARGETS)
def test_no_event_is_lost_without_a_trace(name: str) -> None:
    target = TARGETS[name]
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}
    assert target["RetryPolicy"].keys() == {"MaximumEventAgeInSeconds", "MaximumRetryAttempts"}


@pytest.mark.parametrize("name", [name for name, f in functions().items() if "Events" in f])
def test_an_event_that_a_function_fails_on_goes_to_the_dead_letters(name: str) -> None:
    """EventBridge counts it as delivered once AWS Lambda has taken it."""
    destination = functions()[name]["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]
    assert destination["Destination"] == {"Fn::GetAtt": ["DeadLetters", "Arn"]}


def test_nobody_may_publish_or_send_without_a_condition_that_names_where_it_comes_from() -> None:
    """A service that has no such condition may do it for whoever else it works for."""
    given = [
        each
        for kind in ("AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy")
        for policy in resources(kind).values()
        for each in policy["PolicyDocument"]["Statement"]
        if each["Effect"] == "Allow"
    ]
    assert len(given) == 2
    named = {"aws:SourceAccount", "aws:SourceArn"}
    for statement in given:
        assert statement["Principal"].keys() == {"Service"}
        assert named & {key for each in statement["Condition"].values() for key in each}


@pytest.mark.parametrize(
    ("kind", "action", "resource"),
    [
        ("AWS::SNS::TopicPolicy", "sns:Publish", {"Ref": "Notifications"}),
        ("AWS::SQS::QueuePolicy", "sqs:*", {"Fn::GetAtt": ["DeadLetters", "Arn"]}),
    ],
)
def test_topic_and_queue_take_nothing_over_plain_http(
    kind: str, action: str, resource: dict[str, Any]
) -> None:
    (policy,) = resources(kind).values()
    assert {
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resource,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    } in policy["PolicyDocument"]["Statement"]


def test_every_permission_on_everything_stands_under_its_reason() -> None:
    """A Deny takes away, and may be as wide as it likes."""
    lines = PATH.read_text().splitlines()
    wide = {id(statement) for _, statement in allowed() if statement["Resource"] == "*"}
    reasoned = [
        node.start_mark.line
        for node, entries in mappings()
        if (entries.get("Effect"), entries.get("Resource")) == ("Allow", "*")
        and "Principal" not in entries
    ]
    assert len(reasoned) == len(wide) > 0
    assert not [n + 1 for n in reasoned if not lines[n - 1].lstrip().startswith("# ")]


def test_a_knock_comes_from_the_tags_that_ask_and_never_from_those_that_we_write() -> None:
    """Else a written status would start the workflow that writes it."""
    pattern = functions()["KnockFunction"]["Events"]["TagChanged"]["Properties"]["Pattern"]
    listened_to = pattern["detail"]["changed-tag-keys"]
    assert sorted(listened_to) == sorted(tags.WISH_TAGS)
    assert not {tags.STATUS, tags.STATUS_DETAIL} & set(listened_to)


def test_tags_of_a_vpc_are_written_only_by_those_who_may_and_only_the_agreed_ones() -> None:
    wish, status = set(tags.WISH_TAGS), {tags.STATUS, tags.STATUS_DETAIL}
    allowed = {
        name: set(value)
        for name, _, key, value in CONDITIONS
        if key == "aws:TagKeys" and isinstance(value, list)
    }
    assert allowed == {
        "RequestFunction": wish,
        "FinishFunction": status,
        "WithdrawFunction": status,
    }


def test_a_limit_on_tag_keys_also_demands_that_there_are_keys() -> None:
    """`ForAllValues` holds where there is no value at all, as in a DeleteTags of every tag."""
    limited = [s["Condition"] for _, s in statements() if "ForAllValues:StringEquals" in str(s)]
    assert limited
    assert all(condition["Null"] == {"aws:TagKeys": "false"} for condition in limited)


def test_ownership_is_the_same_tag_in_permissions_and_in_code() -> None:
    asked = {
        (key.partition("/")[2], str(value))
        for _, _, key, value in CONDITIONS
        if key.startswith(("aws:ResourceTag/", "aws:RequestTag/"))
    }
    assert asked == {(tags.OWNER, str(STACK))}
    assert ENVIRONMENT["OWNER"] == STACK


NOT_BY_OWNER = {
    "ec2:ModifyNetworkInterfaceAttribute": "called by Route 53 Resolver, on its interfaces",
    "ec2:DeleteTags": "of the VPC, which is not ours, and only the tags that ask",
    "ec2:DeleteNetworkInterface": "called by Route 53 Resolver or AWS Lambda, on their interfaces",
}


def _names_subnets(statement: Mapping[str, Any]) -> bool:
    """Whether it is about subnets alone, which a call may name and does not change."""
    return str(statement["Resource"]).endswith(":subnet/*'}")


def test_what_changes_or_deletes_a_thing_needs_our_tag_on_it() -> None:
    changes = re.compile(r"(ec2|route53resolver):(Delete|Modify|Update|Authorize|Revoke)")
    limits = {
        (name, action): statement.get("Condition", {}).get("StringEquals")
        for name, statement in statements()
        for action in as_list(statement["Action"])
        if changes.match(action) and action not in NOT_BY_OWNER and not _names_subnets(statement)
    }
    assert limits
    assert all(limit == {f"aws:ResourceTag/{tags.OWNER}": STACK} for limit in limits.values()), (
        limits
    )


def test_every_log_group_forgets_after_a_while_and_goes_with_the_stack() -> None:
    groups = {
        name: each
        for name, each in TEMPLATE["Resources"].items()
        if each["Type"] == "AWS::Logs::LogGroup"
    }
    assert all("RetentionInDays" in group["Properties"] for group in groups.values())
    assert {group["DeletionPolicy"] for group in groups.values()} == {"Delete"}


def test_every_function_logs_into_a_group_of_its_own_that_cloudformation_names() -> None:
    """A fixed name is taken, where a group of an old stack has come back."""
    groups = resources("AWS::Logs::LogGroup")
    logged = {name: each["LoggingConfig"] for name, each in functions().items()}
    assert logged == {name: {"LogGroup": {"Ref": f"{name}Logs"}} for name in functions()}
    assert not [name for name in functions() if "LogGroupName" in groups[f"{name}Logs"]]


MANAGED = {
    "Effect": "Allow",
    "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
    "Resource": "*",
}
"""What AWSLambdaBasicExecutionRole allows, which SAM attaches to every function's role."""


def may_log(function: str, action: str, group: str, stream: str = "") -> bool:
    """Whether the function may do this to a log group, the one of the function `group`."""
    document = {"Statement": [MANAGED, *(s for name, s in statements() if name == function)]}
    text = re.sub(
        r'\{"Fn::GetAtt": \["(\w+)FunctionLogs", "Arn"\]\}',
        r'"arn:aws:logs:us-east-2:123456789012:log-group:stack-\1Function-1ABC:*"',
        json.dumps(document),
    )
    plain = [each for each in json.loads(text)["Statement"] if "logs:" in str(each)]
    arn = f"arn:aws:logs:us-east-2:123456789012:log-group:stack-{group}-1ABC{stream}"
    asked = Request(f"logs:{action}", arn)
    return decide(statements_in(function, json.dumps({"Statement": plain})), asked).allowed


@pytest.mark.parametrize("function", functions())
def test_a_function_writes_into_its_own_log_group_and_makes_none(function: str) -> None:
    """A function whose code was changed cannot write another's log; and a group that is gone
    stays gone: the name is free for the next deployment, and nothing is kept for ever."""
    for action in ("CreateLogStream", "PutLogEvents"):
        assert may_log(function, action, function, ":log-stream:2026/11/28/[$LATEST]ab")
        for other in ({*functions(), "/bank/audit"}) - {function}:
            assert not may_log(function, action, other, ":log-stream:2026/11/28/[$LATEST]ab")
    assert not may_log(function, "CreateLogGroup", function)
    assert not may_log(function, "CreateLogGroup", function, ":log-stream:")


def test_the_workflow_logs_every_state_and_no_data() -> None:
    """Longer than the 90 days for which AWS keeps a history. The prefix of the group's name is
    demanded by the limit of 5,120 characters of CloudWatch Logs' resource policy."""
    machine = resources("AWS::Serverless::StateMachine")["PrivateConnectivity"]
    assert machine["Logging"] == {
        "Level": "ALL",
        "IncludeExecutionData": False,
        "Destinations": [
            {"CloudWatchLogsLogGroup": {"LogGroupArn": {"Fn::GetAtt": ["WorkflowLogs", "Arn"]}}}
        ],
    }
    name, part = resources("AWS::Logs::LogGroup")["WorkflowLogs"]["LogGroupName"]["Fn::Sub"]
    assert name.startswith("/aws/vendedlogs/states/")
    assert "AWS::StackId" in str(part["id"]), "else a new deployment may meet an old group"


@pytest.mark.parametrize("section", ["Parameters", "Outputs"])
def test_parameters_and_outputs_are_described(section: str) -> None:
    assert all(item["Description"].strip() for item in TEMPLATE[section].values())


def test_the_console_asks_for_every_parameter_in_a_group() -> None:
    groups = TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    shown = [name for group in groups for name in group["Parameters"]]
    assert sorted(shown) == sorted(TEMPLATE["Parameters"])


def test_the_outputs_tell_what_runs_which_tag_to_set_and_where_to_read() -> None:
    outputs = {name: output["Value"] for name, output in TEMPLATE["Outputs"].items()}
    assert outputs["StateMachineArn"] == {"Fn::GetAtt": ["PrivateConnectivity", "Arn"]}
    assert outputs["TagToSet"] == f"{tags.WISH}={Wish.ENABLED}"
    assert outputs["ParameterPath"] == ENVIRONMENT["PARAMETER_PATH"]
    assert outputs["OnPremDnsHostPolicyArn"] == {"Ref": "OnPremDnsHostPolicy"}


def test_functions_are_given_exactly_the_variables_that_they_read() -> None:
    assert set(ENVIRONMENT) == _variables_read() - NOT_FROM_THE_TEMPLATE


LISTS = {
    "ALLOWED_SERVICE_OWNERS",
    "ALLOWED_VPCS",
    "DEFAULT_ONPREM_CIDRS",
    "DEFAULT_SERVICES",
    "EXTRA_TAGS",
}
LONGEST = {
    "OWNER": 80,
    "LEDGER_TABLE": 102,
    "STATE_MACHINE_ARN": 150,
    "PROBE_ROLE_ARN": 100,
    "HOST_POLICY_ARN": 155,
    "TOPIC_ARN": 155,
    "PARAMETER_PATH": 34,
    "SIGNING_KEY": 36,
    "EVIDENCE_BUCKET": 63,
}
"""Of a stack whose name has 80 characters; what is not here has 16 at most."""


def test_the_lists_of_a_company_have_2_300_bytes() -> None:
    """AWS Lambda takes 4 KB of variables, as JSON; docs/operations.md says how much is left."""
    assert set(ENVIRONMENT) > LISTS | set(LONGEST)
    given = {name: "x" * LONGEST.get(name, 16) for name in ENVIRONMENT} | dict.fromkeys(LISTS, "")
    assert 4096 - len(json.dumps(given, separators=(",", ":"))) >= 2300
    assert not [name for name, function in functions().items() if "Environment" in function]


def _variables_read() -> set[str]:
    """`os.environ["NAME"]`, and `environment["NAME"]` where it was handed on."""
    return {
        node.slice.value
        for path in (ROOT / "functions").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Subscript)
        and ast.unparse(node.value) in {"os.environ", "environment"}
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, str)
    }


def test_code_is_made_by_one_function_alone_and_only_inside_a_vpc() -> None:
    makers = [
        (name, statement)
        for name, statement in statements()
        if statement["Effect"] == "Allow"
        and "lambda:CreateFunction" in as_list(statement["Action"])
    ]
    [(name, statement)] = makers
    assert name == "VerifyResolutionFunction"
    assert statement["Condition"]["Null"]["lambda:VpcIds"] == "false"
    assert str(statement["Resource"]).endswith(":function:ecs-anywhere-probe-*'}")
