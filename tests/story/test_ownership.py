"""Whoever may make and tag things makes none of them the app's, to use, to change or to delete."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from tests.story.app import STATUS, App
from tests.story.test_errors import assert_failed

REGION = "us-east-2"
OWNER = "ecs-anywhere:owner"
FORGED = ("ecs", "ecs-agent", "ecs-telemetry", "logs", "ssm", "ssmmessages")
PARTNER = f"com.amazonaws.vpce.{REGION}.vpce-svc-0badc0de0badc0de0"


def our_tag(app: App) -> dict[str, str]:
    return {"Key": OWNER, "Value": app.aws.settings.stack_name}


class Victims:
    """Somebody's interface endpoints without private DNS, as behind a central hosted zone."""

    def __init__(self, app: App, vpc_id: str) -> None:
        self.app, self.vpc_id = app, vpc_id
        ec2 = app.client("ec2")
        in_vpc = [{"Name": "vpc-id", "Values": [vpc_id]}]
        subnets = [each["SubnetId"] for each in ec2.describe_subnets(Filters=in_vpc)["Subnets"]]
        group = ec2.create_security_group(VpcId=vpc_id, GroupName="theirs", Description="-")
        self.group = group["GroupId"]
        self.ids = [
            ec2.create_vpc_endpoint(
                VpcEndpointType="Interface",
                VpcId=vpc_id,
                ServiceName=f"com.amazonaws.{REGION}.{service}",
                SubnetIds=subnets,
                SecurityGroupIds=[self.group],
                PrivateDnsEnabled=False,
            )["VpcEndpoint"]["VpcEndpointId"]
            for service in FORGED
        ]

    def forge(self, ids: list[str] | None = None) -> None:
        """An attacker's call, who may do nothing but ec2:CreateTags."""
        tags = [our_tag(self.app)]
        self.app.client("ec2").create_tags(Resources=ids or [*self.ids, self.group], Tags=tags)

    def all_about_them(self) -> list[Mapping[str, Any]]:
        ec2 = self.app.client("ec2")
        found = ec2.describe_vpc_endpoints(VpcEndpointIds=self.ids)["VpcEndpoints"]
        [group] = ec2.describe_security_groups(GroupIds=[self.group])["SecurityGroups"]
        return [*({**each, "State": "", "Tags": []} for each in found), {**group, "Tags": []}]

    def delete(self) -> None:
        self.app.client("ec2").delete_vpc_endpoints(VpcEndpointIds=self.ids)


@contextmanager
def victims_in(app: App, vpc_id: str) -> Iterator[Victims]:
    victims = Victims(app, vpc_id)
    yield victims
    victims.delete()


def _before(app: App, vpc_id: str, victims: Victims) -> None:
    victims.forge()
    app.tag(vpc_id, wish="enabled", services="logs")


def _at(state: str) -> Callable[[App, str, Victims], None]:
    def forge(app: App, vpc_id: str, victims: Victims) -> None:
        app.tag(vpc_id, wish="enabled", services="logs")
        seen = set(app.seen)
        app.reaches(vpc_id, state)
        app.seen = seen
        victims.forge()

    return forge


WHEN = {
    "before": _before,
    "while ours are made": _at("Ensure interface endpoints"),
    "while ours are verified": _at("Verify resolution"),
}


@pytest.mark.parametrize("when", WHEN)
def test_endpoints_with_a_forged_owner_tag_are_neither_used_nor_changed_nor_deleted(
    app: App, when: str
) -> None:
    vpc_id = app.vpc()
    with victims_in(app, vpc_id) as victims:
        before = victims.all_about_them()
        WHEN[when](app, vpc_id, victims)
        app.next_success(vpc_id)
        held = {value["S"] for value in app.ledger(vpc_id)["held"]["M"].values()}
        assert not held & {*victims.ids, victims.group}
        assert app.tags(vpc_id)[STATUS] == "connected"
        app.sweep()
        assert min(victims.ids) in app.next_success(vpc_id).output["detail"]
        app.untag(vpc_id)
        removed = app.next_success(vpc_id)
        assert "Remove" in removed.states
        assert victims.all_about_them() == before
        assert min(victims.ids) in removed.output["detail"]
        left = app.remnants(vpc_id)
        assert sorted(left["VPC endpoints"]) == sorted(victims.ids)
        assert "resolver endpoints" not in left


@pytest.mark.parametrize("tagged", [False, True], ids=["untagged", "with our tag"])
def test_a_squatted_group_name_neither_stops_a_connection_nor_becomes_ours(
    app: App, tagged: bool
) -> None:
    vpc_id, ec2 = app.vpc(), app.client("ec2")
    squatted = [
        ec2.create_security_group(
            VpcId=vpc_id,
            GroupName=f"ecs-anywhere-{vpc_id}-{purpose}",
            Description="of somebody else",
            TagSpecifications=[{"ResourceType": "security-group", "Tags": [our_tag(app)]}]
            if tagged
            else [],
        )["GroupId"]
        for purpose in ("endpoints", "resolver", "probe")
    ]
    before = ec2.describe_security_groups(GroupIds=squatted)["SecurityGroups"]
    app.tag(vpc_id, wish="enabled")
    app.next_success(vpc_id)
    groups = [g["GroupId"] for e in app.endpoints(vpc_id).values() for g in e["Groups"]]
    assert not {*groups} & {*squatted}
    app.untag(vpc_id)
    app.next_success(vpc_id)
    assert ec2.describe_security_groups(GroupIds=squatted)["SecurityGroups"] == before
    assert not app.remnants(vpc_id).keys() & {"VPC endpoints", "resolver endpoints"}


def test_a_vpc_that_another_stack_connects_is_refused_by_that_stack_s_name(app: App) -> None:
    vpc_id, ec2 = app.vpc(), app.client("ec2")
    group = ec2.create_security_group(
        VpcId=vpc_id,
        GroupName=f"ecs-anywhere-{vpc_id}-endpoints-0123456789",
        Description="of another stack",
        TagSpecifications=[
            {
                "ResourceType": "security-group",
                "Tags": [{"Key": OWNER, "Value": "private-connectivity-dev"}],
            }
        ],
    )["GroupId"]
    app.tag(vpc_id, wish="enabled")
    failed = app.next_end(vpc_id)
    assert_failed(failed, "PreconditionsNotMet", ("another stack", group))
    assert "private-connectivity-dev" in failed.cause
    app.untag(vpc_id)
    app.next_end(vpc_id)


def test_what_lost_its_owner_tag_is_named_with_the_cure_and_is_ours_again_with_it(
    app: App,
) -> None:
    vpc_id, ec2 = app.vpc(), app.client("ec2")
    app.tag(vpc_id, wish="enabled")
    app.next_success(vpc_id)
    endpoints = app.endpoints(vpc_id)
    lost = endpoints["ssm Interface"]["VpcEndpointId"]
    ec2.delete_tags(Resources=[lost], Tags=[{"Key": OWNER}])
    app.sweep()
    failed = app.next_end(vpc_id)
    assert_failed(failed, "PreconditionsNotMet", (lost, "create-tags --resources"))
    assert app.endpoints(vpc_id) == {
        name: ({**each, "Tags": app.endpoints(vpc_id)[name]["Tags"]})
        for name, each in endpoints.items()
    }
    ec2.create_tags(Resources=[lost], Tags=[our_tag(app)])
    app.sweep()
    app.next_success(vpc_id)
    assert app.tags(vpc_id)[STATUS] == "connected"
    app.untag(vpc_id)
    app.next_success(vpc_id)
    assert "VPC endpoints" not in app.remnants(vpc_id)


def test_a_service_of_somebody_else_is_left_out_by_name_and_nothing_of_it_is_made(
    app: App,
) -> None:
    vpc_id = app.vpc()
    app.aws.interface_endpoints.add_partner(
        {
            "ServiceName": PARTNER,
            "ServiceId": PARTNER.rpartition(".")[2],
            "AvailabilityZones": [f"{REGION}{letter}" for letter in "abc"],
            "PrivateDnsName": "sink.evil.example",
            "PrivateDnsNames": [{"PrivateDnsName": "sink.evil.example"}],
        }
    )
    app.request("Enable", {"vpc-id": vpc_id, "services": [PARTNER]})
    detail = app.next_success(vpc_id).output["detail"]
    said = f'left out: ecs-anywhere:services of {vpc_id} asks for "{PARTNER}", a service of 6666'
    assert said in detail
    assert "allow its owner in the stack's parameter AllowedServiceOwners" in detail
    assert any(said in mail.message for mail in app.mails(vpc_id))
    services = {endpoint["ServiceName"] for endpoint in app.endpoints(vpc_id).values()}
    assert PARTNER not in services
    assert "sink.evil.example" not in app.parameters(vpc_id)["forwarding"]
    app.request("Delete", {"vpc-id": vpc_id})
    app.next_success(vpc_id)
    app.aws.interface_endpoints.partners.clear()


def test_what_looks_like_ours_in_a_vpc_that_asks_for_nothing_is_mailed_once_and_stays(
    app: App,
) -> None:
    vpc_id = app.vpc()
    with victims_in(app, vpc_id) as victims:
        victims.forge()
        before, told = victims.all_about_them(), len(app.mails(vpc_id))
        for _ in range(3):
            app.sweep_leaves_alone(vpc_id)
        [mail] = (each.message for each in app.mails(vpc_id)[told:])
        assert min(victims.ids) in mail
        assert "USD a month" in mail
        assert victims.all_about_them() == before
