"""A sweep looks at the whole account with a few reads, and starts an execution only for a VPC that
needs one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Network

import pytest
from moto.ec2 import ec2_backends

from local.private_dns import answers_of
from tests.story.app import STATUS, App
from tests.story.clock import forget_when_it_was_verified, let_a_month_pass, swept_daily
from tests.story.test_verification import LOGS, PUBLIC, logs_stay_public, lying

CHANGES = (
    *("Authorize", "Create", "Delete", "Modify", "Publish", "Put", "Revoke", "Start", "Update"),
)


@pytest.fixture(scope="module")
def vpc_id(app: App) -> Iterator[str]:
    """A connected VPC, with CloudWatch Logs beside the six services."""
    app.seen |= app.executions()
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="enabled", services="logs")
    app.next_success(vpc_id)
    yield vpc_id
    app.untag(vpc_id)
    app.next_success(vpc_id)
    assert app.remnants(vpc_id) == {}


def test_of_a_connected_vpc_in_order_a_sweep_starts_and_writes_nothing(
    app: App, vpc_id: str
) -> None:
    before, since, known = app.ledger(vpc_id), app.aws.journal.mark(), app.executions()
    swept = app.sweep()
    assert (swept["knocked"], swept["left"]) == ({}, [])
    called = [call.name.partition(":")[2] for call in app.calls(since)]
    assert len(called) <= 10
    assert not [name for name in called if name.startswith(CHANGES)]
    assert app.ledger(vpc_id) == before
    assert app.executions() == known


def test_what_was_deleted_by_hand_is_found_and_made_anew(app: App, vpc_id: str) -> None:
    name = f"{app.aws.outputs['ParameterPath']}/{vpc_id}/forwarding"
    app.client("ssm").delete_parameter(Name=name)
    assert app.sweep()["knocked"] == {vpc_id: [f"parameter {name} is gone"]}
    repaired = app.next_success(vpc_id)
    assert "was edited or deleted: written again" in repaired.output["detail"]
    assert app.parameters(vpc_id).keys() == {"resolver-ips", "forwarding"}
    assert app.sweep()["knocked"] == {vpc_id: ["its status still tells what was repaired"]}
    assert app.next_success(vpc_id).made_nothing
    app.sweep_leaves_alone(vpc_id)


def give_ipv6(app: App, vpc_id: str) -> None:
    """Give the VPC and its subnets networks of IPv6 beside those of IPv4."""
    ec2, in_vpc = app.client("ec2"), [{"Name": "vpc-id", "Values": [vpc_id]}]
    ec2.associate_vpc_cidr_block(VpcId=vpc_id, AmazonProvidedIpv6CidrBlock=True)
    [vpc] = ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"]
    network = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]
    cidrs = IPv6Network(network).subnets(new_prefix=64)
    for subnet, cidr in zip(ec2.describe_subnets(Filters=in_vpc)["Subnets"], cidrs, strict=False):
        ec2.associate_subnet_cidr_block(SubnetId=subnet["SubnetId"], Ipv6CidrBlock=str(cidr))


def test_an_endpoint_whose_names_were_made_ipv6_alone_answers_over_ipv4_again(
    app: App, vpc_id: str
) -> None:
    ec2, in_vpc = app.client("ec2"), [{"Name": "vpc-id", "Values": [vpc_id]}]
    give_ipv6(app, vpc_id)
    [ssm] = [
        each["VpcEndpointId"]
        for each in ec2.describe_vpc_endpoints(Filters=in_vpc)["VpcEndpoints"]
        if each["ServiceName"].endswith(".ssm")
    ]
    six = {"DnsRecordIpType": "ipv6"}
    ec2.modify_vpc_endpoint(VpcEndpointId=ssm, IpAddressType="dualstack", DnsOptions=six)
    assert app.sweep()["knocked"] == {vpc_id: [f"records of {ssm} are of IPv6 alone"]}
    said = f"repaired: {ssm} (ssm) had lost IPv4 records: added again"
    assert said in app.next_success(vpc_id).output["detail"]
    [shown] = ec2.describe_vpc_endpoints(VpcEndpointIds=[ssm])["VpcEndpoints"]
    assert (shown["IpAddressType"], shown["DnsOptions"]) == (
        "dualstack",
        {"DnsRecordIpType": "ipv4"},
    )
    assert [*app.sweep()["knocked"]] == [vpc_id], "it still tells what was repaired"
    assert app.next_success(vpc_id).made_nothing
    app.sweep_leaves_alone(vpc_id)


def test_a_verification_on_the_clock_tells_a_wrong_answer_and_turns_nothing_off(
    app: App, vpc_id: str
) -> None:
    """A hosted zone of others, for example, of which no list of ours shows anything."""
    published = app.parameters(vpc_id)
    forget_when_it_was_verified(app, vpc_id)
    with lying(app, vpc_id, logs_stay_public):
        _tell_what_resolves(app, vpc_id)
        assert vpc_id in swept_daily(app)
        failed = app.next_end(vpc_id, timeout=240)
    _tell_what_resolves(app, vpc_id)
    assert failed.error == "NotResolvingYet"
    assert failed.cause.count(f"{LOGS} asked of ") == failed.cause.count(f"got {PUBLIC}") == 4
    assert app.tags(vpc_id)[STATUS] == "failed"
    assert app.mails(vpc_id)[-1].message == f"{vpc_id}: {failed.cause}"
    assert all(endpoint["PrivateDnsEnabled"] for endpoint in app.endpoints(vpc_id).values())
    assert app.parameters(vpc_id) == published

    app.sweep_leaves_alone(vpc_id)
    app.request("Enable", {"vpc-id": vpc_id})
    app.next_success(vpc_id)
    assert app.tags(vpc_id)[STATUS] == "connected"


def test_a_verification_on_the_clock_that_finds_all_well_says_so_and_publishes_nothing(
    app: App, vpc_id: str
) -> None:
    generation = json.loads(app.parameters(vpc_id)["forwarding"])["generation"]
    forget_when_it_was_verified(app, vpc_id)
    assert vpc_id in swept_daily(app)
    verified = app.next_success(vpc_id)
    assert "Verify resolution" in verified.states
    assert json.loads(app.parameters(vpc_id)["forwarding"])["generation"] == generation
    assert app.tags(vpc_id)[STATUS] == "connected"
    assert swept_daily(app) == {}


def test_a_connection_that_nobody_uses_is_named_once_with_its_price(app: App, vpc_id: str) -> None:
    told = len(app.mails(vpc_id))
    for _ in range(2):
        let_a_month_pass(app, vpc_id)
        assert vpc_id in swept_daily(app)
        idle = "nobody has used it for 14 days, and it costs about 285 USD a month"
        assert idle in app.next_success(vpc_id).output["detail"]
    (mail,) = app.mails(vpc_id)[told:]
    assert f"{vpc_id} is not used" in str(mail.subject)
    assert idle in mail.message
    assert all(endpoint["PrivateDnsEnabled"] for endpoint in app.endpoints(vpc_id).values())

    _let_a_container_host_ask(app, vpc_id)
    let_a_month_pass(app, vpc_id)
    assert vpc_id in swept_daily(app)
    assert "nobody has used it" not in app.next_success(vpc_id).output["detail"]


def _let_a_container_host_ask(app: App, vpc_id: str) -> None:
    """As Amazon CloudWatch counts it of Route 53 Resolver."""
    here = [{"Name": "HostVPCId", "Values": [vpc_id]}]
    listed = app.client("route53resolver").list_resolver_endpoints(Filters=here)
    (resolver,) = listed["ResolverEndpoints"]
    app.client("cloudwatch").put_metric_data(
        Namespace="AWS/Route53Resolver",
        MetricData=[
            {
                "MetricName": "InboundQueryVolume",
                "Dimensions": [{"Name": "EndpointId", "Value": resolver["Id"]}],
                "Timestamp": datetime.now(UTC) - timedelta(hours=1),
                "Value": 40_000,
            }
        ],
    )


def _tell_what_resolves(app: App, vpc_id: str) -> None:
    """Let the VPC's network answer anew; somebody may be lying."""
    settings = app.aws.settings
    vpc = ec2_backends[settings.account][settings.region].get_vpc(vpc_id)
    answers_of(app.aws).publish(vpc, again=True)
