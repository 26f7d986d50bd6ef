"""What the template has for the container hosts on-premises: a check that is off by default, that
runs one document on the tagged hosts alone. The shell script in it is really run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.template.sam_template import (
    TEMPLATE,
    policy_document,
    resources,
    statements,
    with_values,
)

CHECK = {"CheckContainerHost", "ContainerHostsDue", "CheckRole"}


def test_no_container_host_is_checked_unless_a_tag_is_given() -> None:
    assert TEMPLATE["Parameters"]["ContainerHostTag"]["Default"] == ""
    conditional = {
        name
        for name, resource in TEMPLATE["Resources"].items()
        if resource.get("Condition") == "ChecksContainerHosts"
    }
    assert conditional == CHECK


def test_with_a_tag_the_template_is_still_clean(tmp_path: Path) -> None:
    told = tmp_path / "template.json"
    told.write_text(with_values({"ContainerHostTag": "role=container"}))
    linted = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), "--region", "us-east-1", "--", told],
        capture_output=True,
        text=True,
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_the_check_may_run_this_one_document_on_the_tagged_hosts_alone() -> None:
    allowed = [each for name, each in statements() if name == "CheckRole"]
    assert {each["Action"] for each in allowed} == {"ssm:SendCommand"}
    document, hosts = allowed
    assert document["Resource"]["Fn::Sub"].endswith(":document/${CheckContainerHost}")
    assert hosts["Resource"].endswith(":managed-instance/*")
    assert hosts["Condition"] == {"StringEquals": {"ssm:resourceTag/${key}": "${value}"}}
    _, of_hosts = resources("AWS::IAM::Role")["CheckRole"]["Policies"]
    text, values = of_hosts["PolicyDocument"]["Fn::Sub"]
    assert set(re.findall(r"\$\{(\w+)\}", text)) == set(values)
    assert "${ContainerHostTag}" in json.dumps(values)
    assert policy_document(of_hosts["PolicyDocument"])["Version"] == "2012-10-17"


def test_the_rule_runs_the_document_on_the_clock_and_without_parameters() -> None:
    rule = resources("AWS::Events::Rule")["ContainerHostsDue"]
    [target] = rule["Targets"]
    assert rule["ScheduleExpression"]["Fn::Sub"] == "rate(${ContainerHostCheckMinutes} minutes)"
    assert TEMPLATE["Parameters"]["ContainerHostCheckMinutes"]["MinValue"] > 1, "rate(1 minutes)"
    assert json.loads(target["Input"]) == {}
    assert target["Arn"]["Fn::Sub"].endswith(":document/${CheckContainerHost}")


@pytest.fixture(scope="module")
def script() -> str:
    """As AWS Systems Manager runs it: the lines, one after the other."""
    content = resources("AWS::SSM::Document")["CheckContainerHost"]["Content"]
    assert content["schemaVersion"] == "2.2"
    [step] = content["mainSteps"]
    assert step["action"] == "aws:runShellScript"
    assert step["precondition"] == {"StringEquals": ["platformType", "Linux"]}
    lines = [
        each["Fn::Sub"].replace("${AWS::Region}", "us-east-2") if isinstance(each, dict) else each
        for each in step["inputs"]["runCommand"]
    ]
    return "\n".join(lines)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A PATH that holds nothing but what every Linux has and what a test puts there."""
    (tmp_path / "uname").symlink_to(shutil.which("uname") or "/bin/uname")
    return tmp_path


def run(script: str, path: Path) -> subprocess.CompletedProcess[str]:
    shell = shutil.which("sh") or "/bin/sh"
    environment = {"PATH": str(path)}
    return subprocess.run([shell, "-c", script], env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("code", [0, 1, 2, 3])
def test_the_command_ends_as_the_check_ends(script: str, path: Path, code: int) -> None:
    """A host that is not private is a failed command, in the console of AWS as well."""
    tool = path / "ecs-anywhere-check"
    tool.write_text(f'#!{shutil.which("sh")}\necho "said $*"\nexit {code}\n')
    tool.chmod(0o755)
    ended = run(script, path)
    assert (ended.returncode, ended.stdout) == (code, "said --brief --region us-east-2\n")


def test_a_host_without_the_check_says_so(script: str, path: Path) -> None:
    ended = run(script, path)
    assert ended.returncode == 127
    assert ended.stderr.startswith("ecs-anywhere-check is not on the PATH of this host (")
    assert "install it" in ended.stderr
