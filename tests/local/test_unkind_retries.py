"""The unkind AWS: what comes of trying again after an answer was lost."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from local.engine import EmbeddedAws
from local.unkind.faults import Fault
from tests.local.unkind_world import (
    Client,
    Vpc,
    aim,
    code_and_status,
    fails,
)
from tests.local.vpc_world import until


def test_a_client_token_makes_a_repeated_endpoint_one(
    aws: EmbeddedAws, client: Client, vpc: Vpc
) -> None:
    """EC2 developer guide, Idempotency: the same token and parameters give what there is; the same
    token with other parameters is IdempotentParameterMismatch; without one there are two."""
    ec2, wish = client("ec2"), vpc.endpoint(PrivateDnsEnabled=False)
    aim(aws, Fault.LOST_ANSWER, "ec2:CreateVpcEndpoint")
    with pytest.raises(ConnectionClosedError):
        ec2.create_vpc_endpoint(**wish, ClientToken="t-1")
    [made] = vpc.endpoints_in(ec2)
    answer = ec2.create_vpc_endpoint(**wish, ClientToken="t-1")
    assert answer["VpcEndpoint"]["VpcEndpointId"] == made
    tags = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "a", "Value": "b"}]}]
    for different in ({"SubnetIds": vpc.subnets[:1]}, {"TagSpecifications": tags}):
        with pytest.raises(ClientError) as refused:
            ec2.create_vpc_endpoint(**{**wish, **different}, ClientToken="t-1")
        assert code_and_status(refused) == ("IdempotentParameterMismatch", 400)
    assert vpc.endpoints_in(ec2) == [made]
    ec2.create_vpc_endpoint(**wish)
    assert len(vpc.endpoints_in(ec2)) == 2


def test_a_repeated_private_dns_endpoint_without_a_token_conflicts_with_itself(
    aws: EmbeddedAws, client: Client, vpc: Vpc
) -> None:
    """What AWS says of a second holder of a name: the first one has it already."""
    aim(aws, Fault.LOST_ANSWER, "ec2:CreateVpcEndpoint")
    assert fails(lambda: client("ec2").create_vpc_endpoint(**vpc.endpoint()))
    with pytest.raises(ClientError, match="conflicting DNS domain"):
        client("ec2").create_vpc_endpoint(**vpc.endpoint())


def test_a_repeated_creator_request_id_is_refused_and_tells_which_resolver_it_was(
    aws: EmbeddedAws, client: Client, vpc: Vpc
) -> None:
    """Resolver's model: ResourceExistsException, not the endpoint, which its request id finds."""
    resolver = client("route53resolver")
    aim(aws, Fault.LOST_ANSWER, "route53resolver:CreateResolverEndpoint")
    assert fails(lambda: resolver.create_resolver_endpoint(**vpc.resolver("r-1")))
    with pytest.raises(resolver.exceptions.ResourceExistsException) as refused:
        resolver.create_resolver_endpoint(**vpc.resolver("r-1"))
    assert code_and_status(refused) == ("ResourceExistsException", 400)
    found = resolver.list_resolver_endpoints()["ResolverEndpoints"]
    assert [each["CreatorRequestId"] for each in found] == ["r-1"]


def test_a_repeated_deletion_of_an_endpoint_is_no_error(
    aws: EmbeddedAws, client: Client, vpc: Vpc
) -> None:
    """HTTP 200, and once it is gone an `Unsuccessful` one: InvalidVpcEndpoint.NotFound (Terraform's
    provider tells it from Describe's InvalidVpcEndpointId.NotFound)."""
    ec2 = client("ec2")
    made = ec2.create_vpc_endpoint(**vpc.endpoint())["VpcEndpoint"]["VpcEndpointId"]
    aim(aws, Fault.LOST_ANSWER, "ec2:DeleteVpcEndpoints")
    assert fails(lambda: ec2.delete_vpc_endpoints(VpcEndpointIds=[made]))
    assert ec2.delete_vpc_endpoints(VpcEndpointIds=[made])["Unsuccessful"] == []
    until(lambda: vpc.endpoints_in(ec2) == [])
    [told] = ec2.delete_vpc_endpoints(VpcEndpointIds=[made])["Unsuccessful"]
    assert told["Error"]["Code"] == "InvalidVpcEndpoint.NotFound"


def test_a_repeated_deletion_of_a_resolver_finds_nothing_once_it_is_gone(
    aws: EmbeddedAws, client: Client, vpc: Vpc
) -> None:
    """Resolver's model: ResourceNotFoundException."""
    resolver = client("route53resolver")
    made = resolver.create_resolver_endpoint(**vpc.resolver("r-2"))["ResolverEndpoint"]["Id"]
    aim(aws, Fault.LOST_ANSWER, "route53resolver:DeleteResolverEndpoint")
    assert fails(lambda: resolver.delete_resolver_endpoint(ResolverEndpointId=made))
    until(lambda: not resolver.list_resolver_endpoints()["ResolverEndpoints"])
    with pytest.raises(resolver.exceptions.ResourceNotFoundException):
        resolver.delete_resolver_endpoint(ResolverEndpointId=made)


RULE = {
    "IpPermissions": [
        {
            "IpProtocol": "tcp",
            "FromPort": 443,
            "ToPort": 443,
            "IpRanges": [{"CidrIp": "10.0.0.0/8"}],
        }
    ]
}


@pytest.mark.parametrize(
    ("action", "operation", "code"),
    [
        ("ec2:CreateSecurityGroup", "create_security_group", "InvalidGroup.Duplicate"),
        ("ec2:AuthorizeSecurityGroupIngress", "authorize_security_group_ingress",
         "InvalidPermission.Duplicate"),
        ("ec2:DeleteSecurityGroup", "delete_security_group", "InvalidGroup.NotFound"),
    ],
)  # fmt: skip
def test_a_repeated_change_of_a_security_group_says_that_it_was_made(
    aws: EmbeddedAws, client: Client, vpc: Vpc, action: str, operation: str, code: str
) -> None:
    """EC2 has no tokens for these: what is there already is an error that names it."""
    parameters: dict[str, Any] = {
        "create_security_group": {"VpcId": vpc.id, "GroupName": "n", "Description": "d"},
        "authorize_security_group_ingress": {"GroupId": vpc.group, **RULE},
        "delete_security_group": {"GroupId": vpc.group},
    }[operation]
    change = getattr(client("ec2"), operation)
    aim(aws, Fault.LOST_ANSWER, action)
    with pytest.raises(ConnectionClosedError):
        change(**parameters)
    with pytest.raises(ClientError) as refused:
        change(**parameters)
    assert code_and_status(refused) == (code, 400)


def test_a_repeated_new_parameter_exists_and_an_overwritten_one_has_a_version_more(
    aws: EmbeddedAws, client: Client
) -> None:
    """Systems Manager's model: ParameterAlreadyExists without Overwrite; a deleted one is
    ParameterNotFound."""
    ssm, name = client("ssm"), f"/{uuid4().hex}"
    aim(aws, Fault.LOST_ANSWER, "ssm:PutParameter")
    assert fails(lambda: ssm.put_parameter(Name=name, Value="1", Type="String"))
    with pytest.raises(ssm.exceptions.ParameterAlreadyExists):
        ssm.put_parameter(Name=name, Value="1", Type="String")
    again = ssm.put_parameter(Name=name, Value="1", Type="String", Overwrite=True)
    assert again["Version"] == 2
    aim(aws, Fault.LOST_ANSWER, "ssm:DeleteParameter")
    assert fails(lambda: ssm.delete_parameter(Name=name))
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        ssm.delete_parameter(Name=name)
