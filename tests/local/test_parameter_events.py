"""A parameter changes, and EventBridge hears of it as on AWS."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local import parameter_events
from local.engine import EmbeddedAws
from local.settings import Settings
from tests.local.test_tag_events import Recorder

REGION = "us-east-2"
NAME = "/ecs-anywhere/private-connectivity/vpc-0a1b2c3d/acknowledgements/dns1"


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    aws = EmbeddedAws(Settings(), gaps=("parameter_events",))
    aws.events = Recorder()
    with aws:
        yield aws


@pytest.fixture
def ssm(aws: EmbeddedAws) -> Iterator[Any]:
    session: Any = boto3.Session("any", "any", region_name=REGION)
    client = session.client("ssm", endpoint_url=aws.url)
    heard(aws).clear()
    yield client
    client.delete_parameters(Names=[NAME])


def heard(aws: EmbeddedAws) -> list[dict[str, Any]]:
    recorder = aws.events
    assert isinstance(recorder, Recorder)
    return recorder.events


def operations(aws: EmbeddedAws) -> list[str]:
    return [event["detail"]["operation"] for event in heard(aws)]


def test_a_new_parameter_is_an_event_with_the_documented_fields_and_without_its_value(
    aws: EmbeddedAws, ssm: Any
) -> None:
    ssm.put_parameter(Name=NAME, Value="secret", Type="String", Description="what for")
    assert heard(aws) == [
        {
            "source": "aws.ssm",
            "detail-type": "Parameter Store Change",
            "resources": [f"arn:aws:ssm:{REGION}:123456789012:parameter{NAME}"],
            "region": REGION,
            "detail": {
                "operation": "Create",
                "name": NAME,
                "type": "String",
                "description": "what for",
            },
        }
    ]


def test_writing_again_is_an_update_and_a_parameter_made_anew_is_created(
    aws: EmbeddedAws, ssm: Any
) -> None:
    for _ in range(2):
        ssm.put_parameter(Name=NAME, Value="1", Type="String", Overwrite=True)
    ssm.delete_parameter(Name=NAME)
    ssm.put_parameter(Name=NAME, Value="1", Type="String")
    assert operations(aws) == ["Create", "Update", "Delete", "Create"]


def test_of_several_that_are_deleted_only_those_that_were_there_are_events(
    aws: EmbeddedAws, ssm: Any
) -> None:
    ssm.put_parameter(Name=NAME, Value="1", Type="String")
    ssm.delete_parameters(Names=[NAME, "/absent"])
    assert operations(aws) == ["Create", "Delete"]
    assert heard(aws)[-1]["detail"]["type"] == "String"


def test_what_is_refused_is_no_event(aws: EmbeddedAws, ssm: Any) -> None:
    ssm.put_parameter(Name=NAME, Value="1", Type="String")
    with pytest.raises(ClientError):
        ssm.put_parameter(Name=NAME, Value="2", Type="String")
    with pytest.raises(ClientError):
        ssm.delete_parameter(Name="/absent")
    assert operations(aws) == ["Create"]


def test_installing_twice_emits_once(aws: EmbeddedAws, ssm: Any) -> None:
    parameter_events.install(aws)
    ssm.put_parameter(Name=NAME, Value="1", Type="String")
    assert operations(aws) == ["Create"]


STOCK = """
import boto3
from moto import mock_aws
with mock_aws():
    events, sqs, ssm = (boto3.client(s, region_name="us-east-2") for s in ("events", "sqs", "ssm"))
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    events.put_rule(Name="r", EventPattern='{"source": ["aws.ssm"]}')
    arn = "arn:aws:sqs:us-east-2:123456789012:q"
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": arn}])
    ssm.put_parameter(Name="a", Value="1", Type="String")
    print(len(sqs.receive_message(QueueUrl=url).get("Messages", [])))
"""


def test_stock_moto_still_has_the_gap() -> None:
    run = subprocess.run([sys.executable, "-c", STOCK], capture_output=True, text=True, check=False)
    assert run.stdout.strip() == "0", f"moto heals this now: remove it here {run.stderr}"
