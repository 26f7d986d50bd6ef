"""The DNS hosts on-premises acknowledge: the status says so within seconds, a teardown goes on as
soon as all have stopped forwarding, and what a host may do is what it needs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.story.app import DETAIL, STATUS, WISH, App, until
from tests.story.conftest import DRAIN_SECONDS

SOON = 60
"""AWS seconds in which an event is long delivered, and what it started has begun."""
LONG_BEFORE_A_SWEEP = 900
"""AWS seconds. It takes some ten; the rest is for this machine, on which one lasts 20 ms."""


@pytest.fixture
def vpc_id(app: App) -> Iterator[str]:
    """A connected VPC, which is torn down whatever becomes of the story."""
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="enabled")
    app.next_success(vpc_id)
    yield vpc_id
    if WISH in app.tags(vpc_id):
        app.untag(vpc_id)
        app.next_end(vpc_id)


def is_running(app: App, execution: str) -> bool:
    described = app.client("stepfunctions").describe_execution(executionArn=execution)
    return bool(described["status"] == "RUNNING")


def why(app: App, execution: str) -> str:
    described = app.client("stepfunctions").describe_execution(executionArn=execution)
    return str(json.loads(described["input"])["because"])


def gone(app: App, vpc_id: str) -> None:
    assert app.remnants(vpc_id) == {}
    assert app.tags(vpc_id)[STATUS] == "removed"


def test_a_host_that_acknowledges_stands_in_the_status_within_seconds(
    app: App, vpc_id: str
) -> None:
    before, since = app.aws.clock.now(), app.aws.journal.mark()
    app.acknowledge(vpc_id, "dns1")
    looked = app.next_success(vpc_id)
    assert looked.made_nothing
    assert app.aws.clock.now() - before < LONG_BEFORE_A_SWEEP
    assert why(app, looked.arn) == "acknowledgement"
    assert app.tags(vpc_id)[DETAIL].endswith("generation 1 confirmed by dns1 bind")
    assert looked.output["detail"].endswith("generation 1; confirmed by dns1 (bind)")
    assert [call.name for call in app.calls(since) if call.name == "sns:Publish"] == []

    app.sweep_leaves_alone(vpc_id)


def test_a_host_that_failed_is_told_once_and_who_has_not_heard_of_a_change_is_named(
    app: App, vpc_id: str
) -> None:
    app.acknowledge(vpc_id, "dns1")
    app.next_success(vpc_id)
    app.acknowledge(vpc_id, "dns2", result="failed", detail="port 53 is taken")
    app.next_success(vpc_id)
    assert "dns2 failed: port 53 is taken" in app.tags(vpc_id)[DETAIL]
    said = f"{vpc_id}: dns2 failed"
    until(lambda: [mail.message for mail in app.mails(vpc_id)] == [said])
    app.sweep_leaves_alone(vpc_id)
    assert len(app.mails(vpc_id)) == 1

    app.tag(vpc_id, services="logs")
    app.next_success(vpc_id)
    assert app.tags(vpc_id)[DETAIL].endswith("generation 2 not yet confirmed by dns1 dns2")


def test_a_teardown_goes_on_as_soon_as_every_host_has_confirmed(app: App, vpc_id: str) -> None:
    """An hour is what it would wait, and what this test could not."""
    app.acknowledge(vpc_id, "dns1")
    app.next_success(vpc_id)
    app.acknowledge(vpc_id, "dns2", result="failed")
    app.next_success(vpc_id)
    with app.drain_seconds(3600):
        app.untag(vpc_id)
        execution = app.reaches(vpc_id, "Await acknowledgements")
        app.acknowledge(vpc_id, "dns1")
        app.aws.clock.sleep(4 * DRAIN_SECONDS)
        assert is_running(app, execution), "it waits for dns2"
        before = app.aws.clock.now()
        app.acknowledge(vpc_id, "dns2")
        ended = app.next_success(vpc_id)
    assert "Drain" not in ended.states
    assert app.aws.clock.now() - before < 1800
    assert "has not confirmed" not in app.tags(vpc_id)[DETAIL]
    gone(app, vpc_id)


def test_a_host_that_never_confirms_delays_to_the_drain_time_and_is_named(
    app: App, vpc_id: str
) -> None:
    for host in ("dns1", "dns2"):
        app.acknowledge(vpc_id, host)
        app.next_success(vpc_id)
    app.untag(vpc_id)
    app.reaches(vpc_id, "Await acknowledgements")
    app.acknowledge(vpc_id, "dns1")
    ended = app.next_success(vpc_id)
    said = (
        "dns2 has not confirmed that it stopped forwarding: "
        "run `ecs-anywhere-dns rollback --to-none` there"
    )
    assert said in json.dumps(ended.output)
    assert "dns2 has not confirmed that it stopped forwarding" in app.tags(vpc_id)[DETAIL]
    assert "dns1" not in app.tags(vpc_id)[DETAIL]
    assert [mail.message for mail in app.mails(vpc_id)] == [f"{vpc_id}: {said}"]
    gone(app, vpc_id)


def test_a_tag_put_back_while_hosts_are_awaited_leaves_everything_as_it_was(
    app: App, vpc_id: str
) -> None:
    app.acknowledge(vpc_id, "dns1")
    app.next_success(vpc_id)
    made = app.endpoints(vpc_id).keys()
    with app.drain_seconds(3600):
        app.untag(vpc_id)
        app.reaches(vpc_id, "Await acknowledgements")
        app.tag(vpc_id, wish="enabled")
        again = app.next_success(vpc_id)
    assert "Remove" not in again.states
    assert app.endpoints(vpc_id).keys() == made
    assert app.tags(vpc_id)[DETAIL].endswith("generation 3 not yet confirmed by dns1")


def test_our_own_removal_of_acknowledgements_knocks_nobody(app: App, vpc_id: str) -> None:
    app.acknowledge(vpc_id, "dns1")
    app.next_success(vpc_id)
    app.untag(vpc_id)
    app.next_success(vpc_id)
    knocks = app.ledger(vpc_id)["knocks"]
    app.aws.clock.sleep(SOON)
    assert app.ledger(vpc_id)["knocks"] == knocks == {"N": "3"}, "tag, acknowledgement, tag"
    gone(app, vpc_id)


@pytest.fixture(scope="module")
def host(app: App) -> Iterator[Any]:
    """Parameter Store as a DNS host sees it, whose role has our policy and no other."""
    iam, name = app.client("iam"), "dns-host"
    policy = app.aws.outputs["OnPremDnsHostPolicyArn"]
    trust = {"Version": "2012-10-17", "Statement": []}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    credentials = app.aws.principals.credentials_for(role["Arn"], "dns1")
    yield boto3.client(
        "ssm",
        endpoint_url=app.aws.url,
        region_name=app.aws.settings.region,
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key,
        aws_session_token=credentials.session_token,
    )
    iam.detach_role_policy(RoleName=name, PolicyArn=policy)
    iam.delete_role(RoleName=name)


TREE = "/ecs-anywhere/private-connectivity/vpc-0a1b2c3d"
MINE = f"{TREE}/acknowledgements/dns1"


def test_a_dns_host_reads_the_document_and_writes_its_acknowledgement(app: App, host: Any) -> None:
    admin = app.client("ssm")
    admin.put_parameter(Name=f"{TREE}/forwarding", Value="{}", Type="String")
    assert host.get_parameter(Name=f"{TREE}/forwarding")["Parameter"]["Value"] == "{}"
    for _ in range(2):
        host.put_parameter(Name=MINE, Value="{}", Type="String", Overwrite=True)
    admin.delete_parameters(Names=[f"{TREE}/forwarding", MINE])


DENIED: dict[str, tuple[str, dict[str, Any]]] = {
    "write the document": ("put_parameter", {"Name": f"{TREE}/forwarding", "Value": "{}"}),
    "write the list": ("put_parameter", {"Name": f"{TREE}/resolver-ips", "Value": "10.0.0.1"}),
    "write elsewhere": ("put_parameter", {"Name": "/elsewhere", "Value": "1"}),
    "read the list": ("get_parameter", {"Name": f"{TREE}/resolver-ips"}),
    "read acknowledgements": ("get_parameter", {"Name": MINE}),
    "read elsewhere": ("get_parameter", {"Name": "/elsewhere/forwarding"}),
    "read a whole path": ("get_parameters_by_path", {"Path": TREE, "Recursive": True}),
    "read several": ("get_parameters", {"Names": [f"{TREE}/forwarding"]}),
    "delete its acknowledgement": ("delete_parameter", {"Name": MINE}),
    "delete the document": ("delete_parameters", {"Names": [f"{TREE}/forwarding"]}),
    "list": ("describe_parameters", {}),
}


@pytest.mark.parametrize("attempt", DENIED)
def test_iam_denies_a_dns_host_everything_else(host: Any, attempt: str) -> None:
    operation, arguments = DENIED[attempt]
    with pytest.raises(ClientError) as refusal:
        getattr(host, operation)(**arguments)
    assert refusal.value.response["Error"]["Code"] == "AccessDeniedException"
