"""An activation's code is a secret that AWS shows once: it goes into one file, or is not made."""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ecs_anywhere.asking import NotAskedError
from ecs_anywhere.joining import Activation, activate, make_role, tags_of
from ecs_anywhere.stack import Stack

ASKED = Activation("vpc-0a1b2c3d", "hosts")


@dataclass
class Ssm:
    fails: bool = False
    made: list[Mapping[str, Any]] = field(default_factory=list)

    def create_activation(self, **asked: Any) -> Mapping[str, str]:
        if self.fails:
            raise ConnectionError("AWS cannot be reached")
        self.made.append(asked)
        return {
            "ActivationId": "0f6c2a52-3d0a-4c57-9d86-1d3c9f6c9d54",
            "ActivationCode": "Sec/ret+1",
        }


class Deployed(Stack):
    """A stack whose AWS is one client."""

    def client(self, service: str) -> Any:
        assert service == "ssm"
        return self.variables["client"]


def stack(ssm: Ssm, tag: str = "role=container") -> Stack:
    return Deployed(
        name="app",
        variables={"client": ssm},  # type: ignore[dict-item]
        region="us-east-2",
        status="CREATE_COMPLETE",
        parameters={"ContainerHostTag": tag},
        resources={"CheckContainerHost": ("AWS::SSM::Document", "check")} if tag else {},
    )


def test_id_and_code_stand_in_a_file_of_its_owner_alone(tmp_path: Path) -> None:
    ssm, file = Ssm(), tmp_path / "activation"
    activate(stack(ssm), ASKED, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().splitlines() == [
        "ACTIVATION_ID='0f6c2a52-3d0a-4c57-9d86-1d3c9f6c9d54'",
        "ACTIVATION_CODE='Sec/ret+1'",
    ]
    [asked] = ssm.made
    assert asked["RegistrationLimit"] == 1
    assert {each["Key"]: each["Value"] for each in asked["Tags"]} == {
        "role": "container",
        "ecs-anywhere:vpc": "vpc-0a1b2c3d",
    }


def test_where_the_file_is_there_already_nothing_is_made_and_it_stays(tmp_path: Path) -> None:
    ssm, file = Ssm(), tmp_path / "activation"
    file.write_text("mine")
    with pytest.raises(FileExistsError):
        activate(stack(ssm), ASKED, file)
    assert (ssm.made, file.read_text()) == ([], "mine")


def test_where_aws_makes_none_no_file_stays(tmp_path: Path) -> None:
    file = tmp_path / "activation"
    with pytest.raises(ConnectionError):
        activate(stack(Ssm(fails=True)), ASKED, file)
    assert not file.exists()


def test_a_stack_that_checks_no_hosts_tags_them_for_their_vpc_alone() -> None:
    assert tags_of(stack(Ssm(), tag=""), "vpc-0a1b2c3d") == {"ecs-anywhere:vpc": "vpc-0a1b2c3d"}


class Iam:
    """AWS IAM with roles by name."""

    def __init__(self) -> None:
        self.exceptions = SimpleNamespace(
            EntityAlreadyExistsException=FileExistsError, NoSuchEntityException=LookupError
        )
        self.roles: dict[str, Any] = {}
        self.attached: set[str] = set()

    def create_role(self, **asked: Any) -> None:
        if asked["RoleName"] in self.roles:
            raise FileExistsError
        self.roles[asked["RoleName"]] = json.loads(asked["AssumeRolePolicyDocument"])

    def get_role(self, **asked: Any) -> Any:
        return {"Role": {"AssumeRolePolicyDocument": self.roles[asked["RoleName"]]}}

    def attach_role_policy(self, **asked: Any) -> None:
        self.attached.add(asked["PolicyArn"])


class WithIam(Deployed):
    def client(self, service: str) -> Any:
        return self.variables[service]


def of_roles(iam: Iam) -> Stack:
    return WithIam(
        name="app",
        variables={"iam": iam, "ACCOUNT": "123456789012"},  # type: ignore[dict-item]
        region="us-gov-west-1",
        status="CREATE_COMPLETE",
        outputs={"StateMachineArn": "arn:aws-us-gov:states:us-gov-west-1:123456789012:x"},
    )


def test_a_role_that_was_begun_is_finished_and_made_twice_it_is_the_same() -> None:
    iam = Iam()
    for _ in range(2):
        make_role(of_roles(iam), "hosts")
    [statement] = iam.roles["hosts"]["Statement"]
    assert statement["Principal"] == {"Service": "ssm.amazonaws.com"}
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}
    assert all(arn.startswith("arn:aws-us-gov:iam::aws:policy/") for arn in iam.attached)
    assert len(iam.attached) == 2


def test_a_role_of_somebody_else_is_left_as_it_is() -> None:
    iam = Iam()
    iam.roles["hosts"] = {"Statement": [{"Principal": {"AWS": "*"}}]}
    with pytest.raises(NotAskedError, match="choose another name"):
        make_role(of_roles(iam), "hosts")
    assert iam.attached == set()
