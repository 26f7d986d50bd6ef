"""Which account and Region are read: those that were named, whatever was read before; and what a
stack has to say."""

from __future__ import annotations

import os
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from connectivity.adapters import aws
from connectivity.usecases.settings import NEW_VARIABLES
from ecs_anywhere import answering, stack

from tests.template.sam_template import TEMPLATE
from tests.unit.test_wiring import ENVIRONMENT

SAID = {name: value for name, value in ENVIRONMENT.items() if not name.startswith("AWS_")}
OUTPUTS = dict.fromkeys(stack.OUTPUTS, "arn")


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, credentials = tmp_path / "config", tmp_path / "credentials"
    config.write_text("[profile prod]\nregion = us-east-2\n[profile test]\nregion = us-west-2\n")
    credentials.write_text(
        "".join(
            f"[{name}]\naws_access_key_id = KEY-OF-{name}\naws_secret_access_key = any\n"
            for name in ("prod", "test")
        )
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "KEY-OF-THE-SHELL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    for name in stack._GIVEN:
        monkeypatch.setenv(name, "put back as it was")
        monkeypatch.delenv(name)
    monkeypatch.setattr(stack, "_GIVEN", dict.fromkeys(stack._GIVEN))


def test_each_profile_has_a_region_of_its_own(profiles: None) -> None:
    for profile, region in (("prod", "us-east-2"), ("test", "us-west-2"), ("prod", "us-east-2")):
        session = stack._session(profile, "")
        assert session.region_name == region
        stack._work_on({}, session.region_name, profile)
    aws.forget_clients()


@pytest.mark.parametrize(
    ("name", "value"), [("AWS_ENDPOINT_URL", "127.0.0.1:4599"), ("AWS_MAX_ATTEMPTS", "many")]
)
def test_a_setting_that_botocore_cannot_use_is_told_and_no_traceback(
    profiles: None, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(stack.NoStack, match="a setting of AWS cannot be used") as told:
        stack.read_stack(stack.Where("app", profile="prod"))
    assert value in str(told.value)
    assert "correct it in the environment" in str(told.value)


def test_the_app_s_adapters_use_the_profile_and_not_the_shell_s_keys(profiles: None) -> None:
    for profile in ("prod", "test"):
        stack._work_on({}, "us-east-2", profile)
        assert aws.session().get_credentials().access_key == f"KEY-OF-{profile}"
        aws.refuse(lambda operation: None)
        assert aws.session().get_credentials().access_key == f"KEY-OF-{profile}"
    aws.forget_clients()


@dataclass(frozen=True)
class Configured:
    """AWS Lambda, where somebody has given the stack's function these variables."""

    variables: Mapping[str, str]

    def client(self, _: str) -> Configured:
        return self

    def get_function_configuration(self, FunctionName: str) -> Any:  # noqa: N803
        assert FunctionName == "sweep"
        return {"Environment": {"Variables": dict(self.variables)}}


RESOURCES = {stack.READER: ("AWS::Lambda::Function", "sweep")}
FORGED = {"AWS_ENDPOINT_URL": "http://evil.example", "HTTPS_PROXY": "http://evil.example"}


def test_the_variables_of_a_function_cannot_send_a_person_s_calls_elsewhere() -> None:
    named = dict.fromkeys(stack.VARIABLES, "any")
    assert stack._variables(Configured(named | FORGED), RESOURCES, "ours") == named


def test_a_stack_of_another_release_is_named_with_what_it_lacks() -> None:
    older = dict.fromkeys(stack.VARIABLES - {"VERIFY_HOURS"}, "any")
    with pytest.raises(stack.NoStack, match=r"another release.* has no VERIFY_HOURS\. Upgrade"):
        stack._variables(Configured(older), RESOURCES, "ours")


@dataclass(frozen=True)
class Former(Configured):
    """The account with a stack whose functions have these variables."""

    region_name = "us-east-2"

    def client(self, _: str) -> Former:
        return self

    def describe_stacks(self, StackName: str) -> Any:  # noqa: N803
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in OUTPUTS.items()]
        return {"Stacks": [{"StackStatus": "UPDATE_COMPLETE", "Outputs": outputs}]}

    def get_paginator(self, _: str) -> Former:
        return self

    def paginate(self, StackName: str) -> Any:  # noqa: N803
        sweep = {
            "LogicalResourceId": stack.READER,
            "ResourceType": "AWS::Lambda::Function",
            "PhysicalResourceId": "sweep",
        }
        return [{"StackResourceSummaries": [sweep]}]


def test_a_stack_of_the_release_before_is_read_and_nothing_is_planned_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It would not do what the plan says: a tag that it does not know, it does not obey."""
    lacking = {name: value for name, value in SAID.items() if name not in NEW_VARIABLES}
    for name in (*stack.VARIABLES, *stack._REGION_VARIABLES):
        monkeypatch.setenv(name, "put back as it was")
    monkeypatch.setattr(stack, "_session", lambda *_: Former(lacking))
    found = stack.read_stack(stack.Where("ours"))
    assert {name: found.variables[name] for name in NEW_VARIABLES} == NEW_VARIABLES
    assert os.environ["ENDPOINT_POLICY"] == NEW_VARIABLES["ENDPOINT_POLICY"]
    with pytest.raises(
        stack.NoStack, match=r"ours is of another release.* ENDPOINT_POLICY, .*Upgr"
    ):
        found.check_release()
    aws.forget_clients()


def test_a_stack_of_this_release_lacks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*stack.VARIABLES, *stack._REGION_VARIABLES):
        monkeypatch.setenv(name, "put back as it was")
    monkeypatch.setattr(stack, "_session", lambda *_: Former(SAID))
    found = stack.read_stack(stack.Where("ours"))
    assert found.variables == SAID
    found.check_release()
    aws.forget_clients()


def test_what_the_former_release_lacks_is_what_is_known_to_be_new() -> None:
    (archive,) = (Path(__file__).parents[2] / "releases").glob("*.tar.xz")
    with tarfile.open(archive) as files:
        template = files.extractfile("template.yaml")
        assert template
        named = set(re.findall(r"\b([A-Z_]+):", template.read().decode()))
    assert stack.VARIABLES - named == set(NEW_VARIABLES)


def test_what_is_believed_is_what_the_template_gives_every_function() -> None:
    given = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    assert set(given) == stack.VARIABLES


def test_a_person_s_clients_are_patient_and_a_function_s_are_not(profiles: None) -> None:
    stack._work_on({}, "us-east-2", "")
    assert aws.client("ssm").meta.config.retries["total_max_attempts"] == aws.PATIENT_ATTEMPTS
    aws.forget_clients()
    assert aws.client("ssm").meta.config.retries["total_max_attempts"] == aws.ATTEMPTS
    aws.forget_clients()


def test_an_output_that_is_missing_and_a_number_that_is_none_are_told_too() -> None:
    with pytest.raises(stack.NoStack, match="StateMachineArn"):
        stack._check(SAID, {"NotificationTopicArn": "arn"}, "us-east-2", "private-connectivity")
    with pytest.raises(stack.NoStack, match="cannot be read"):
        stack._check({**SAID, "IDLE_DAYS": "many"}, OUTPUTS, "us-east-2", "private-connectivity")


@pytest.mark.parametrize("fault", [KeyError("held"), ValueError("no number"), TypeError("None")])
def test_a_fault_of_the_command_itself_is_not_told_as_one_of_the_stack(fault: Exception) -> None:
    with pytest.raises(type(fault)), answering.told():
        raise fault
    with pytest.raises(typer.Exit), answering.told():
        raise stack.NoStack("it is not there")


def test_a_person_who_leaves_is_told_so_and_is_no_fault() -> None:
    """Exit code 1 would say that something needs a person."""
    with pytest.raises(typer.Exit) as left, answering.told():
        raise KeyboardInterrupt
    assert left.value.exit_code == answering.INTERRUPTED
