"""What the template has for the DNS hosts on-premises: who hears of them, what they may do, and the
push that is off by default. The shell script in it is really run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from connectivity.domain.acknowledgement import vpc_acknowledged
from moto.events.models import EventPattern

from local.gateway.decisions import Request, decide, statements_in
from tests.template.sam_template import (
    ENVIRONMENT,
    TEMPLATE,
    found,
    functions,
    policy_document,
    resources,
    statements,
    with_values,
)

FOLDER = f"{ENVIRONMENT['PARAMETER_PATH']}/vpc-0a1b2c3d"
ACKNOWLEDGED = functions()["KnockFunction"]["Events"]["Acknowledged"]["Properties"]["Pattern"]
PUBLISHED = resources("AWS::Events::Rule")["PublicationChanged"]["EventPattern"]
PUSH = {"ApplyForwarding", "ApplyForwardingEverywhere", "PublicationChanged", "PushRole"}


def change(name: str, operation: str = "Update", **more: Any) -> dict[str, Any]:
    """A `Parameter Store Change` event."""
    return {
        "source": "aws.ssm",
        "detail-type": "Parameter Store Change",
        "resources": [f"arn:aws:ssm:us-east-2:123456789012:parameter{name}"],
        "detail": {"name": name, "operation": operation, "type": "String", "description": ""},
    } | more


def matches(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    return bool(EventPattern.load(json.dumps(pattern)).matches_event(event))


@pytest.mark.parametrize("operation", ["Create", "Update"])
def test_an_acknowledgement_knocks(operation: str) -> None:
    event = change(f"{FOLDER}/acknowledgements/dns1.example.com", operation)
    assert matches(ACKNOWLEDGED, event)
    assert vpc_acknowledged(event["detail"]["name"]) == "vpc-0a1b2c3d"


@pytest.mark.parametrize(
    "event",
    [
        change(f"{FOLDER}/acknowledgements/dns1", "Delete"),
        change(f"{FOLDER}/forwarding"),
        change(f"{FOLDER}/resolver-ips"),
        change(f"/elsewhere{FOLDER}/acknowledgements/dns1"),
        change(f"{FOLDER}/acknowledgements/dns1", source="aws.tag"),
    ],
    ids=["our own removal", "our publication", "our list", "another's", "another source"],
)
def test_what_we_write_and_remove_ourselves_knocks_nobody(event: dict[str, Any]) -> None:
    assert not matches(ACKNOWLEDGED, event)


def test_patterns_use_only_what_amazon_eventbridge_allows_of_wildcards() -> None:
    """No two in a row, and few of them: it refuses rules that are too complex."""
    used = [*found(ACKNOWLEDGED, "wildcard"), *found(PUBLISHED, "wildcard")]
    assert len(used) == 3
    assert all("**" not in wildcard and wildcard.count("*") <= 2 for wildcard in used)


def allowed_to_hosts(vpc: str, action: str, name: str) -> bool:
    """Whether the policy of the DNS hosts, with this `DnsHostVpc`, allows it: decided by the
    embedded AWS's IAM."""
    arn = f"arn:aws:ssm:us-east-2:123456789012:parameter{name}"
    ours = [each for name, each in statements() if name == "OnPremDnsHostPolicy"]
    text = json.dumps({"Version": "2012-10-17", "Statement": _without_sub(ours)})
    values = {
        "AWS::Partition": "aws",
        "AWS::Region": "us-east-2",
        "AWS::AccountId": "123456789012",
        "DnsHostVpc": vpc,
    }
    for variable, value in values.items():
        text = text.replace(f"${{{variable}}}", value)
    return decide(statements_in("hosts", text), Request(action, arn)).allowed


def _without_sub(value: Any) -> Any:
    if isinstance(value, dict):
        return (
            value["Fn::Sub"]
            if "Fn::Sub" in value
            else {k: _without_sub(v) for k, v in value.items()}
        )
    return [_without_sub(each) for each in value] if isinstance(value, list) else value


EVERY_VPC = TEMPLATE["Parameters"]["DnsHostVpc"]["Default"]
ANOTHER = FOLDER.replace("0a1b2c3d", "99999999")


@pytest.mark.parametrize("vpc", [EVERY_VPC, "vpc-0a1b2c3d"])
def test_a_dns_host_may_read_the_document_and_write_acknowledgements(vpc: str) -> None:
    assert allowed_to_hosts(vpc, "ssm:GetParameter", f"{FOLDER}/forwarding")
    assert allowed_to_hosts(vpc, "ssm:PutParameter", f"{FOLDER}/acknowledgements/dns1.example.com")


@pytest.mark.parametrize("vpc", [EVERY_VPC, "vpc-0a1b2c3d"])
@pytest.mark.parametrize(
    ("action", "name"),
    [
        ("ssm:PutParameter", f"{FOLDER}/forwarding"),
        ("ssm:PutParameter", f"{FOLDER}/resolver-ips"),
        ("ssm:PutParameter", f"{FOLDER}/acknowledgements"),
        ("ssm:PutParameter", f"{FOLDER}/acknowledgements/x/forwarding"),
        ("ssm:PutParameter", f"{FOLDER}/acknowledgements/x/y/z"),
        ("ssm:PutParameter", f"{FOLDER}/x/acknowledgements/dns1"),
        ("ssm:PutParameter", f"{ENVIRONMENT['PARAMETER_PATH']}/acknowledgements/dns1"),
        ("ssm:GetParameter", f"{FOLDER}/resolver-ips"),
        ("ssm:DeleteParameter", f"{FOLDER}/acknowledgements/dns1"),
        ("ssm:GetParametersByPath", FOLDER),
        ("ssm:GetParameter", "/bank/password"),
    ],
)
def test_a_dns_host_may_do_nothing_else(vpc: str, action: str, name: str) -> None:
    """IAM's * matches slashes, too: `acknowledgements/*` alone would let a host write below."""
    assert not allowed_to_hosts(vpc, action, name)


def test_a_policy_for_one_vpc_is_about_no_other() -> None:
    for action, name in (("Get", "forwarding"), ("Put", "acknowledgements/dns1")):
        asked = (f"ssm:{action}Parameter", f"{ANOTHER}/{name}")
        assert allowed_to_hosts(EVERY_VPC, *asked)
        assert not allowed_to_hosts("vpc-0a1b2c3d", *asked)


@pytest.mark.parametrize(
    ("vpc", "fits"),
    [
        ("vpc-*", True),
        ("vpc-0a1b2c3d", True),
        ("vpc-0123456789abcdef0", True),
        ("*", False),
        ("vpc-*/acknowledgements", False),
        ("vpc-0123", False),
        ("vpc-0a1b2c3d/x", False),
        ("", False),
    ],
)
def test_the_policy_is_for_the_id_of_a_vpc_or_for_all(vpc: str, fits: bool) -> None:
    assert bool(re.fullmatch(TEMPLATE["Parameters"]["DnsHostVpc"]["AllowedPattern"], vpc)) is fits


def test_nothing_is_pushed_unless_a_tag_is_given() -> None:
    assert TEMPLATE["Parameters"]["DnsHostTag"]["Default"] == ""
    conditional = {
        name
        for name, resource in TEMPLATE["Resources"].items()
        if resource.get("Condition") == "PushesToDnsHosts"
    }
    assert conditional == PUSH


@pytest.mark.parametrize(
    ("tag", "fits"),
    [
        ("", True),
        ("role=dns", True),
        ("ecs-anywhere:dns-host=yes", True),
        ("role", False),
        ("=dns", False),
        ("role=", False),
        ("a=b=c", False),
        # Systems Manager knows no + in the key of a target, and EventBridge counts "tag:" among
        # its 128 characters (botocore: `TargetKey`, `RunCommandTargetKey`).
        ("d+ns=yes", False),
        ("dns=a+b", True),
        (f"{'k' * 124}=yes", True),
        (f"{'k' * 125}=yes", False),
        ("role=d ns", False),
        ('role=d"ns', False),
    ],
)
def test_the_tag_is_a_key_and_a_value_that_fit_into_a_policy(tag: str, fits: bool) -> None:
    allowed = TEMPLATE["Parameters"]["DnsHostTag"]["AllowedPattern"]
    assert bool(re.fullmatch(allowed, tag)) is fits


def test_with_a_tag_the_template_is_still_clean(tmp_path: Path) -> None:
    told = tmp_path / "template.json"
    told.write_text(with_values({"DnsHostTag": "role=dns"}))
    linted = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), "--region", "us-east-1", "--", told],
        capture_output=True,
        text=True,
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_a_new_publication_is_pushed_and_a_withdrawn_one_that_is_removed_is_not() -> None:
    assert matches(PUBLISHED, change(f"{FOLDER}/forwarding", "Create"))
    assert matches(PUBLISHED, change(f"{FOLDER}/forwarding", "Update"))
    assert not matches(PUBLISHED, change(f"{FOLDER}/forwarding", "Delete"))
    assert not matches(PUBLISHED, change(f"{FOLDER}/acknowledgements/dns1"))


@pytest.mark.parametrize(
    "below", ["acknowledgements/x/forwarding", "acknowledgements/x/y/forwarding"]
)
def test_what_a_dns_host_can_write_never_runs_a_command_on_the_others(below: str) -> None:
    """Whatever its policy says, and whatever role a host has: the rule is about the publication
    alone. EventBridge's * matches slashes, too."""
    assert not matches(PUBLISHED, change(f"{FOLDER}/{below}"))
    assert EventPattern.load(json.dumps({"detail": PUBLISHED["detail"]})).matches_event(
        change(f"{FOLDER}/{below}")
    ), "the name alone would match"


def test_rule_and_association_reach_the_same_hosts() -> None:
    [target] = resources("AWS::Events::Rule")["PublicationChanged"]["Targets"]
    association = resources("AWS::SSM::Association")["ApplyForwardingEverywhere"]
    assert target["RunCommandParameters"]["RunCommandTargets"] == association["Targets"]
    assert association["Name"] == {"Ref": "ApplyForwarding"}
    assert target["Arn"]["Fn::Sub"].endswith(":document/${ApplyForwarding}")
    assert json.loads(target["Input"]) == {}, "the document takes no parameters"


def test_the_push_may_run_this_one_document_on_the_tagged_hosts_alone() -> None:
    allowed = [each for name, each in statements() if name == "PushRole"]
    assert {each["Action"] for each in allowed} == {"ssm:SendCommand"}
    document, hosts = allowed
    assert document["Resource"]["Fn::Sub"].endswith(":document/${ApplyForwarding}")
    assert hosts["Resource"].endswith(":managed-instance/*")
    assert hosts["Condition"] == {"StringEquals": {"ssm:resourceTag/${key}": "${value}"}}


def test_a_policy_that_is_a_text_is_a_policy_with_any_tag_that_is_allowed() -> None:
    _, hosts = resources("AWS::IAM::Role")["PushRole"]["Policies"]
    text, values = hosts["PolicyDocument"]["Fn::Sub"]
    assert set(re.findall(r"\$\{(\w+)\}", text)) == set(values)
    assert policy_document(hosts["PolicyDocument"])["Version"] == "2012-10-17"


@pytest.fixture(scope="module")
def script() -> str:
    """As AWS Systems Manager runs it: the lines, one after the other."""
    content = resources("AWS::SSM::Document")["ApplyForwarding"]["Content"]
    assert content["schemaVersion"] == "2.2"
    [step] = content["mainSteps"]
    assert step["action"] == "aws:runShellScript"
    assert step["precondition"] == {"StringEquals": ["platformType", "Linux"]}
    return "\n".join(step["inputs"]["runCommand"])


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """A PATH that holds nothing but what every Linux has and what a test puts there."""
    (tmp_path / "uname").symlink_to(shutil.which("uname") or "/bin/uname")
    yield tmp_path


def run(script: str, path: Path) -> subprocess.CompletedProcess[str]:
    shell = shutil.which("sh") or "/bin/sh"
    environment = {"PATH": str(path)}
    return subprocess.run([shell, "-c", script], env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("code", "reported"),
    [(0, 0), (10, 0), *((code, code) for code in (1, 2, 3, 20, 30, 40, 50, 60, 61, 70))],
)
def test_the_command_succeeds_exactly_where_the_forwarding_is_right(
    script: str, path: Path, code: int, reported: int
) -> None:
    tool = path / "ecs-anywhere-dns"
    tool.write_text(f'#!{shutil.which("sh")}\necho "said $*"\nexit {code}\n')
    tool.chmod(0o755)
    ended = run(script, path)
    assert (ended.returncode, ended.stdout) == (reported, "said apply --json\n")


def test_a_host_without_the_tool_says_so(script: str, path: Path) -> None:
    ended = run(script, path)
    assert ended.returncode == 127
    assert ended.stderr.startswith("ecs-anywhere-dns is not on the PATH of this host (")
    assert "install it" in ended.stderr
