"""Which account and Region are read: those that were named, whatever was read before; and what a
stack has to say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from connectivity.adapters import aws
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
    older = dict.fromkeys(stack.VARIABLES - {"FREE_ON_DELETION"}, "any")
    with pytest.raises(stack.NoStack, match=r"another release.* has no FREE_ON_DELETION\. Upgrade"):
        stack._variables(Configured(older), RESOURCES, "ours")


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
