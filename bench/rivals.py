"""Other tools at the rivals' work: six interface endpoints and an inbound resolver, in the model.

Each is the shape of a tool and not the tool: in which order it makes things, and how long it waits
between two looks. The intervals are those of the tools' sources, as each says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench import floors
from bench.amazon.account import Refused
from bench.amazon.compute import Network
from bench.app import App
from bench.lifecycles import drawn

SERVICES = ("ecs-agent", "ecs-telemetry", "ecs", "ssm", "ssmmessages", "ec2messages")
ATTEMPTS = 25
"""With as many the SDK waits the bucket out; with its usual three a lone VPC fails."""
MOST_SECONDS = 3600.0


@dataclass(frozen=True)
class Rival:
    """One tool's shape."""

    name: str
    side_by_side: bool
    """It makes everything, and then waits."""
    first: float
    """Seconds before the first look at what was made."""
    then: float
    """Seconds between two looks."""


RIVALS: Sequence[Rival] = (
    Rival("a script, all at once, looks every 15 s", True, 15, 15),
    Rival("a script, waits for each, looks every 15 s", False, 15, 15),
    # hashicorp/terraform-provider-aws: Delay 5 s and MinTimeout 5 s for endpoints (10 s for
    # resolvers), ten resources at a time.
    Rival("Terraform's shape", True, 10, 5),
    # The AWS CLI's waiter of a stack looks every 30 s (botocore, waiters-2.json).
    Rival("CloudFormation's shape, waited for by the CLI", True, 30, 30),
)


def ratio(rival: Rival, seed: int) -> tuple[float, int]:
    """Return the time over the simple floor, and the calls, with the durations of `seed`."""
    lives = drawn(seed)
    with App(seed) as app:
        network = app.add_vpc(1, lives)
        ends: list[float] = []
        app.clock.call(
            lambda: _Run(app, network, rival).everything(), lambda value, _: ends.append(value)
        )
        app.clock.run(MOST_SECONDS)
        assert ends and ends[0] is not None, f"{rival.name} does not end"
        return ends[0] / floors.enable(lives).simple, len(app.account.calls)


class _Run:
    def __init__(self, app: App, network: Network, rival: Rival) -> None:
        self._app, self._network, self._rival = app, network, rival

    def everything(self) -> float:
        """Return the seconds that it took."""
        group = self._call("ec2", "CreateSecurityGroup", VpcId=self._network.id, GroupName="g")
        self._call(
            "ec2", "AuthorizeSecurityGroupIngress", GroupId=group["GroupId"], IpPermissions=[]
        )
        looks = [self._resolver(group["GroupId"])]
        if not self._rival.side_by_side:
            self._wait(looks)
        for service in SERVICES:
            look = self._endpoint(service, group["GroupId"])
            looks.append(look)
            if not self._rival.side_by_side:
                self._wait([look])
        self._wait(looks)
        self._call("ssm", "PutParameter", Name="/ips", Value="10.0.0.1", Overwrite=True)
        return self._app.clock.now

    def _call(self, service: str, action: str, **parameters: object) -> dict[str, object]:
        answer: dict[str, object] = self._app.account.call_patiently(
            service, action, parameters, self._rival.name, ATTEMPTS
        )
        return answer

    def _resolver(self, group: object) -> Callable[[], bool]:
        self._call(
            "route53resolver",
            "CreateResolverEndpoint",
            CreatorRequestId="r",
            Direction="INBOUND",
            SecurityGroupIds=[group],
            IpAddresses=[{"SubnetId": subnet} for subnet in self._network.subnets],
        )
        [id_] = self._app.resolution.resolvers

        def look() -> bool:
            try:
                self._call("route53resolver", "GetResolverEndpoint", ResolverEndpointId=id_)
            except Refused:
                return False
            return bool(self._app.resolution.resolvers[id_]["Status"] == "OPERATIONAL")

        return look

    def _endpoint(self, service: str, group: object) -> Callable[[], bool]:
        known = {*self._network.endpoints}
        self._call(
            "ec2",
            "CreateVpcEndpoint",
            VpcId=self._network.id,
            VpcEndpointType="Interface",
            ServiceName=f"com.amazonaws.us-east-2.{service}",
            SubnetIds=list(self._network.subnets),
            SecurityGroupIds=[group],
        )
        [id_] = {*self._network.endpoints} - known

        def look() -> bool:
            self._call("ec2", "DescribeVpcEndpoints", VpcEndpointIds=[id_])
            return bool(self._network.endpoints[id_].shown["State"] == "available")

        return look

    def _wait(self, looks: Sequence[Callable[[], bool]]) -> None:
        self._app.clock.sleep(self._rival.first)
        waiting = [look for look in looks if not look()]
        while waiting:
            self._app.clock.sleep(self._rival.then)
            waiting = [look for look in waiting if not look()]
