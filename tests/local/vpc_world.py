"""A started embedded AWS with recorded networks, fresh VPCs in it, and stock moto beside it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from local.contracts import InboundAddress, NetworkState, Site
from local.engine import EmbeddedAws
from local.settings import Settings

REGION = "us-east-2"
SETTINGS = Settings(region=REGION, time_scale=0.01)
GAPS = ("interface_endpoints", "inbound_resolvers", "security_groups")


class RecordedNetworks:
    """Networks that only remember the state of each VPC, and every state that was applied."""

    def __init__(self) -> None:
        self._applied: list[tuple[float, str, NetworkState]] = []

    def apply(self, vpc_id: str, state: NetworkState) -> None:
        self._applied.append((time.monotonic(), vpc_id, state))

    def now(self, vpc_id: str) -> NetworkState:
        states = (state for _, id_, state in reversed(self._applied) if id_ == vpc_id)
        return next(states, NetworkState(cidrs=()))

    def first(self, vpc_id: str, wanted: Callable[[NetworkState], object]) -> float:
        """Return when a state that is as wanted was first applied, in AWS seconds."""
        times = (at for at, id_, state in self._applied if id_ == vpc_id and wanted(state))
        return next(times) / SETTINGS.time_scale

    def run_inside(
        self,
        vpc_id: str,
        cidrs: Sequence[str],
        command: Sequence[str],
        environment: Mapping[str, str],
        runtime_api: str,
    ) -> subprocess.Popen[bytes]:
        raise NotImplementedError

    def connect_site(self, vpc_id: str, cidrs: Sequence[str], onprem_cidr: str) -> Site:
        raise NotImplementedError

    def inbound_addresses(self) -> Sequence[InboundAddress]:
        return ()

    def close(self) -> None:
        pass


class World:
    """Clients of a started embedded AWS, and what tests make in it."""

    def __init__(self, aws: EmbeddedAws, networks: RecordedNetworks) -> None:
        self.aws, self.networks = aws, networks
        self.ec2 = self.client("ec2")
        self.resolver = self.client("route53resolver")

    def client(self, service: str, region: str = REGION, *, validate: bool = True) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            region_name=region,
            endpoint_url=self.aws.url,
            aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
            aws_secret_access_key="example",
            config=Config(parameter_validation=validate),
        )

    def vpc(self, *, dns: bool = True, **options: Any) -> str:
        vpc_id: str = self.ec2.create_vpc(CidrBlock="10.0.0.0/16", **options)["Vpc"]["VpcId"]
        self.ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": dns})
        return vpc_id

    def subnet(self, vpc_id: str, zone: str = "a", third: int = 0, prefix: int = 24) -> str:
        subnet = self.ec2.create_subnet(
            VpcId=vpc_id,
            CidrBlock=f"10.0.{third}.0/{prefix}",
            AvailabilityZone=f"{REGION}{zone}",
        )
        return str(subnet["Subnet"]["SubnetId"])

    def dual_stack_vpc(self) -> tuple[str, str]:
        """Make a VPC and a subnet in it, both with IPv4 and IPv6, and return their ids."""
        vpc_id = self.vpc(AmazonProvidedIpv6CidrBlock=True)
        [shown] = self.ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"]
        network = shown["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]
        cidr = network.replace("/56", "/64")
        made = self.ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.0.9.0/24", Ipv6CidrBlock=cidr)
        return vpc_id, str(made["Subnet"]["SubnetId"])

    def group(self, vpc_id: str, name: str = "endpoints") -> str:
        group = self.ec2.create_security_group(GroupName=name, Description="x", VpcId=vpc_id)
        return str(group["GroupId"])

    def endpoint(self, vpc_id: str, service: str = "ecs", **options: Any) -> dict[str, Any]:
        request = {"VpcEndpointType": "Interface", "PrivateDnsEnabled": False, **options}
        made: dict[str, Any] = self.ec2.create_vpc_endpoint(
            VpcId=vpc_id, ServiceName=f"com.amazonaws.{REGION}.{service}", **request
        )["VpcEndpoint"]
        return made

    def described(self, endpoint_id: str) -> dict[str, Any]:
        found = self.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"]
        return dict(found[0])

    def available(self, endpoint_id: str) -> dict[str, Any]:
        until(lambda: self.described(endpoint_id)["State"] == "available")
        return self.described(endpoint_id)


@contextmanager
def started(settings: Settings = SETTINGS, gaps: tuple[str, ...] = GAPS) -> Iterator[World]:
    aws, networks = EmbeddedAws(settings, gaps=gaps), RecordedNetworks()
    aws.networks = networks
    with aws:
        yield World(aws, networks)


def until(condition: Callable[[], Any], seconds: float = 5) -> None:
    """Waits for `condition`; its last falsehood is the failure."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.01)


def error_of(call: Callable[[], Any]) -> tuple[str, str]:
    """The code and message of the error that `call` must end in."""
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    raise AssertionError("AWS would have refused")


def stock_moto(script: str) -> str:
    """Return what `script` prints on moto as it is, in a process without our patches."""
    prologue = (
        "import boto3\nfrom moto import mock_aws\nmock_aws().start()\n"
        f"client = lambda s: boto3.client(s, region_name='{REGION}', aws_access_key_id='x',"
        " aws_secret_access_key='x')\n"
        "ec2 = client('ec2')\nvpc = ec2.create_vpc(CidrBlock='10.0.0.0/16')['Vpc']['VpcId']\n"
        "subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f'10.0.{i}.0/24', AvailabilityZone="
        f"'{REGION}a')['Subnet']['SubnetId'] for i in range(2)]\n"
        "group = ec2.create_security_group(GroupName='g', Description='x', VpcId=vpc)['GroupId']\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", prologue + script], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
