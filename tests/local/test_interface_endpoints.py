"""VPC endpoints of the embedded AWS; each gap that they close is shown on moto as it is."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.vpc_world import REGION, World, error_of, started, stock_moto, until

HEALED = "moto heals this now: remove it from local/interface_endpoints"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with started() as world:
        yield world


@pytest.fixture
def everything_offered(world: World) -> Iterator[None]:
    yield
    world.aws.interface_endpoints.withheld.clear()


def service(world: World, name: str, kind: str = "Interface", region: str = REGION) -> Any:
    found = world.client("ec2", region).describe_vpc_endpoint_services(
        Filters=[
            {"Name": "service-name", "Values": [f"com.amazonaws.{region}.{name}"]},
            {"Name": "service-type", "Values": [kind]},
        ]
    )["ServiceDetails"]
    return found[0] if found else None


# What is offered


def test_stock_moto_still_describes_services_wrongly() -> None:
    printed = stock_moto(
        "details = ec2.describe_vpc_endpoint_services()['ServiceDetails']\n"
        "print([d['PrivateDnsName'] for d in details if d['ServiceName'].endswith('ecs-agent')])\n"
        "filters = [{'Name': 'service-name', 'Values': ['com.amazonaws.us-east-2.ecs']}]\n"
        "try:\n    ec2.describe_vpc_endpoint_services(Filters=filters)\n"
        "except Exception as error:\n    print(repr(error))"
    )
    assert printed == f"['ecs-agent.{REGION}.amazonaws.com']\nKeyError('Value')", HEALED


@pytest.mark.parametrize(
    ("name", "private_names"),
    [
        ("ecs", ["ecs.{}.amazonaws.com"]),
        ("ecs-agent", ["ecs-a.{}.amazonaws.com"]),
        ("ecs-telemetry", ["ecs-t.{}.amazonaws.com"]),
        ("ssm", ["ssm.{}.amazonaws.com"]),
        ("ecr.api", ["api.ecr.{}.amazonaws.com"]),
        ("ecr.dkr", ["dkr.ecr.{}.amazonaws.com", "*.dkr.ecr.{}.amazonaws.com"]),
        (
            "s3",
            [
                "s3.{}.amazonaws.com",
                "*.s3.{}.amazonaws.com",
                "s3-control.{}.amazonaws.com",
                "s3-accesspoint.{}.amazonaws.com",
            ],
        ),
    ],
)
def test_a_service_has_the_private_names_of_aws(
    world: World, name: str, private_names: list[str]
) -> None:
    detail = service(world, name)
    expected = [private_name.format(REGION) for private_name in private_names]
    assert [entry["PrivateDnsName"] for entry in detail["PrivateDnsNames"]] == expected
    assert detail["PrivateDnsName"] == expected[0]
    assert detail["AvailabilityZones"] == [f"{REGION}{zone}" for zone in "abc"]


def test_s3_is_offered_as_gateway_and_as_interface(world: World) -> None:
    details = world.ec2.describe_vpc_endpoint_services(ServiceNames=[f"com.amazonaws.{REGION}.s3"])[
        "ServiceDetails"
    ]
    kinds = {detail["ServiceType"][0]["ServiceType"]: detail for detail in details}
    assert set(kinds) == {"Gateway", "Interface"}
    assert "PrivateDnsName" not in kinds["Gateway"]


def test_the_agents_services_take_no_policy(world: World) -> None:
    assert not service(world, "ecs-agent")["VpcEndpointPolicySupported"]
    assert not service(world, "ecs-telemetry")["VpcEndpointPolicySupported"]
    assert service(world, "ecs")["VpcEndpointPolicySupported"]


def test_young_regions_do_not_offer_ec2messages(world: World) -> None:
    assert service(world, "ec2messages", region="mx-central-1") is None
    assert service(world, "ssmmessages", region="mx-central-1")
    assert service(world, "ec2messages")


@pytest.mark.usefixtures("everything_offered")
def test_a_service_and_a_zone_can_be_withheld(world: World) -> None:
    part = world.aws.interface_endpoints
    part.withhold("logs")
    part.withhold("ecs", availability_zones=[f"{REGION}b"])
    assert service(world, "logs") is None
    assert service(world, "ecs")["AvailabilityZones"] == [f"{REGION}a", f"{REGION}c"]
    vpc = world.vpc()
    subnet = world.subnet(vpc, "b")
    code, message = error_of(lambda: world.endpoint(vpc, SubnetIds=[subnet]))
    assert code == "InvalidParameter"
    assert f"does not support the availability zone of the subnet: {subnet}" in message


def test_a_service_has_as_many_private_names_as_aws_documents(world: World) -> None:
    """`monitoring` is the example of AWS's guide; any other can be told to be like it."""
    part = world.aws.interface_endpoints
    assert names_of(world, "monitoring") == [
        f"monitoring.{REGION}.amazonaws.com",
        f"monitoring.{REGION}.api.aws",
        f"monitoring-fips.{REGION}.amazonaws.com",
        f"monitoring-fips.{REGION}.api.aws",
    ]
    assert names_of(world, "logs") == [f"logs.{REGION}.amazonaws.com"]
    part.name_fully("logs", "ecr.dkr")
    try:
        assert sorted(names_of(world, "logs")) == [
            f"logs-fips.{REGION}.amazonaws.com",
            f"logs-fips.{REGION}.api.aws",
            f"logs.{REGION}.amazonaws.com",
            f"logs.{REGION}.api.aws",
        ]
        assert f"*.dkr-fips.ecr.{REGION}.api.aws" in names_of(world, "ecr.dkr")
    finally:
        part.fully_named.clear()


def names_of(world: World, name: str) -> list[str]:
    return [each["PrivateDnsName"] for each in service(world, name)["PrivateDnsNames"]]


def test_services_come_in_pages(world: World) -> None:
    first = world.ec2.describe_vpc_endpoint_services(MaxResults=5)
    second = world.ec2.describe_vpc_endpoint_services(MaxResults=5, NextToken=first["NextToken"])
    assert len(first["ServiceDetails"]) == 5
    assert first["ServiceDetails"][-1] not in second["ServiceDetails"]


# The life of an endpoint


def test_stock_moto_still_makes_endpoints_available_at_once() -> None:
    printed = stock_moto(
        "made = [ec2.create_vpc_endpoint(VpcId=vpc, ServiceName='com.amazonaws.us-east-2.ecs',"
        " VpcEndpointType='Interface', SubnetIds=subnets, ClientToken='t')['VpcEndpoint']"
        " for _ in range(2)]\n"
        "ec2.delete_vpc_endpoints(VpcEndpointIds=[made[0]['VpcEndpointId']])\n"
        "print(made[0]['State'], len(made[0]['DnsEntries']), len({m['VpcEndpointId'] for m in"
        " made}), ec2.describe_vpc_endpoints()['VpcEndpoints'][0]['State'],"
        " ec2.delete_vpc_endpoints(VpcEndpointIds=['vpce-1'])['Unsuccessful'])"
    )
    assert printed == "available 1 2 deleted []", HEALED


def test_an_endpoint_is_pending_then_available_then_gone(world: World) -> None:
    vpc = world.vpc()
    subnets = [world.subnet(vpc, "a"), world.subnet(vpc, "b", 1)]
    group = world.group(vpc)
    start = world.aws.clock.now()
    made = world.endpoint(
        vpc,
        SubnetIds=subnets,
        SecurityGroupIds=[group],
        PrivateDnsEnabled=True,
        TagSpecifications=[
            {"ResourceType": "vpc-endpoint", "Tags": [{"Key": "Owner", "Value": "us"}]}
        ],
    )
    assert made["State"] == "pending"
    assert made["SubnetIds"] == subnets
    assert [item["GroupId"] for item in made["Groups"]] == [group]
    assert made["Tags"] == [{"Key": "Owner", "Value": "us"}]
    zones = {entry["DnsName"]: entry["HostedZoneId"] for entry in made["DnsEntries"]}
    assert zones[f"ecs.{REGION}.amazonaws.com"] == "ZONEIDPENDING"
    regional, first, second = list(zones)[:3]
    base = f".ecs.{REGION}.vpce.amazonaws.com"
    name = regional.removesuffix(base)
    assert name.startswith(made["VpcEndpointId"])
    assert [first, second] == [f"{name}-{REGION}a{base}", f"{name}-{REGION}b{base}"]

    interfaces = world.ec2.describe_network_interfaces(
        NetworkInterfaceIds=made["NetworkInterfaceIds"]
    )["NetworkInterfaces"]
    assert [item["SubnetId"] for item in interfaces] == subnets
    for third, interface in enumerate(interfaces):
        address = ipaddress.ip_address(interface["PrivateIpAddress"])
        assert address in ipaddress.ip_network(f"10.0.{third}.0/24")
        assert interface["InterfaceType"] == "vpc_endpoint"
        assert interface["RequesterManaged"]
        assert [item["GroupId"] for item in interface["Groups"]] == [group]
        assert interface["Description"] == f"VPC Endpoint Interface {made['VpcEndpointId']}"
    described = world.ec2.describe_subnets(SubnetIds=subnets)["Subnets"]
    assert [subnet["AvailableIpAddressCount"] for subnet in described] == [250, 250]

    available = world.available(made["VpcEndpointId"])
    assert "ZONEIDPENDING" not in {entry["HostedZoneId"] for entry in available["DnsEntries"]}
    assert world.networks.first(vpc, lambda state: state.tls) - start >= 60
    addresses = tuple(item["PrivateIpAddress"] for item in interfaces)
    state = world.networks.now(vpc)
    assert set(state.tls) == set(addresses)
    assert state.tls[addresses[0]][0] == f"ecs.{REGION}.amazonaws.com"
    assert regional in state.tls[addresses[0]]
    until(lambda: world.networks.now(vpc).names)
    assert world.networks.now(vpc).names == {f"ecs.{REGION}.amazonaws.com": addresses}

    deleted = world.ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])
    assert deleted["Unsuccessful"] == []
    assert world.described(made["VpcEndpointId"])["State"] == "deleting"
    until(lambda: not world.ec2.describe_vpc_endpoints(Filters=in_vpc(vpc))["VpcEndpoints"])
    last = world.networks.now(vpc)
    assert not last.tls and not last.names and last.cidrs == ("10.0.0.0/16",)
    assert error_of(lambda: world.described(made["VpcEndpointId"]))[0] == (
        "InvalidVpcEndpointId.NotFound"
    )
    until(
        lambda: not world.ec2.describe_network_interfaces(Filters=in_vpc(vpc))["NetworkInterfaces"]
    )


def in_vpc(vpc: str) -> list[dict[str, Any]]:
    return [{"Name": "vpc-id", "Values": [vpc]}]


def test_deleting_what_is_not_there_is_unsuccessful_and_no_error(world: World) -> None:
    answer = world.ec2.delete_vpc_endpoints(VpcEndpointIds=["vpce-0123456789abcdef0"])
    [item] = answer["Unsuccessful"]
    assert item["ResourceId"] == "vpce-0123456789abcdef0"
    assert item["Error"]["Code"] == "InvalidVpcEndpoint.NotFound"


def test_the_same_client_token_gives_the_same_endpoint(world: World) -> None:
    vpc = world.vpc()
    first = world.endpoint(vpc, ClientToken="once")
    assert world.endpoint(vpc, ClientToken="once")["VpcEndpointId"] == first["VpcEndpointId"]
    code, _ = error_of(lambda: world.endpoint(vpc, "ssm", ClientToken="once"))
    assert code == "IdempotentParameterMismatch"


def test_a_gateway_endpoint_is_available_at_once_and_has_no_interfaces(world: World) -> None:
    made = world.endpoint(world.vpc(), "s3", VpcEndpointType="Gateway")
    assert (made["State"], made["NetworkInterfaceIds"], made["DnsEntries"]) == (
        "available",
        [],
        [],
    )
    world.ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])
    assert error_of(lambda: world.described(made["VpcEndpointId"]))[0] == (
        "InvalidVpcEndpointId.NotFound"
    )


def test_private_dns_is_turned_on_and_off_with_a_delay(world: World) -> None:
    vpc = world.vpc()
    endpoint_id = world.endpoint(vpc, "ecr.dkr", SubnetIds=[world.subnet(vpc)])["VpcEndpointId"]
    code, _ = error_of(
        lambda: world.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint_id, PrivateDnsEnabled=True)
    )
    assert code == "IncorrectState"
    world.available(endpoint_id)

    start = world.aws.clock.now()
    world.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint_id, PrivateDnsEnabled=True)
    names = {f"dkr.ecr.{REGION}.amazonaws.com", f"*.dkr.ecr.{REGION}.amazonaws.com"}
    described = world.described(endpoint_id)
    assert described["PrivateDnsEnabled"]
    assert names < {entry["DnsName"] for entry in described["DnsEntries"]}
    until(lambda: set(world.networks.now(vpc).names) == names)
    assert world.networks.first(vpc, lambda state: state.names) - start >= 10

    world.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint_id, PrivateDnsEnabled=False)
    until(lambda: world.networks.now(vpc).names == {})


@pytest.mark.parametrize(
    ("service", "certified", "uncertified"),
    [
        ("ecr.dkr", {"*.dkr.ecr.{}.amazonaws.com"}, {"dkr.ecr.{}.amazonaws.com"}),
        ("s3", {"s3.{}.amazonaws.com", "*.s3.{}.amazonaws.com"}, set()),
    ],
)
def test_a_certificate_is_for_the_wildcard_but_for_the_bare_name_only_with_s3(
    world: World, service: str, certified: set[str], uncertified: set[str]
) -> None:
    """No registry is called `dkr.ecr.<region>…`, but a client may ask S3 for its buckets there."""
    vpc = world.vpc()
    options = {"SubnetIds": [world.subnet(vpc)], "PrivateDnsEnabled": False}
    made = world.endpoint(vpc, service, **options)
    world.available(made["VpcEndpointId"])
    [names] = world.networks.now(vpc).tls.values()
    assert {name.format(REGION) for name in certified} <= set(names)
    assert not {name.format(REGION) for name in uncertified} & set(names)
    assert made["DnsEntries"][0]["DnsName"] in names


def test_the_last_of_quick_changes_to_private_dns_counts(world: World) -> None:
    vpc = world.vpc()
    endpoint_id = world.endpoint(vpc, SubnetIds=[world.subnet(vpc)])["VpcEndpointId"]
    world.available(endpoint_id)
    for on in (True, False, True):
        last = world.aws.clock.now()
        world.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint_id, PrivateDnsEnabled=on)
    until(lambda: world.networks.now(vpc).names)
    assert world.networks.first(vpc, lambda state: state.names) - last >= 10


def test_subnets_and_groups_can_be_changed(world: World) -> None:
    vpc = world.vpc()
    first, second = world.subnet(vpc, "a"), world.subnet(vpc, "b", 1)
    made = world.endpoint(vpc, SubnetIds=[first])
    world.available(made["VpcEndpointId"])
    group = world.group(vpc)
    world.ec2.modify_vpc_endpoint(
        VpcEndpointId=made["VpcEndpointId"],
        AddSubnetIds=[second],
        RemoveSubnetIds=[first],
        AddSecurityGroupIds=[group],
        RemoveSecurityGroupIds=[made["Groups"][0]["GroupId"]],
    )
    described = world.described(made["VpcEndpointId"])
    assert described["SubnetIds"] == [second]
    [interface] = world.ec2.describe_network_interfaces(
        Filters=[{"Name": "group-id", "Values": [group]}]
    )["NetworkInterfaces"]
    assert described["NetworkInterfaceIds"] == [interface["NetworkInterfaceId"]]
    until(lambda: set(world.networks.now(vpc).tls) == {interface["PrivateIpAddress"]})


# What is refused


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"VpcId": "vpc-0123456789abcdef0"}, "InvalidVpcId.NotFound"),
        ({"ServiceName": f"com.amazonaws.{REGION}.nonesuch"}, "InvalidServiceName"),
        ({"SubnetIds": ["subnet-0123456789abcdef0"]}, "InvalidSubnetID.NotFound"),
        ({"SecurityGroupIds": ["sg-0123456789abcdef0"]}, "InvalidSecurityGroupID.NotFound"),
        ({"VpcEndpointType": "Gateway"}, "InvalidParameter"),
    ],
)
def test_a_wrong_parameter_is_refused(world: World, change: dict[str, Any], code: str) -> None:
    request = {
        "VpcId": world.vpc(),
        "ServiceName": f"com.amazonaws.{REGION}.ecs",
        "VpcEndpointType": "Interface",
        **change,
    }
    assert error_of(lambda: world.ec2.create_vpc_endpoint(**request))[0] == code


def test_one_subnet_per_zone(world: World) -> None:
    vpc = world.vpc()
    subnets = [world.subnet(vpc, "a"), world.subnet(vpc, "a", 1)]
    code, _ = error_of(lambda: world.endpoint(vpc, SubnetIds=subnets))
    assert code == "DuplicateSubnetsInSameZone"


def test_private_dns_needs_both_dns_attributes_of_the_vpc(world: World) -> None:
    vpc = world.vpc(dns=False)
    assert error_of(lambda: world.endpoint(vpc, PrivateDnsEnabled=True)) == (
        "InvalidParameter",
        "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC "
        f"attributes set to true for {vpc}",
    )


def test_a_name_has_one_holder_in_a_vpc_even_while_it_goes_away(world: World) -> None:
    vpc = world.vpc()
    holder = world.endpoint(vpc, PrivateDnsEnabled=True)["VpcEndpointId"]
    conflict = (
        "InvalidParameter",
        "private-dns-enabled cannot be set because there is already a conflicting DNS domain "
        f"for ecs.{REGION}.amazonaws.com in the VPC {vpc}",
    )
    assert error_of(lambda: world.endpoint(vpc, PrivateDnsEnabled=True)) == conflict
    second = world.endpoint(vpc, PrivateDnsEnabled=False)["VpcEndpointId"]
    world.available(second)
    world.ec2.delete_vpc_endpoints(VpcEndpointIds=[holder])
    turn_on = {"VpcEndpointId": second, "PrivateDnsEnabled": True}
    assert error_of(lambda: world.ec2.modify_vpc_endpoint(**turn_on)) == conflict
    until(lambda: len(world.ec2.describe_vpc_endpoints(Filters=in_vpc(vpc))["VpcEndpoints"]) == 1)
    assert world.ec2.modify_vpc_endpoint(**turn_on)["Return"]


def test_the_names_of_a_deleted_endpoint_have_its_dead_addresses_for_a_while(world: World) -> None:
    """The zone is taken away later than the endpoint: private_dns_association after the call."""
    vpc = world.vpc()
    made = world.endpoint(vpc, SubnetIds=[world.subnet(vpc)], PrivateDnsEnabled=True)
    world.available(made["VpcEndpointId"])
    until(lambda: world.networks.now(vpc).names)
    start = world.aws.clock.now()
    world.ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])
    until(lambda: not world.networks.now(vpc).names)
    assert world.aws.clock.now() - start >= 10
    assert world.networks.first(vpc, lambda state: state.names and not state.tls) >= start


def test_a_customers_hosted_zone_holds_its_name(world: World) -> None:
    vpc, route53 = world.vpc(), world.client("route53")
    zone = route53.create_hosted_zone(
        Name=f"ssm.{REGION}.amazonaws.com",
        CallerReference=vpc,
        VPC={"VPCRegion": REGION, "VPCId": vpc},
        HostedZoneConfig={"PrivateZone": True},
    )["HostedZone"]["Id"]
    _, message = error_of(lambda: world.endpoint(vpc, "ssm", PrivateDnsEnabled=True))
    assert "conflicting DNS domain" in message
    route53.delete_hosted_zone(Id=zone)
    assert world.endpoint(vpc, "ssm", PrivateDnsEnabled=True)


def test_s3_private_dns_for_the_resolver_needs_a_gateway_endpoint(world: World) -> None:
    vpc = world.vpc()
    code, message = error_of(lambda: world.endpoint(vpc, "s3", PrivateDnsEnabled=True))
    assert code == "InvalidParameter"
    assert f"the VPC {vpc} must have a Gateway endpoint for the service" in message
    gateway = world.endpoint(vpc, "s3", VpcEndpointType="Gateway")["VpcEndpointId"]
    made = world.endpoint(vpc, "s3", SubnetIds=[world.subnet(vpc)])
    assert made["DnsOptions"] == {"DnsRecordIpType": "ipv4"}
    world.available(made["VpcEndpointId"])
    world.ec2.modify_vpc_endpoint(VpcEndpointId=made["VpcEndpointId"], PrivateDnsEnabled=True)
    options = world.described(made["VpcEndpointId"])["DnsOptions"]
    assert options["PrivateDnsOnlyForInboundResolverEndpoint"] is True
    until(lambda: f"*.s3.{REGION}.amazonaws.com" in world.networks.now(vpc).names)
    [item] = world.ec2.delete_vpc_endpoints(VpcEndpointIds=[gateway])["Unsuccessful"]
    assert item["Error"]["Code"] == "InvalidParameter"


def test_s3_private_dns_for_the_whole_vpc_is_asked_for(world: World) -> None:
    options = {"PrivateDnsOnlyForInboundResolverEndpoint": False}
    made = world.endpoint(world.vpc(), "s3", PrivateDnsEnabled=True, DnsOptions=options)
    assert made["DnsOptions"]["PrivateDnsOnlyForInboundResolverEndpoint"] is False


def test_names_of_an_endpoint_answer_nothing_over_ipv4_while_their_records_are_of_ipv6(
    world: World,
) -> None:
    vpc, subnet = world.dual_stack_vpc()
    made = world.endpoint(vpc, "ssm", SubnetIds=[subnet], PrivateDnsEnabled=True)["VpcEndpointId"]
    world.available(made)
    name = f"ssm.{REGION}.amazonaws.com"
    until(lambda: world.networks.now(vpc).names.get(name))
    world.ec2.modify_vpc_endpoint(
        VpcEndpointId=made, IpAddressType="dualstack", DnsOptions={"DnsRecordIpType": "ipv6"}
    )
    shown = world.described(made)
    assert (shown["IpAddressType"], shown["DnsOptions"]) == (
        "dualstack",
        {"DnsRecordIpType": "ipv6"},
    )
    until(lambda: world.networks.now(vpc).names.get(name) == ())
    world.ec2.modify_vpc_endpoint(VpcEndpointId=made, DnsOptions={"DnsRecordIpType": "ipv4"})
    assert world.described(made)["IpAddressType"] == "dualstack"
    until(lambda: world.networks.now(vpc).names[name])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"IpAddressType": "dualstack"}, "does not support dualstack"),
        ({"IpAddressType": "ipv6"}, "does not support ipv6"),
        ({"DnsOptions": {"DnsRecordIpType": "ipv6"}}, "not compatible with IpAddressType ipv4"),
        ({"DnsOptions": {"DnsRecordIpType": "dualstack"}}, "not compatible"),
    ],
    ids=str,
)
def test_ip_types_that_a_subnet_or_the_other_type_does_not_allow_are_refused(
    world: World, changes: dict[str, Any], message: str
) -> None:
    vpc = world.vpc()
    made = world.endpoint(vpc, "ssm", SubnetIds=[world.subnet(vpc)])["VpcEndpointId"]
    world.available(made)
    code, said = error_of(lambda: world.ec2.modify_vpc_endpoint(VpcEndpointId=made, **changes))
    assert code == "InvalidParameter"
    assert message in said
    assert world.described(made)["IpAddressType"] == "ipv4"


def test_fifty_interface_endpoints_are_the_limit_of_a_vpc(world: World) -> None:
    vpc = world.vpc()
    for _ in range(50):
        world.endpoint(vpc)
    assert error_of(lambda: world.endpoint(vpc))[0] == "VpcEndpointLimitExceeded"


def test_endpoints_are_found_by_filters_and_in_pages(world: World) -> None:
    vpc = world.vpc()
    tags = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "Owner", "Value": vpc}]}]
    made = [
        world.endpoint(vpc, name, TagSpecifications=tags)["VpcEndpointId"]
        for name in ("ecs", "ssm", "logs")
    ]

    def found(name: str, *values: str) -> list[str]:
        filters = [{"Name": name, "Values": list(values)}, *in_vpc(vpc)]
        answer = world.ec2.describe_vpc_endpoints(Filters=filters)
        return [endpoint["VpcEndpointId"] for endpoint in answer["VpcEndpoints"]]

    assert found("tag:Owner", vpc) == made
    assert found("tag-key", "Owner") == made
    assert found("vpc-endpoint-id", made[1]) == [made[1]]
    assert found("service-name", f"com.amazonaws.{REGION}.logs") == [made[2]]
    assert found("vpc-endpoint-type", "Gateway") == []
    for endpoint_id in made:
        world.available(endpoint_id)
    assert found("vpc-endpoint-state", "available") == made

    pages = world.ec2.get_paginator("describe_vpc_endpoints").paginate(
        Filters=in_vpc(vpc), PaginationConfig={"PageSize": 2}
    )
    sizes = [len(page["VpcEndpoints"]) for page in pages]
    assert sizes == [2, 1]
