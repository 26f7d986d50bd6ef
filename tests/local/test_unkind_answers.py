"""The unkind AWS answers of the past, in capitals, and modifies one at a time."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import EmbeddedAws
from local.settings import Unkindness
from local.unkind.faults import Happening, Quirk
from local.unkind.past import Past
from tests.local.unkind_world import Vpc, client_of, code_and_status, started
from tests.local.vpc_world import until

ANY = "10.0.0.0/8"
LAG = 200
"""AWS seconds, two real ones: long enough for a slow machine to look before they are over."""


@pytest.fixture
def behind() -> Iterator[EmbeddedAws]:
    with started(Unkindness(visible_after=LAG)) as aws:
        yield aws


def told(aws: EmbeddedAws, quirk: Quirk) -> list[Happening]:
    return [each for each in aws.weather.happenings() if each.fault is quirk]


# Eventual consistency: EC2 API reference, Eventual consistency


def test_a_new_endpoint_is_not_described_at_first_and_its_token_knows_it_all_the_same(
    behind: EmbeddedAws,
) -> None:
    """What was just made may not be found, by its id or in a list. ModifyVpcEndpoint and a
    repeated creation do not ask the list."""
    ec2, vpc = client_of(behind, "ec2"), Vpc(behind)
    wish = vpc.endpoint(PrivateDnsEnabled=False, ClientToken="t-2")
    made = ec2.create_vpc_endpoint(**wish)["VpcEndpoint"]["VpcEndpointId"]
    assert vpc.endpoints_in(ec2) == []
    with pytest.raises(ClientError) as refused:
        ec2.describe_vpc_endpoints(VpcEndpointIds=[made])
    assert code_and_status(refused) == ("InvalidVpcEndpointId.NotFound", 400)
    assert ec2.create_vpc_endpoint(**wish)["VpcEndpoint"]["VpcEndpointId"] == made
    until(lambda: vpc.endpoints_in(ec2) == [made])
    stale = told(behind, Quirk.STALE)[0]
    assert (stale.caller, stale.action, stale.why) == (
        "stranger",
        "ec2:DescribeVpcEndpoints",
        made,
    )


def test_a_security_group_s_rules_are_described_as_they_were(behind: EmbeddedAws) -> None:
    """AWS itself knows them: who adds one again is told."""
    ec2, vpc = client_of(behind, "ec2"), Vpc(behind)
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    rule = {"GroupId": vpc.group, "IpPermissions": [{**https, "IpRanges": [{"CidrIp": ANY}]}]}

    def described() -> list[str]:
        [group] = ec2.describe_security_groups(GroupIds=[vpc.group])["SecurityGroups"]
        ranges = [each for rule in group["IpPermissions"] for each in rule["IpRanges"]]
        return [each["CidrIp"] for each in ranges]

    ec2.authorize_security_group_ingress(**rule)
    assert described() == []
    with pytest.raises(ClientError) as refused:
        ec2.authorize_security_group_ingress(**rule)
    assert code_and_status(refused) == ("InvalidPermission.Duplicate", 400)
    until(lambda: described() == [ANY])
    ec2.revoke_security_group_ingress(**rule)
    assert described() == [ANY]
    until(lambda: described() == [])


def test_a_security_group_that_was_deleted_is_described_for_a_while(behind: EmbeddedAws) -> None:
    ec2, vpc = client_of(behind, "ec2"), Vpc(behind)
    behind.clock.sleep(LAG)
    ec2.delete_security_group(GroupId=vpc.group)
    assert "first" in vpc.groups_in(ec2)
    with pytest.raises(ClientError) as refused:
        ec2.delete_security_group(GroupId=vpc.group)
    assert code_and_status(refused) == ("InvalidGroup.NotFound", 400)
    until(lambda: "first" not in vpc.groups_in(ec2))


def test_a_resolver_that_is_being_deleted_and_one_that_is_gone_are_listed_as_they_were(
    behind: EmbeddedAws,
) -> None:
    client, vpc = client_of(behind, "route53resolver"), Vpc(behind)
    with behind.weather.calm():
        made = client.create_resolver_endpoint(**vpc.resolver("r-1"))["ResolverEndpoint"]["Id"]

    def listed() -> list[str]:
        return [each["Status"] for each in client.list_resolver_endpoints()["ResolverEndpoints"]]

    until(lambda: listed() == ["OPERATIONAL"])
    client.delete_resolver_endpoint(ResolverEndpointId=made)
    assert listed() == ["OPERATIONAL"]
    until(lambda: listed() == ["DELETING"])
    until(lambda: listed() == [])


def test_a_changed_endpoint_is_described_as_it_was(behind: EmbeddedAws) -> None:
    """Its private DNS is off still, and what is being deleted is still available."""
    ec2, vpc = client_of(behind, "ec2"), Vpc(behind)
    made = available(behind, vpc, PrivateDnsEnabled=False)

    def described() -> tuple[str, bool]:
        [endpoint] = ec2.describe_vpc_endpoints(VpcEndpointIds=[made])["VpcEndpoints"]
        return endpoint["State"], endpoint["PrivateDnsEnabled"]

    ec2.modify_vpc_endpoint(VpcEndpointId=made, PrivateDnsEnabled=True)
    assert described() == ("available", False)
    with behind.weather.calm():
        assert described() == ("available", True)
    until(lambda: described() == ("available", True))
    ec2.delete_vpc_endpoints(VpcEndpointIds=[made])
    assert described() == ("available", True)
    assert ec2.delete_vpc_endpoints(VpcEndpointIds=[made])["Unsuccessful"] == []
    until(lambda: vpc.endpoints_in(ec2) == [])


def test_a_new_security_group_is_not_described_at_first_and_can_be_used(
    behind: EmbeddedAws,
) -> None:
    ec2, vpc = client_of(behind, "ec2"), Vpc(behind)
    until(lambda: vpc.groups_in(ec2) == {"default", "first"})
    group = vpc.make_group(ec2, "new")
    assert vpc.groups_in(ec2) == {"default", "first"}
    with pytest.raises(ClientError) as refused:
        ec2.describe_security_groups(GroupIds=[group])
    assert code_and_status(refused) == ("InvalidGroup.NotFound", 400)
    with pytest.raises(ClientError, match=r"InvalidGroup\.Duplicate"):
        vpc.make_group(ec2, "new")
    ec2.create_vpc_endpoint(**vpc.endpoint(SecurityGroupIds=[group]))
    until(lambda: vpc.groups_in(ec2) == {"default", "first", "new"})


def test_a_vpc_has_its_old_tags_for_a_while_also_for_a_filter(behind: EmbeddedAws) -> None:
    ec2, vpc = client_of(behind, "ec2"), Vpc(behind)

    def tags() -> list[dict[str, str]]:
        found: dict[str, Any] = ec2.describe_vpcs(VpcIds=[vpc.id])["Vpcs"][0]
        return list(found.get("Tags", []))

    def found_by(key: str) -> bool:
        named = [{"Name": "tag-key", "Values": [key]}]
        return vpc.id in [each["VpcId"] for each in ec2.describe_vpcs(Filters=named)["Vpcs"]]

    wish = {"Key": "wish", "Value": "enabled"}
    ec2.create_tags(Resources=[vpc.id], Tags=[wish])
    assert (tags(), found_by("wish")) == ([], False)
    until(lambda: (tags(), found_by("wish")) == ([wish], True))
    ec2.delete_tags(Resources=[vpc.id], Tags=[{"Key": "wish"}])
    ec2.create_tags(Resources=[vpc.id], Tags=[{"Key": "status", "Value": "a"}])
    assert (tags(), found_by("wish")) == ([wish], True), "of two changes neither is seen"
    until(lambda: tags() == [{"Key": "status", "Value": "a"}])
    assert not found_by("wish")


def test_a_new_resolver_endpoint_is_not_known_at_first_but_its_request_id_is(
    behind: EmbeddedAws,
) -> None:
    """By inference: Resolver's documentation promises neither."""
    resolver, vpc = client_of(behind, "route53resolver"), Vpc(behind)
    made = resolver.create_resolver_endpoint(**vpc.resolver("r-3"))["ResolverEndpoint"]["Id"]

    def listed() -> list[str]:
        found = resolver.list_resolver_endpoints()["ResolverEndpoints"]
        return [each["Id"] for each in found]

    assert listed() == []
    for look in (resolver.get_resolver_endpoint, resolver.list_resolver_endpoint_ip_addresses):
        with pytest.raises(resolver.exceptions.ResourceNotFoundException):
            look(ResolverEndpointId=made)
    with pytest.raises(resolver.exceptions.ResourceExistsException):
        resolver.create_resolver_endpoint(**vpc.resolver("r-3"))
    until(lambda: listed() == [made])
    found = resolver.list_resolver_endpoint_ip_addresses(ResolverEndpointId=made)
    assert len(found["IpAddresses"]) == len(vpc.subnets)


def test_the_past_ends_after_its_lag_and_begins_with_the_first_change() -> None:
    now, ids = [0.0], list[str]()
    past = Past(lambda: now[0], lambda: 10.0, ids.append)
    past.changing("made", None)
    now[0] = 5
    past.changing("made", "new")
    past.changing("changed", "old")
    things = {"made": "newer", "changed": "newest", "steady": "steady"}
    assert past.seen(things) == {"changed": "old", "steady": "steady"}
    now[0] = 10
    assert past.seen(things) == {"made": "new", "changed": "old", "steady": "steady"}
    assert past.seen({"steady": "steady"}) == {"steady": "steady"}
    gone = {"made": "new", "changed": "old", "steady": "steady"}
    assert past.seen({"steady": "steady"}, gone="") == gone
    now[0] = 15
    assert past.seen(things) == things
    assert ids == ["changed, made"] * 3


def test_a_kind_aws_sees_every_change_at_once(aws: EmbeddedAws) -> None:
    ec2, vpc = client_of(aws, "ec2"), Vpc(aws)
    made = ec2.create_vpc_endpoint(**vpc.endpoint())["VpcEndpoint"]["VpcEndpointId"]
    assert vpc.endpoints_in(ec2) == [made]
    vpc.make_group(ec2, "new")
    assert "new" in vpc.groups_in(ec2)
    assert not aws.weather.happenings()


# One modification at a time


def test_an_endpoint_that_is_being_modified_is_not_modified_again() -> None:
    """terraform-provider-aws #42884 has AWS's code and text."""
    with started(Unkindness(one_modify_at_a_time=True)) as aws:
        ec2, vpc = client_of(aws, "ec2"), Vpc(aws)
        made = available(aws, vpc, PrivateDnsEnabled=False)

        def turn(*, on: bool) -> None:
            ec2.modify_vpc_endpoint(VpcEndpointId=made, PrivateDnsEnabled=on)

        turn(on=True)
        with pytest.raises(ClientError) as refused:
            turn(on=False)
        assert code_and_status(refused) == ("OperationInProgress", 400)
        assert "VpcEndpoint modify operation in progress" in str(refused.value)
        [busy] = told(aws, Quirk.BUSY)
        assert (busy.action, busy.why) == ("ec2:ModifyVpcEndpoint", made)
        until(lambda: succeeds(lambda: turn(on=False)))
        ec2.delete_vpc_endpoints(VpcEndpointIds=[made])


def succeeds(call: Callable[[], object]) -> bool:
    try:
        call()
    except ClientError:
        return False
    return True


def available(aws: EmbeddedAws, vpc: Vpc, **more: Any) -> str:
    """The id of a new endpoint of the VPC, made in calm weather, as soon as it is available."""
    ec2 = client_of(aws, "ec2")
    with aws.weather.calm():
        made = str(ec2.create_vpc_endpoint(**vpc.endpoint(**more))["VpcEndpoint"]["VpcEndpointId"])
        by_state = [{"Name": "vpc-endpoint-state", "Values": ["available"]}]
        until(lambda: ec2.describe_vpc_endpoints(Filters=by_state)["VpcEndpoints"])
    return made


# Capitals


def states_read(seed: int) -> list[str]:
    with started(Unkindness(seed, capitalised_states=0.4)) as aws:
        ec2, vpc = client_of(aws, "ec2"), Vpc(aws)
        available(aws, vpc)
        read = [ec2.describe_vpc_endpoints()["VpcEndpoints"][0]["State"] for _ in range(20)]
        told_of = [each.ordinal for each in told(aws, Quirk.CAPITALISED)]
        assert [read[number - 1] for number in told_of] == ["Available"] * read.count("Available")
        return read


def test_states_are_capitalised_at_times_and_again_so_with_the_same_seed() -> None:
    """terraform-provider-aws, internal/service/ec2: endpoint states come in varied case."""
    read = states_read(7)
    assert set(read) == {"available", "Available"}
    assert read == states_read(7)
    assert read != states_read(8)


def test_the_weather_shows_what_was_told_otherwise() -> None:
    with started(Unkindness(capitalised_states=1)) as aws:
        client_of(aws, "ec2").create_vpc_endpoint(**Vpc(aws).endpoint())
        with urllib.request.urlopen(f"{aws.url}/_local/weather") as answer:
            [shown] = json.load(answer)
    assert (shown["action"], shown["fault"], shown["why"]) == (
        "ec2:CreateVpcEndpoint",
        "capitalised states",
        "drawn",
    )


def test_a_filter_knows_a_state_however_it_is_written() -> None:
    with started(Unkindness(capitalised_states=1)) as aws:
        ec2, vpc = client_of(aws, "ec2"), Vpc(aws)
        assert ec2.create_vpc_endpoint(**vpc.endpoint())["VpcEndpoint"]["State"] == "Pending"
        pending = [{"Name": "vpc-endpoint-state", "Values": ["pending", "available"]}]
        [found] = ec2.describe_vpc_endpoints(Filters=pending)["VpcEndpoints"]
        assert found["State"] in ("Pending", "Available")
