"""Situations that people met elsewhere and reported in public, on the deployed app."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from local.example_vpc import ONPREM_CIDR, route_to_onprem
from tests.story.app import DETAIL, STATUS, WISH, App, until
from tests.story.landing_zone import joined

REGION = "us-east-2"


@pytest.fixture(scope="module")
def vpc_id(app: App) -> Iterator[str]:
    """One connected VPC, with S3 beside the six services."""
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="enabled", services="s3")
    app.next_success(vpc_id)
    yield vpc_id
    app.untag(vpc_id)
    app.next_success(vpc_id)
    assert app.remnants(vpc_id) == {}


def after_a_sweep(app: App, vpc_id: str) -> str:
    """The detail of the status that the next sweep ends with."""
    app.seen |= app.executions()
    app.sweep()
    return str(app.next_success(vpc_id).output["detail"])


def documented(app: App, vpc_id: str) -> dict[str, Any]:
    return dict(json.loads(app.parameters(vpc_id)["forwarding"]))


def addresses(app: App, interfaces: list[str]) -> list[str]:
    found = app.client("ec2").describe_network_interfaces(NetworkInterfaceIds=interfaces)
    return sorted(item["PrivateIpAddress"] for item in found["NetworkInterfaces"])


def test_an_endpoint_gets_its_security_group_and_its_subnet_back(app: App, vpc_id: str) -> None:
    ec2, before = app.client("ec2"), app.endpoints(vpc_id)["ssm Interface"]
    ours = [group["GroupId"] for group in before["Groups"]]
    default = [
        {"Name": "vpc-id", "Values": [vpc_id]},
        {"Name": "group-name", "Values": ["default"]},
    ]
    [theirs] = ec2.describe_security_groups(Filters=default)["SecurityGroups"]
    ec2.modify_vpc_endpoint(
        VpcEndpointId=before["VpcEndpointId"],
        AddSecurityGroupIds=[theirs["GroupId"]],
        RemoveSecurityGroupIds=ours,
        RemoveSubnetIds=before["SubnetIds"][:1],
    )
    assert "(ssm) had lost our security group" in after_a_sweep(app, vpc_id)
    now = app.endpoints(vpc_id)["ssm Interface"]
    assert {group["GroupId"] for group in now["Groups"]} == {*ours, theirs["GroupId"]}
    assert sorted(now["SubnetIds"]) == sorted(before["SubnetIds"])
    published = documented(app, vpc_id)["names"][f"ssm.{REGION}.amazonaws.com"]
    assert published == addresses(app, now["NetworkInterfaceIds"])
    assert "repaired" not in after_a_sweep(app, vpc_id)


def test_s3_is_kept_to_the_inbound_resolver(app: App, vpc_id: str) -> None:
    there = app.endpoints(vpc_id)["s3 Interface"]
    app.client("ec2").modify_vpc_endpoint(
        VpcEndpointId=there["VpcEndpointId"],
        DnsOptions={"PrivateDnsOnlyForInboundResolverEndpoint": False},
    )
    assert "kept to the inbound resolver again" in after_a_sweep(app, vpc_id)
    options = app.endpoints(vpc_id)["s3 Interface"]["DnsOptions"]
    assert options["PrivateDnsOnlyForInboundResolverEndpoint"] is True


def test_another_address_of_our_resolver_is_published_and_the_lost_one_mailed(
    app: App, vpc_id: str
) -> None:
    client = app.client("route53resolver")
    [ours] = [
        r for r in client.list_resolver_endpoints()["ResolverEndpoints"] if r["HostVPCId"] == vpc_id
    ]

    def there() -> list[dict[str, str]]:
        found = client.list_resolver_endpoint_ip_addresses(ResolverEndpointId=ours["Id"])
        return sorted(found["IpAddresses"], key=lambda item: str(item["Ip"]))

    def is_operational() -> bool:
        status = client.get_resolver_endpoint(ResolverEndpointId=ours["Id"])["ResolverEndpoint"]
        return bool(status["Status"] == "OPERATIONAL")

    old, *_ = there()
    client.associate_resolver_endpoint_ip_address(
        ResolverEndpointId=ours["Id"], IpAddress={"SubnetId": old["SubnetId"]}
    )
    until(lambda: len(there()) == 3 and is_operational())
    client.disassociate_resolver_endpoint_ip_address(
        ResolverEndpointId=ours["Id"],
        IpAddress={"IpId": old["IpId"], "SubnetId": old["SubnetId"]},
    )
    until(lambda: len(there()) == 2 and is_operational())
    told, generation = len(app.mails(vpc_id)), documented(app, vpc_id)["generation"]
    assert f"{old['Ip']} was an address of the inbound resolver" in after_a_sweep(app, vpc_id)
    assert documented(app, vpc_id)["generation"] == generation + 1
    assert documented(app, vpc_id)["resolverIps"] == sorted(item["Ip"] for item in there())
    assert [mail for mail in app.mails(vpc_id)[told:] if old["Ip"] in mail.message]
    assert "repaired" not in after_a_sweep(app, vpc_id)
    assert f"{old['Ip']} was an address" in app.tags(vpc_id)[DETAIL], "it stays in the status"


def networks(first: int) -> str:
    return " ".join(f"10.{number}.0.0/16" for number in range(first, first + 20))


def test_twenty_networks_change_to_twenty_others(app: App) -> None:
    """Old and new rules together are more than a security group holds. By the stack's parameter: a
    tag has no room for them."""
    vpc_id, which = app.vpc(), {"ReadVpcFunction", "SweepFunction"}
    joined(app, vpc_id)
    with app.deployed_with(which, DEFAULT_ONPREM_CIDRS=networks(100)):
        app.tag(vpc_id, wish="enabled")
        app.next_success(vpc_id)
    with app.deployed_with(which, DEFAULT_ONPREM_CIDRS=networks(140)):
        app.sweep()
        changed = app.next_success(vpc_id)
        assert any("first, because old and new rules" in s for s in changed.output["steps"])
        admitted = {cidr for _, _, cidr in app.ingress(vpc_id, "resolver")}
        assert admitted == set(networks(140).split())
        app.untag(vpc_id)
        app.next_success(vpc_id)


@contextmanager
def denied(app: App, function: str, action: str) -> Iterator[None]:
    """An explicit deny on the function's role."""
    iam = app.client("iam")
    role = next(arn for arn, name in app.roles().items() if name == function).rpartition("/")[2]
    statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=role, PolicyName="denied", PolicyDocument=policy)
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="denied")


@pytest.mark.parametrize(
    ("function", "action", "stands"),
    [
        (
            "EnsureResolverFunction",
            "ec2:CreateNetworkInterface",
            "6 interface endpoints stand and cost about 88 USD a month until the tag is removed",
        ),
        (
            "EnsureEndpointsFunction",
            "ec2:CreateVpcEndpoint",
            "an inbound resolver stands and cost about 182 USD a month until the tag is removed",
        ),
    ],
)
def test_what_a_refusal_leaves_and_who_can_mend_it_stand_in_the_tag(
    app: App, function: str, action: str, stands: str
) -> None:
    vpc_id = app.vpc()
    with denied(app, function, action):
        app.tag(vpc_id, wish="enabled")
        failed = app.next_end(vpc_id)
    assert failed.status == "FAILED"
    detail = app.tags(vpc_id)[DETAIL]
    assert app.tags(vpc_id)[STATUS] == "failed"
    assert f"AWS denies {action} to {function}" in detail
    assert detail.startswith(stands.split(" stand")[0])
    assert [mail for mail in app.mails(vpc_id) if "a month" in mail.message]
    app.untag(vpc_id)
    app.next_success(vpc_id)
    assert app.remnants(vpc_id) == {}


def tagged_at_its_creation(app: App) -> str:
    """Return the id of a VPC that is made with its tag, and is looked at already."""
    tags = [{"Key": WISH, "Value": "enabled"}]
    made = app.client("ec2").create_vpc(
        CidrBlock="10.0.0.0/16",
        TagSpecifications=[{"ResourceType": "vpc", "Tags": tags}],
    )["Vpc"]["VpcId"]
    app.reaches(made, "Read the VPC")
    app.seen -= {arn for arn in app.seen if made in arn}
    return str(made)


def two_subnets(app: App, vpc_id: str, first: int) -> set[str]:
    """Make subnets from the `first` /24 of the VPC on, one in each of two zones."""
    return {
        app.client("ec2").create_subnet(
            VpcId=vpc_id, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}"
        )["Subnet"]["SubnetId"]
        for number, zone in enumerate("ab", first)
    }


def test_a_vpc_that_is_tagged_at_its_creation_is_connected_without_a_failure(app: App) -> None:
    ec2 = app.client("ec2")
    made = tagged_at_its_creation(app)
    app.aws.clock.sleep(20)
    ec2.modify_vpc_attribute(VpcId=made, EnableDnsHostnames={"Value": True})
    two_subnets(app, made, 0)
    route_to_onprem(ec2, made)
    app.next_success(made)
    assert app.tags(made)[STATUS] == "connected"
    assert app.mails(made) == []
    app.untag(made)
    app.next_success(made)


def test_a_vpc_whose_private_subnets_and_routes_come_last_is_connected_in_these(app: App) -> None:
    ec2 = app.client("ec2")
    made = tagged_at_its_creation(app)
    ec2.modify_vpc_attribute(VpcId=made, EnableDnsHostnames={"Value": True})
    two_subnets(app, made, 0)
    app.aws.clock.sleep(60)
    assert app.remnants(made) == {}, "nothing is made where no answer finds its way back"
    private = two_subnets(app, made, 10)
    table = ec2.create_route_table(VpcId=made)["RouteTable"]["RouteTableId"]
    for subnet in private:
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    route_to_onprem(ec2, made, table)
    connected = app.next_success(made)
    assert "no route" not in connected.output["detail"]
    endpoints = app.endpoints(made).values()
    assert {subnet for each in endpoints for subnet in each["SubnetIds"]} == private
    networks_of = [ip.rpartition(".")[0] for ip in documented(app, made)["resolverIps"]]
    assert networks_of == ["10.0.10", "10.0.11"]
    app.untag(made)
    app.next_success(made)


def test_subnets_that_were_recreated_keep_the_promised_addresses(app: App) -> None:
    ec2, vpc_id = app.client("ec2"), app.vpc()
    app.tag(vpc_id, wish="enabled", onprem_cidrs=ONPREM_CIDR)
    app.next_success(vpc_id)
    promised = documented(app, vpc_id)["resolverIps"]
    app.untag(vpc_id)
    app.next_success(vpc_id)
    in_vpc = [{"Name": "vpc-id", "Values": [vpc_id]}]
    until(lambda: not ec2.describe_network_interfaces(Filters=in_vpc)["NetworkInterfaces"])
    for subnet in ec2.describe_subnets(Filters=in_vpc)["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
        ec2.create_subnet(
            VpcId=vpc_id,
            CidrBlock=subnet["CidrBlock"],
            AvailabilityZone=subnet["AvailabilityZone"],
        )
    app.tag(vpc_id, wish="enabled")
    app.next_success(vpc_id)
    assert documented(app, vpc_id)["resolverIps"] == promised
    app.untag(vpc_id)
    app.next_success(vpc_id)


def test_addresses_that_were_chosen_for_a_firewall_ticket_are_planned_and_then_had(
    app: App,
) -> None:
    vpc_id = app.vpc()
    in_vpc = [{"Name": "vpc-id", "Values": [vpc_id]}]
    subnets = app.client("ec2").describe_subnets(Filters=in_vpc)["Subnets"]
    networks = [subnet["CidrBlock"].rpartition(".")[0] for subnet in subnets]
    chosen = sorted(f"{network}.199" for network in networks)
    app.tag(vpc_id, wish="plan", resolver_ips=f"{chosen[0]} {networks[1]}.255")
    refused = app.next_end(vpc_id)
    assert f"{networks[1]}.255 is kept by AWS" in refused.cause

    app.tag(vpc_id, resolver_ips=" ".join(chosen))
    planned = app.next_success(vpc_id)
    assert f"to {' '.join(chosen)}: 53/udp and 53/tcp" in planned.output["firewall"][0]
    assert planned.output["warnings"] == []
    assert planned.made_nothing

    app.tag(vpc_id, wish="enabled")
    app.next_success(vpc_id)
    assert sorted(documented(app, vpc_id)["resolverIps"]) == chosen
    app.untag(vpc_id)
    app.next_success(vpc_id)
