"""Errors of AWS, and of the way to it: each ends in what a person does about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer
from botocore import exceptions as botocore
from ecs_anywhere import answering, aws_errors, stack
from ecs_anywhere.commands import app
from ecs_anywhere.evidence import NoEvidence
from typer.testing import CliRunner

PATH = "/etc/pki/ours.pem"


def answer(code: str) -> botocore.ClientError:
    return botocore.ClientError({"Error": {"Code": code, "Message": "as AWS says it"}}, "ReadIt")


@pytest.mark.parametrize(
    ("error", "cure"),
    [
        (botocore.NoCredentialsError(), "aws configure"),
        (botocore.ProfileNotFound(profile="x"), "aws configure list-profiles"),
        (botocore.UnauthorizedSSOTokenError(), "aws sso login"),
        (botocore.SSOTokenLoadError(error_msg="x"), "aws sso login"),
        (botocore.CredentialRetrievalError(provider="x", error_msg="y"), "sign in again"),
        (botocore.NoRegionError(), "--region"),
        (botocore.InvalidRegionError(region_name="us east"), "as in eu-central-1"),
        (botocore.ConfigParseError(path="/x"), "correct that file"),
        (
            botocore.InvalidRetryModeError(provided_retry_mode="x", valid_modes=("standard",)),
            "correct it in the environment",
        ),
        (botocore.EndpointConnectionError(endpoint_url="https://x"), "HTTPS_PROXY"),
        (botocore.ConnectTimeoutError(endpoint_url="https://x"), "HTTPS_PROXY"),
        (botocore.ReadTimeoutError(endpoint_url="https://x"), "HTTPS_PROXY"),
        (botocore.ProxyConnectionError(proxy_url="http://p"), "HTTPS_PROXY"),
        (
            botocore.SSLError(endpoint_url="https://x", error=OSError("self-signed")),
            "AWS_CA_BUNDLE",
        ),
        (answer("ExpiredToken"), "aws sso login"),
        (answer("ExpiredTokenException"), "aws sso login"),
        (answer("InvalidClientTokenId"), "does not know these credentials"),
        (answer("SignatureDoesNotMatch"), "does not know these credentials"),
        (answer("RequestExpired"), "clock"),
        (answer("AccessDenied"), "ask for the right to call ReadIt"),
        (answer("UnauthorizedOperation"), "ask for the right to call ReadIt"),
        (answer("ThrottlingException"), "try again in a minute"),
    ],
)
def test_each_error_has_its_own_cure_in_one_line(error: Any, cure: str) -> None:
    said = aws_errors.told(error)
    assert cure in said.partition(": ")[2]
    assert "\n" not in said
    assert ".:" not in said
    assert "Check its name" not in said


def test_an_error_without_a_known_cure_keeps_its_own_words() -> None:
    assert aws_errors.told(answer("ValidationError")).endswith("as AWS says it")


@pytest.mark.parametrize(
    "error",
    [
        botocore.EndpointConnectionError(endpoint_url="http://127.0.0.1:4790/"),
        OSError("http://127.0.0.1:4790/"),
        stack.NoStack("a setting cannot be used, as in AWS_ENDPOINT_URL=http://127.0.0.1:4790/"),
    ],
    ids=["no way there", "no file", "no stack"],
)
def test_the_person_s_own_endpoint_is_shown_as_it_was_written(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit), answering.told():
        raise error
    assert "http://127.0.0.1:4790/" in capsys.readouterr().err


def test_what_moves_a_cursor_is_shown_as_something_that_does_not() -> None:
    assert answering.as_written("a\x1b[2J\nb") == "a_[2J\nb"


def test_links_of_others_stay_such_that_nobody_follows_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(typer.Exit), answering.told():
        raise NoEvidence("the tag says https://evil.example/x")
    assert "https:__evil.example_x" in capsys.readouterr().err


class CloudFormation:
    """AWS CloudFormation without the stack that is asked for."""

    def __init__(self, *stacks: Any, may_list: bool = True) -> None:
        self.stacks, self.may_list = stacks, may_list

    def describe_stacks(self, StackName: str) -> Any:  # noqa: N803
        raise answer("ValidationError")

    def get_paginator(self, _: str) -> CloudFormation:
        return self

    def paginate(self) -> Iterator[Any]:
        if not self.may_list:
            raise answer("AccessDenied")
        yield {"Stacks": list(self.stacks)}


def deployed(name: str, *outputs: str) -> dict[str, Any]:
    return {"StackName": name, "Outputs": [{"OutputKey": key} for key in outputs]}


OURS = (*stack.OUTPUTS, "LedgerTable")


@pytest.mark.parametrize(
    ("client", "said"),
    [
        (CloudFormation(deployed("a", *OURS), deployed("b", *OURS)), "; this app is there as a, b"),
        (CloudFormation(deployed("a", "StateMachineArn")), "; this app is not deployed there"),
        (CloudFormation(may_list=False), ""),
    ],
    ids=["other names", "another app", "may not list"],
)
def test_a_stack_that_is_not_there_is_told_with_those_that_are(
    client: CloudFormation, said: str
) -> None:
    with pytest.raises(stack.NoStack, match=f"in us-east-2 of this account{said}\\. Name"):
        stack._described(client, "nobody", "us-east-2")


@pytest.mark.parametrize("given", ["VPC", "vpc-nonsense", "vpc-0a1b2c3d4", "subnet-0a1b2c3d", ""])
@pytest.mark.parametrize("command", ["plan", "enable", "disable", "verify", "watch", "evidence"])
def test_what_is_no_id_of_a_vpc_is_a_mistake_on_the_command_line(command: str, given: str) -> None:
    ran = CliRunner().invoke(app, [command, *(["show"] if command == "evidence" else []), given])
    assert ran.exit_code == 2
    assert "is no id of a VPC" in ran.output
