"""A client that asks again because a stack takes its time gets the answer to its first attempt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from threading import Event, Thread
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from werkzeug.wrappers import Response

from local.engine import EmbeddedAws
from local.gateway.repetitions import NUMBER, Repetitions
from local.settings import Settings

NOTHING = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
PATIENCE = 30


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(Settings(network="loopback")) as aws:
        yield aws


def client(aws: EmbeddedAws, number: str) -> Any:
    """A client whose calls all have this number, as the attempts at one call have."""
    made: Any = boto3.client(
        "cloudformation",
        endpoint_url=aws.url,
        region_name=aws.settings.region,
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=Config(retries={"total_max_attempts": 1}),
    )

    def numbered(request: Any, **_: Any) -> None:
        request.headers["amz-sdk-invocation-id"] = number

    made.meta.events.register("before-send.cloudformation", numbered)
    return made


def test_a_second_attempt_at_a_stack_is_told_of_the_stack(aws: EmbeddedAws) -> None:
    first = client(aws, "1").create_stack(StackName="slow", TemplateBody=NOTHING)
    again = client(aws, "1").create_stack(StackName="slow", TemplateBody=NOTHING)
    assert again["StackId"] == first["StackId"]
    with pytest.raises(ClientError, match="already exists"):
        client(aws, "2").create_stack(StackName="slow", TemplateBody=NOTHING)


def test_an_attempt_that_comes_during_the_first_waits_for_its_answer() -> None:
    repetitions, begun, goes_on = Repetitions(), Event(), Event()
    said: list[bytes] = []

    def slowly() -> Response:
        begun.set()
        assert goes_on.wait(PATIENCE)
        return Response(b"made")

    def ask() -> None:
        said.append(repetitions.answer("cloudformation", {NUMBER: "1"}, slowly).get_data())

    attempts = [Thread(target=ask), Thread(target=ask)]
    attempts[0].start()
    assert begun.wait(PATIENCE)
    attempts[1].start()
    goes_on.set()
    for attempt in attempts:
        attempt.join(PATIENCE)
    assert said == [b"made", b"made"]


def test_a_call_that_was_not_answered_is_answered_when_it_is_asked_again() -> None:
    repetitions = Repetitions()

    def lost() -> Response:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        repetitions.answer("cloudformation", {NUMBER: "1"}, lost)
    said = repetitions.answer("cloudformation", {NUMBER: "1"}, lambda: Response(b"made"))
    assert said.get_data() == b"made"


@pytest.mark.parametrize(("service", "number"), [("ec2", "1"), ("cloudformation", None)])
def test_other_calls_are_answered_each_time(service: str, number: str | None) -> None:
    repetitions, environ = Repetitions(), {NUMBER: number} if number else {}
    answers = iter((b"one", b"two"))
    said = [
        repetitions.answer(service, environ, lambda: Response(next(answers))).get_data()
        for _ in range(2)
    ]
    assert said == [b"one", b"two"]
