"""A VPC's tags change, and EventBridge hears of it as on AWS."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import boto3
import pytest

from local import tag_events
from local.engine import EmbeddedAws
from local.settings import Settings

REGION = "us-east-2"


class Recorder:
    """An event bus that only remembers."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def publish(
        self,
        source: str,
        detail_type: str,
        detail: Mapping[str, Any],
        resources: Sequence[str],
        region: str,
    ) -> None:
        self.events.append({"source": source, "detail-type": detail_type, "detail": dict(detail)})
        self.events[-1] |= {"resources": list(resources), "region": region}


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    aws = EmbeddedAws(Settings(), gaps=("tag_events",))
    aws.events = Recorder()
    with aws:
        yield aws


@pytest.fixture
def ec2(aws: EmbeddedAws) -> Any:
    return _client(aws, "ec2")


@pytest.fixture
def vpc(ec2: Any) -> Iterator[str]:
    vpc_id: str = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    yield vpc_id
    ec2.delete_vpc(VpcId=vpc_id)


def _client(aws: EmbeddedAws, service: str) -> Any:
    session: Any = boto3.Session("any", "any", region_name=REGION)
    return session.client(service, endpoint_url=aws.url)


def events_of(aws: EmbeddedAws, vpc_id: str) -> list[dict[str, Any]]:
    recorder = aws.events
    assert isinstance(recorder, Recorder)
    return [event for event in recorder.events if event["resources"][0].endswith(vpc_id)]


def test_a_new_tag_is_an_event_with_the_documented_fields(
    aws: EmbeddedAws, ec2: Any, vpc: str
) -> None:
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "a"}])
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "b", "Value": "1"}, {"Key": "c", "Value": "2"}])
    first, second = events_of(aws, vpc)
    assert first == {
        "source": "aws.tag",
        "detail-type": "Tag Change on Resource",
        "resources": [f"arn:aws:ec2:{REGION}:123456789012:vpc/{vpc}"],
        "region": REGION,
        "detail": {
            "changed-tag-keys": ["Name"],
            "service": "ec2",
            "resource-type": "vpc",
            "version": 1,
            "tags": {"Name": "a"},
        },
    }
    assert second["detail"]["changed-tag-keys"] == ["b", "c"]
    assert second["detail"]["tags"] == {"Name": "a", "b": "1", "c": "2"}
    assert second["detail"]["version"] == 2


def test_a_removed_tag_is_changed_but_no_longer_there(aws: EmbeddedAws, ec2: Any, vpc: str) -> None:
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "b", "Value": "1"}])
    ec2.delete_tags(Resources=[vpc], Tags=[{"Key": "b"}])
    detail = events_of(aws, vpc)[-1]["detail"]
    assert (detail["changed-tag-keys"], detail["tags"]) == (["b"], {})


def test_a_change_that_changes_nothing_is_no_event(aws: EmbeddedAws, ec2: Any, vpc: str) -> None:
    for _ in range(2):
        ec2.create_tags(Resources=[vpc], Tags=[{"Key": "b", "Value": "1"}])
    ec2.delete_tags(Resources=[vpc], Tags=[{"Key": "absent"}])
    assert len(events_of(aws, vpc)) == 1


def test_a_vpc_born_with_tags_is_one_event(aws: EmbeddedAws, ec2: Any) -> None:
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    vpc = ec2.create_vpc(
        CidrBlock="10.0.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": tags}]
    )["Vpc"]["VpcId"]
    (event,) = events_of(aws, vpc)
    assert event["detail"]["tags"] == {"a": "1", "b": "2"}
    ec2.delete_vpc(VpcId=vpc)


def test_the_tagging_api_is_heard_too(aws: EmbeddedAws, vpc: str) -> None:
    arn = f"arn:aws:ec2:{REGION}:123456789012:vpc/{vpc}"
    tagging = _client(aws, "resourcegroupstaggingapi")
    tagging.tag_resources(ResourceARNList=[arn], Tags={"a": "1"})
    tagging.untag_resources(ResourceARNList=[arn], TagKeys=["a"])
    assert [event["detail"]["tags"] for event in events_of(aws, vpc)] == [{"a": "1"}, {}]


def test_installing_twice_emits_once(aws: EmbeddedAws, ec2: Any, vpc: str) -> None:
    tag_events.install(aws)
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "b", "Value": "1"}])
    assert len(events_of(aws, vpc)) == 1


STOCK = """
import boto3, json
from moto import mock_aws
with mock_aws():
    events, sqs, ec2 = (boto3.client(s, region_name="us-east-2") for s in ("events", "sqs", "ec2"))
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    events.put_rule(Name="r", EventPattern='{"source": ["aws.tag"]}')
    arn = "arn:aws:sqs:us-east-2:123456789012:q"
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": arn}])
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "a", "Value": "b"}])
    print(len(sqs.receive_message(QueueUrl=url).get("Messages", [])))
"""


def test_stock_moto_still_has_the_gap() -> None:
    run = subprocess.run([sys.executable, "-c", STOCK], capture_output=True, text=True, check=False)
    assert run.stdout.strip() == "0", f"moto heals this now: remove local/tag_events {run.stderr}"
