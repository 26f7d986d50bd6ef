"""An unkind AWS, clients of a stranger who tries once, and a VPC."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from local.engine import EmbeddedAws
from local.settings import Lifecycles, Settings, Unkindness
from local.unkind.faults import Aim, Fault
from tests.local.vpc_world import RecordedNetworks

REGION = "us-east-2"
ACCOUNT = "123456789012"
GAPS = (
    "gateway",
    "event_bus",
    "tag_events",
    "interface_endpoints",
    "inbound_resolvers",
    "security_groups",
    "stale_reads",
)
SESSION = boto3.Session()
ONCE = Config(retries={"total_max_attempts": 1})
CALLER = "unkind-test"
QUICK = Lifecycles(eventbridge_delivery=0)

Client = Callable[[str], Any]


@contextmanager
def started(unkindness: Unkindness | None = None, **how: Any) -> Iterator[EmbeddedAws]:
    settings = Settings(
        **{"region": REGION, "time_scale": 0.01, "lifecycles": QUICK, **how},
        unkindness=unkindness or Unkindness(),
    )
    aws = EmbeddedAws(settings, gaps=GAPS)
    aws.networks = RecordedNetworks()
    with aws:
        yield aws


def client_of(aws: EmbeddedAws, service: str, config: Config = ONCE) -> Any:
    made: Any = SESSION.client(
        service,  # type: ignore[call-overload]
        REGION,
        endpoint_url=aws.url,
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=config,
    )
    return made


def aim(aws: EmbeddedAws, fault: Fault, action: str, nth: int = 1) -> Aim:
    return aws.weather.aim(Aim(fault, action, caller="stranger", nth=nth))


def code_and_status(refused: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    response = refused.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


class Vpc:
    """A VPC with two subnets and a security group, made in calm weather."""

    def __init__(self, aws: EmbeddedAws) -> None:
        ec2 = client_of(aws, "ec2")
        with aws.weather.calm():
            self.id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
            ec2.modify_vpc_attribute(VpcId=self.id, EnableDnsHostnames={"Value": True})
            self.subnets = [
                ec2.create_subnet(
                    VpcId=self.id,
                    CidrBlock=f"10.0.{number}.0/24",
                    AvailabilityZone=f"{REGION}{zone}",
                )["Subnet"]["SubnetId"]
                for number, zone in enumerate("ab")
            ]
            self.group = self.make_group(ec2, "first")

    def make_group(self, ec2: Any, name: str) -> str:
        made = ec2.create_security_group(VpcId=self.id, GroupName=name, Description="test")
        return str(made["GroupId"])

    def endpoint(self, service: str = "ecs", **more: Any) -> dict[str, Any]:
        return {
            "VpcId": self.id,
            "VpcEndpointType": "Interface",
            "ServiceName": f"com.amazonaws.{REGION}.{service}",
            "SubnetIds": self.subnets,
            **more,
        }

    def resolver(self, request_id: str) -> dict[str, Any]:
        return {
            "CreatorRequestId": request_id,
            "Direction": "INBOUND",
            "SecurityGroupIds": [self.group],
            "IpAddresses": [{"SubnetId": subnet} for subnet in self.subnets],
        }

    def endpoints_in(self, ec2: Any) -> list[str]:
        here = [{"Name": "vpc-id", "Values": [self.id]}]
        found = ec2.describe_vpc_endpoints(Filters=here)["VpcEndpoints"]
        return [each["VpcEndpointId"] for each in found]

    def groups_in(self, ec2: Any) -> set[str]:
        here = [{"Name": "vpc-id", "Values": [self.id]}]
        found = ec2.describe_security_groups(Filters=here)["SecurityGroups"]
        return {each["GroupName"] for each in found}


def fails(call: Callable[[], object]) -> bool:
    try:
        call()
    except (ClientError, ConnectionClosedError):
        return True
    return False


@contextmanager
def role(client: Client, *actions: str) -> Iterator[str]:
    """A role as AWS CloudFormation names them."""
    iam, name = client("iam"), f"{CALLER}-{uuid4().hex[:12].upper()}"
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": [*actions, "sts:Nothing"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document)
    yield arn
    iam.delete_role_policy(RoleName=name, PolicyName="p")
    iam.delete_role(RoleName=name)


def as_role(aws: EmbeddedAws, arn: str, service: str) -> Any:
    given = aws.principals.credentials_for(arn, "test")
    return SESSION.client(
        service,  # type: ignore[call-overload]
        REGION,
        endpoint_url=aws.url,
        aws_access_key_id=given.access_key_id,
        aws_secret_access_key=given.secret_access_key,
        aws_session_token=given.session_token,
        config=ONCE,
    )
