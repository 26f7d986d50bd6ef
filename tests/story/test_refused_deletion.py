"""Somebody deletes a VPC or a subnet in which our things stand: AWS refuses, and it is noticed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError

from local.contracts import Notification
from tests.story.app import DETAIL, STATUS, WISH, App, until

ADMINISTRATOR = "arn:aws:iam::123456789012:user/administrator"


@contextmanager
def connected(app: App) -> Iterator[str]:
    """A VPC that is connected, and left as it was whatever happens."""
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="enabled")
    app.next_success(vpc_id)
    try:
        yield vpc_id
    finally:
        if WISH in app.tags(vpc_id):
            app.tag(vpc_id, wish="remove")
            app.next_success(vpc_id)


def subnets_of(app: App, vpc_id: str) -> list[str]:
    filters = [{"Name": "vpc-id", "Values": [vpc_id]}]
    found = app.client("ec2").describe_subnets(Filters=filters)["Subnets"]
    return [str(subnet["SubnetId"]) for subnet in found]


def delete(app: App, target: str) -> None:
    """As Terraform, the console, or AWS CloudFormation does. Amazon EC2 refuses."""
    ec2 = app.client("ec2")
    with pytest.raises(ClientError, match="DependencyViolation"):
        if target.startswith("vpc-"):
            ec2.delete_vpc(VpcId=target)
        else:
            ec2.delete_subnet(SubnetId=target)


def mails_about(app: App, target: str) -> list[Notification]:
    return [note for note in app.aws.outbox if f"asked to delete {target}" in note.message]


def test_a_refused_deletion_is_named_once_with_who_asked_what_is_in_the_way_and_the_cure(
    app: App,
) -> None:
    with connected(app) as vpc_id:
        subnet_id = subnets_of(app, vpc_id)[0]
        delete(app, subnet_id)
        assert app.next_success(vpc_id).made_nothing
        tags = app.tags(vpc_id)
        assert tags[STATUS] == "connected"
        assert (
            f"AWS was asked to delete {subnet_id} and refused - remove the tag {WISH}"
            in (tags[DETAIL])
        )
        (mail,) = mails_about(app, subnet_id)
        assert f"a deletion that {vpc_id} was in the way of" in str(mail.subject)
        assert f"asked for by {ADMINISTRATOR}" in mail.message
        endpoints = [e["VpcEndpointId"] for e in app.endpoints(vpc_id).values()]
        assert any(f"in its way: {id_}" in mail.message for id_ in endpoints)
        for target in (subnet_id, vpc_id, subnet_id):
            delete(app, target)
        app.until_quiet()
        app.sweep()
        app.until_quiet()
        assert len(mails_about(app, subnet_id)) == 1
        assert mails_about(app, vpc_id) == []
        assert len(app.endpoints(vpc_id)) == 6, "it serves on"


def test_what_asks_for_nothing_any_more_is_freed(app: App) -> None:
    """The event of the removed tag was lost, and nobody has swept since."""
    with connected(app) as vpc_id:
        rules = app.client("events")
        (name,) = (
            rule["Name"] for rule in rules.list_rules()["Rules"] if "TagChanged" in rule["Name"]
        )
        rules.disable_rule(Name=name)
        try:
            app.untag(vpc_id)
            app.until_quiet()
        finally:
            rules.enable_rule(Name=name)
        delete(app, subnets_of(app, vpc_id)[0])
        app.next_success(vpc_id)
        assert app.tags(vpc_id)[STATUS] == "removed"
        assert app.remnants(vpc_id) == {}
        app.client("ec2").delete_subnet(SubnetId=subnets_of(app, vpc_id)[0])


def test_where_the_stack_says_so_it_is_freed_unless_somebody_else_stands_there(app: App) -> None:
    with connected(app) as vpc_id, app.deployed_with({"RequestFunction"}, FREE_ON_DELETION="yes"):
        ec2, subnet_id = app.client("ec2"), subnets_of(app, vpc_id)[0]
        workload = ec2.create_network_interface(SubnetId=subnets_of(app, vpc_id)[1])
        delete(app, subnet_id)
        assert app.next_success(vpc_id).made_nothing, "the deletion would be refused all the same"
        why = "others have network interfaces in the VPC (1) and others reach it"
        assert f"not freed because {why}" in mails_about(app, subnet_id)[0].message

        ec2.delete_network_interface(
            NetworkInterfaceId=workload["NetworkInterface"]["NetworkInterfaceId"]
        )
        _take_the_vpn_gateway_off(app, vpc_id)
        delete(app, subnet_id)
        until(lambda: app.tags(vpc_id).get(STATUS) == "removed")
        assert WISH not in app.tags(vpc_id)
        assert app.remnants(vpc_id) == {}
        until(lambda: len(mails_about(app, subnet_id)) == 2)
        assert "FreeOnDeletion" in mails_about(app, subnet_id)[1].message
        ec2.delete_subnet(SubnetId=subnet_id)
        app.until_quiet()


def _take_the_vpn_gateway_off(app: App, vpc_id: str) -> None:
    """With its route: nobody on-premises reaches the VPC any more."""
    ec2 = app.client("ec2")
    attached = [{"Name": "attachment.vpc-id", "Values": [vpc_id]}]
    (gateway,) = ec2.describe_vpn_gateways(Filters=attached)["VpnGateways"]
    in_vpc = [{"Name": "vpc-id", "Values": [vpc_id]}]
    for table in ec2.describe_route_tables(Filters=in_vpc)["RouteTables"]:
        for route in table["Routes"]:
            if route.get("GatewayId") == gateway["VpnGatewayId"]:
                ec2.delete_route(
                    RouteTableId=table["RouteTableId"],
                    DestinationCidrBlock=route["DestinationCidrBlock"],
                )
    ec2.detach_vpn_gateway(VpcId=vpc_id, VpnGatewayId=gateway["VpnGatewayId"])


def test_a_refused_deletion_of_what_is_not_connected_starts_nothing(app: App) -> None:
    vpc_id = app.vpc()
    known = app.executions()
    delete(app, vpc_id)
    app.until_quiet()
    assert app.executions() == known
