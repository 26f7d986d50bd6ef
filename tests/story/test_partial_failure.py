"""What could not be made or removed is named on the VPC, in the mail and in the execution's error,
with the cure; and once it is put right the next sweep goes on from there."""

from __future__ import annotations

import json
from ast import literal_eval
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from local.unkind.endings import FOREVER, Ending, Spoil
from tests.story.app import DETAIL, STATUS, App, Ended, until

KEPT_WAITING = 240
"""Real seconds: some of these failures are the end of the workflow's whole patience."""


@dataclass(frozen=True)
class Trouble:
    """Something goes wrong while a VPC is being connected."""

    begin: Callable[[App, str], Callable[[], Any]]
    """How it comes; the answer puts it right, as the message tells a person to."""
    error: str
    names: tuple[str, ...]
    """What the message has to say, besides the VPC's id."""
    stays_on: bool = False
    """Private DNS is verified, and stays on."""
    rests: bool = False
    """Private DNS was on for a moment: sweeps let it rest for hours, and whoever mends it asks."""


def spoilt(ending: Ending, what: str = "{vpc}") -> Callable[[App, str], Callable[[], Any]]:
    def begin(app: App, vpc_id: str) -> Callable[[], Any]:
        app.aws.weather.spoil(Spoil(ending, what.format(vpc=f"ecs-anywhere-{vpc_id}")))
        return partial(_delete_what_failed, app, vpc_id)

    return begin


def _delete_what_failed(app: App, vpc_id: str) -> None:
    for endpoint in app.endpoints(vpc_id).values():
        if endpoint["State"] in {"failed", "partial"}:
            app.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
    resolver = app.client("route53resolver")
    for found in resolver.list_resolver_endpoints()["ResolverEndpoints"]:
        if found["HostVPCId"] == vpc_id and found["Status"] != "OPERATIONAL":
            resolver.delete_resolver_endpoint(ResolverEndpointId=found["Id"])
    until(lambda: not _failed(app, vpc_id))


def _failed(app: App, vpc_id: str) -> list[Any]:
    states = [e for e in app.endpoints(vpc_id).values() if e["State"] in {"failed", "partial"}]
    found = app.client("route53resolver").list_resolver_endpoints()["ResolverEndpoints"]
    return [
        *states,
        *(r for r in found if r["HostVPCId"] == vpc_id and r["Status"] != "OPERATIONAL"),
    ]


def without(function: str, action: str) -> Callable[[App, str], Callable[[], Any]]:
    """Somebody took an action away from a role."""

    def begin(app: App, vpc_id: str) -> Callable[[], Any]:
        role = next(arn for arn, name in app.roles().items() if name == function)
        name, iam = role.rpartition("/")[2], app.client("iam")
        kept: dict[str, Any] = {}
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            # moto keeps what AWS CloudFormation gave it as Python writes it.
            kept[policy] = literal_eval(document) if isinstance(document, str) else document
        put = partial(_put, iam, name)
        put({policy: _less(document, action) for policy, document in kept.items()})
        return partial(put, kept)

    return begin


def _put(iam: Any, role: str, policies: Mapping[str, Any]) -> None:
    for name, document in policies.items():
        text = json.dumps(document)
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=text)


def _less(document: Any, action: str) -> Any:
    def left(actions: Any) -> list[str]:
        listed = [actions] if isinstance(actions, str) else actions
        return [each for each in listed if each != action] or ["none:Left"]

    statements = [{**s, "Action": left(s["Action"])} for s in document["Statement"]]
    return {**document, "Statement": statements}


TROUBLES = {
    "an interface endpoint fails": Trouble(
        spoilt(Ending.FAILED, "ssm"),
        "EndpointFailed",
        ("vpce-", "ssm", "could not be created", "delete what failed", "the next sweep"),
    ),
    "an address of the resolver cannot be made": Trouble(
        spoilt(Ending.FAILED_CREATION),
        "",
        ("rslvr-in-", "a later sweep"),
        rests=True,
    ),
    "a role lacks a permission for creating": Trouble(
        without("EnsureEndpointsFunction", "ec2:CreateVpcEndpoint"),
        "",
        ("CreateVpcEndpoint", "not authorized"),
    ),
    "a role lacks a permission after the endpoints are there": Trouble(
        without("TurnOnPrivateDnsFunction", "ec2:ModifyVpcEndpoint"),
        "",
        ("ModifyVpcEndpoint", "not authorized"),
    ),
    "a role lacks the permission to publish": Trouble(
        without("PublishFunction", "ssm:PutParameter"),
        "",
        ("PutParameter", "not authorized"),
        stays_on=True,
    ),
}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_what_could_not_be_made_is_named_and_made_by_the_next_run(
    app: App, trouble: Trouble
) -> None:
    vpc_id = app.vpc()
    mend = trouble.begin(app, vpc_id)
    app.tag(vpc_id, wish="enabled", services="logs")
    failed = app.next_end(vpc_id, timeout=KEPT_WAITING)
    assert_named(app, vpc_id, failed, trouble)
    assert app.parameters(vpc_id) == {}, "nothing is published that is not whole"
    private = {e.get("PrivateDnsEnabled", False) for e in app.endpoints(vpc_id).values()}
    assert private <= {trouble.stays_on}, "only what was verified has changed answers for good"
    mend()
    if trouble.rests:
        app.request("Enable", {"vpc-id": vpc_id})
    else:
        app.sweep()
    app.next_success(vpc_id)
    assert app.tags(vpc_id)[STATUS] == "connected"
    assert len(app.endpoints(vpc_id)) == 7, "what was there was gone on with"
    app.untag(vpc_id)
    app.next_success(vpc_id)
    assert app.remnants(vpc_id) == {}


def assert_named(app: App, vpc_id: str, failed: Ended, trouble: Trouble) -> None:
    assert failed.status == "FAILED"
    if trouble.error:
        assert failed.error == trouble.error
    mail = app.mails(vpc_id)[-1].message
    for part in trouble.names:
        assert part in failed.cause
        assert part in mail
    tags = app.tags(vpc_id)
    assert tags[STATUS] == "failed"
    assert trouble.names[0] in tags[DETAIL]
    assert mail.startswith(vpc_id)


def test_a_resolver_that_needs_action_at_first_and_then_none_is_waited_for(app: App) -> None:
    """terraform-provider-aws #46782: ACTION_NEEDED can pass."""
    vpc_id = app.vpc()
    spoil = app.aws.weather.spoil(Spoil(Ending.NEEDS_ACTION_AT_FIRST, f"ecs-anywhere-{vpc_id}"))
    app.tag(vpc_id, wish="enabled")
    app.next_success(vpc_id)
    assert spoil.struck == 1
    app.untag(vpc_id)
    app.next_success(vpc_id)


def test_what_aws_does_not_delete_is_named_and_removed_by_the_next_sweep(app: App) -> None:
    """DeleteVpcEndpoints answers 200, and a list of what it did not do."""
    vpc_id = connected(app)
    spoil = app.aws.weather.spoil(Spoil(Ending.UNDELETABLE, "ssm", FOREVER))
    kept = app.endpoints(vpc_id)["ssm Interface"]["VpcEndpointId"]
    app.untag(vpc_id)
    failed = app.next_end(vpc_id)
    assert (failed.status, failed.error) == ("FAILED", "NotRemoved")
    names = (kept, "Operation is not allowed", "the next sweep goes on from here")
    assert_named(app, vpc_id, failed, Trouble(lambda *_: lambda: None, "NotRemoved", names))
    assert list(app.endpoints(vpc_id)) == ["ssm Interface"], "everything else is on its way"
    spoil.times = 0
    app.sweep()
    app.next_success(vpc_id)
    assert app.remnants(vpc_id) == {}


def test_a_security_group_that_somebody_else_uses_is_named_and_removed_when_it_is_free(
    app: App,
) -> None:
    vpc_id = connected(app)
    with borrowed(app, vpc_id) as (group, interface):
        app.untag(vpc_id)
        failed = app.next_end(vpc_id, timeout=KEPT_WAITING)
        names = (
            group,
            f"{group} is still held by network interfaces: {interface} (interface",
            '"theirs https:__evil.example_x")',
            f"modify-network-interface-attribute --network-interface-id {interface}",
            "sweep",
        )
        assert_named(app, vpc_id, failed, Trouble(lambda *_: lambda: None, "NotReadyYet", names))
        left = app.remnants(vpc_id)
        assert set(left) == {"security groups", "network interfaces"}
    app.sweep()
    app.next_success(vpc_id)
    assert app.remnants(vpc_id) == {}


@contextmanager
def borrowed(app: App, vpc_id: str) -> Iterator[tuple[str, str]]:
    """Somebody attached our security group to a network interface of theirs: yield the ids of
    both."""
    ec2 = app.client("ec2")
    group = app.group(vpc_id, "endpoints")
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["Subnets"]
    theirs = ec2.create_network_interface(
        SubnetId=subnets[0]["SubnetId"],
        Groups=[group["GroupId"]],
        Description="theirs https://evil.example/x",
    )["NetworkInterface"]["NetworkInterfaceId"]
    try:
        yield group["GroupId"], theirs
    finally:
        ec2.delete_network_interface(NetworkInterfaceId=theirs)


def connected(app: App) -> str:
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="enabled")
    app.next_success(vpc_id)
    return vpc_id
