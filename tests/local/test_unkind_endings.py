"""The unkind AWS: what ends badly although the call for it was accepted."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import EmbeddedAws
from local.settings import Unkindness
from local.unkind.endings import FOREVER, Ending, Spoil
from tests.local.unkind_world import Client, Vpc, client_of, code_and_status, started
from tests.local.vpc_world import RecordedNetworks, until


def make(ec2: Any, vpc: Vpc, service: str = "ecs") -> str:
    made = ec2.create_vpc_endpoint(**vpc.endpoint(service))["VpcEndpoint"]
    assert made["State"] == "pending"
    return str(made["VpcEndpointId"])


def described(ec2: Any, endpoint_id: str) -> dict[str, Any]:
    [found] = ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"]
    return dict(found)


def ended(ec2: Any, endpoint_id: str) -> dict[str, Any]:
    until(lambda: described(ec2, endpoint_id)["State"] != "pending")
    return described(ec2, endpoint_id)


@pytest.mark.parametrize("ending", [Ending.FAILED, Ending.PARTIAL])
def test_a_new_endpoint_fails_says_why_serves_nothing_and_can_be_deleted(
    aws: EmbeddedAws, client: Client, vpc: Vpc, ending: Ending
) -> None:
    """EC2's model: the states, LastError and FailureReason. The words are ours."""
    ec2 = client("ec2")
    spoil = aws.weather.spoil(Spoil(ending, "ssm"))
    good, bad = make(ec2, vpc, "ecs"), make(ec2, vpc, "ssm")
    failed = ended(ec2, bad)
    assert failed["State"] == ending.value
    assert failed["LastError"]["Code"] == "InternalError"
    assert failed["FailureReason"] == failed["LastError"]["Message"] != ""
    with pytest.raises(ClientError) as refused:
        ec2.modify_vpc_endpoint(VpcEndpointId=bad, PrivateDnsEnabled=False)
    assert code_and_status(refused) == ("IncorrectState", 400)
    well = ended(ec2, good)
    assert (well["State"], "LastError" in well) == ("available", False)
    assert isinstance(aws.networks, RecordedNetworks)
    assert len(aws.networks.now(vpc.id).tls) == len(vpc.subnets)
    assert spoil.struck == 1
    [happening] = aws.weather.happenings()
    assert (happening.action, happening.fault, happening.why) == (
        "ec2:CreateVpcEndpoint",
        ending,
        "aimed",
    )
    assert ec2.delete_vpc_endpoints(VpcEndpointIds=[bad])["Unsuccessful"] == []
    until(lambda: vpc.endpoints_in(ec2) == [good])
    assert ended(ec2, make(ec2, vpc, "ssm"))["State"] == "available", "once is once"


def test_it_ends_badly_for_ever_until_the_aims_are_forgotten(
    aws: EmbeddedAws, client: Client, vpc: Vpc
) -> None:
    ec2 = client("ec2")
    aws.weather.spoil(Spoil(Ending.FAILED, times=FOREVER))
    for service in ("ecs", "ssm", "logs"):
        assert ended(ec2, make(ec2, vpc, service))["State"] == "failed"
    aws.weather.forget_aims()
    assert ended(ec2, make(ec2, vpc, "sts"))["State"] == "available"


def test_an_endpoint_that_aws_does_not_delete_is_unsuccessful_in_a_200(
    aws: EmbeddedAws, client: Client, vpc: Vpc
) -> None:
    """What AWS says of endpoints that one of its services made for itself."""
    ec2 = client("ec2")
    kept, gone = make(ec2, vpc, "ecs"), make(ec2, vpc, "ssm")
    spoil = aws.weather.spoil(Spoil(Ending.UNDELETABLE, "ecs", times=2))
    for _ in range(2):
        answer = ec2.delete_vpc_endpoints(VpcEndpointIds=[kept, gone])
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
        [refusal] = answer["Unsuccessful"]
        assert (refusal["ResourceId"], refusal["Error"]["Code"]) == (kept, "InvalidParameter")
        assert "Operation is not allowed" in refusal["Error"]["Message"]
    assert described(ec2, kept)["State"] in ("pending", "available")
    assert spoil.struck == 2
    assert ec2.delete_vpc_endpoints(VpcEndpointIds=[kept])["Unsuccessful"] == []
    until(lambda: vpc.endpoints_in(ec2) == [])


def test_an_endpoint_that_is_being_modified_is_not_deleted_yet(
    aws: EmbeddedAws, client: Client, vpc: Vpc
) -> None:
    ec2 = client("ec2")
    made = make(ec2, vpc, "ecs")
    aws.weather.spoil(Spoil(Ending.BUSY, "ecs"))
    [refusal] = ec2.delete_vpc_endpoints(VpcEndpointIds=[made])["Unsuccessful"]
    assert refusal["Error"] == {
        "Code": "OperationInProgress",
        "Message": "VpcEndpoint modify operation in progress",
    }
    assert ec2.delete_vpc_endpoints(VpcEndpointIds=[made])["Unsuccessful"] == []
    until(lambda: vpc.endpoints_in(ec2) == [])


def statuses(aws: EmbeddedAws, resolver_id: str) -> tuple[str, list[str]]:
    """The endpoint's, and its addresses', sorted."""
    resolver = client_of(aws, "route53resolver")
    endpoint = resolver.get_resolver_endpoint(ResolverEndpointId=resolver_id)["ResolverEndpoint"]
    found = resolver.list_resolver_endpoint_ip_addresses(ResolverEndpointId=resolver_id)
    return endpoint["Status"], sorted(each["Status"] for each in found["IpAddresses"])


def make_resolver(aws: EmbeddedAws, vpc: Vpc) -> str:
    made = client_of(aws, "route53resolver").create_resolver_endpoint(**vpc.resolver("r-4"))
    return str(made["ResolverEndpoint"]["Id"])


def test_a_resolver_endpoint_needs_action_before_it_is_operational(
    aws: EmbeddedAws, vpc: Vpc
) -> None:
    """terraform-provider-aws #46782. It answers nobody before it is operational."""
    aws.weather.spoil(Spoil(Ending.NEEDS_ACTION_AT_FIRST))
    made = make_resolver(aws, vpc)
    until(lambda: statuses(aws, made)[0] == "ACTION_NEEDED")
    until(lambda: statuses(aws, made) == ("OPERATIONAL", ["ATTACHED", "ATTACHED"]))
    assert isinstance(aws.networks, RecordedNetworks)
    assert len(aws.networks.now(vpc.id).resolver_ips) == 2


@pytest.mark.parametrize(
    ("ending", "addresses"),
    [
        (Ending.NEEDS_ACTION, ["ATTACHED", "ATTACHED"]),
        (Ending.FAILED_CREATION, ["ATTACHED", "FAILED_CREATION"]),
    ],
)
def test_a_resolver_endpoint_needs_action_for_good_and_can_be_deleted(
    aws: EmbeddedAws, vpc: Vpc, ending: Ending, addresses: list[str]
) -> None:
    """Resolver's model: it "can't automatically recover it"."""
    resolver = client_of(aws, "route53resolver")
    aws.weather.spoil(Spoil(ending))
    made = make_resolver(aws, vpc)
    until(lambda: statuses(aws, made) == ("ACTION_NEEDED", addresses))
    # As long as it took it to get there, and a little longer.
    until_later = aws.clock.now() + 1.2 * aws.settings.lifecycles.resolver_endpoint_creating
    until(lambda: aws.clock.now() > until_later)
    assert statuses(aws, made)[0] == "ACTION_NEEDED"
    resolver.delete_resolver_endpoint(ResolverEndpointId=made)
    until(lambda: resolver.list_resolver_endpoints()["ResolverEndpoints"] == [])


def test_in_calm_weather_nothing_is_spoilt() -> None:
    with started(Unkindness()) as aws:
        ec2, vpc = client_of(aws, "ec2"), Vpc(aws)
        spoil = aws.weather.spoil(Spoil(Ending.FAILED))
        with aws.weather.calm():
            made = make(ec2, vpc)
        assert ended(ec2, made)["State"] == "available"
        assert spoil.struck == 0
