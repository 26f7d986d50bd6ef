"""Other tools at the same work: six interface endpoints and an inbound resolver, made and deleted.

Each is the shape of a tool and not the tool: in which order it makes things, how it looks at them,
and how long it waits between two looks. The intervals are those of the tools' sources, as each
says. None of them proves anything, keeps traffic from blinking, or looks whose a thing is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench import floors
from bench.amazon.account import Refused
from bench.amazon.compute import Network
from bench.app import App
from bench.lifecycles import Lifecycles, drawn

SERVICES = ("ecs-agent", "ecs-telemetry", "ecs", "ssm", "ssmmessages", "ec2messages")
ATTEMPTS = 25
"""Attempts of the SDK, as many as outlast an empty bucket; with its usual three a lone VPC
fails."""
MOST_SECONDS = 3600.0
HOST_SECONDS = 2.0
"""Seconds from one module of a playbook to the next: a playbook of twelve took 23.6 s on an AWS
that took no time."""


@dataclass(frozen=True)
class Rival:
    """The order and the intervals in which one tool works."""

    name: str
    first: float
    """Seconds before the first look at what was made."""
    then: float
    """Seconds between two looks."""
    side_by_side: bool = True
    """True where the tool makes everything, and then waits; False where it waits for each thing
    before the next."""
    as_one: bool = False
    """True where the tool looks at all interface endpoints, and deletes them, in one call."""
    start: float = 0
    """Seconds before each step: the start of a process."""
    asks: bool = False
    """True where the tool asks whether a thing is there before it makes it, and shows it
    afterwards."""


RIVALS: Sequence[Rival] = (
    Rival("a script, all at once, looks every 15 s", 15, 15, as_one=True),
    Rival("a script, waits for each, looks every 15 s", 15, 15, side_by_side=False),
    # hashicorp/terraform-provider-aws: Delay 5 s and MinTimeout 5 s for endpoints (10 s for
    # resolvers), ten resources at a time.
    Rival("Terraform's shape", 10, 5),
    # ansible-collections/amazon.aws, ec2_vpc_endpoint: finds, creates, waits until it exists, and
    # shows. There is no module for resolvers: the AWS CLI. A task with `until` waits 5 s.
    Rival("Ansible's shape: a playbook, with the AWS CLI for the resolver", 0, 5,
          as_one=True, start=HOST_SECONDS, asks=True),
    # The AWS CLI's waiter of a stack looks every 30 s (botocore, waiters-2.json).
    Rival("CloudFormation's shape, waited for by the CLI", 30, 30),
)  # fmt: skip


@dataclass(frozen=True)
class Lap:
    """One lap of a tool: all made, or all removed."""

    seconds: float
    factor: float
    """`seconds` over the rivals' floor."""
    calls: int
    refused: int


def laps(rival: Rival, seed: int) -> tuple[Lap, Lap]:
    """Return enable and disable, with the durations of `seed`. Raises AssertionError where the tool
    does not end within an hour."""
    with App(seed) as app:
        return there_and_back(app, rival, drawn(seed))


def there_and_back(app: App, rival: Rival, lives: Lifecycles) -> tuple[Lap, Lap]:
    """Return enable and disable of a new VPC in the account of `app`. Raises as `laps`."""
    run = _Run(app, app.add_vpc(1, lives), rival)
    enable = _lap(app, run.make, floors.enable(lives).simple)
    return enable, _lap(app, run.delete, floors.disable(lives).simple)


def _lap(app: App, work: Callable[[], None], floor: float) -> Lap:
    began, since = app.clock.now, len(app.account.calls)
    ends: list[tuple[float, BaseException | None]] = []
    app.clock.call(work, lambda _, error: ends.append((app.clock.now, error)))
    app.clock.run(began + MOST_SECONDS)
    calls = app.account.calls[since:]
    assert ends, "a rival does not end"
    [(end, error)] = ends
    if error:
        raise error
    refused = sum(call.throttled for call in calls)
    return Lap(end - began, (end - began) / floor, len(calls), refused)


@dataclass(frozen=True)
class Crowd:
    """The outcome of one script for each of many VPCs, all begun at once."""

    vpcs: int
    reached: int
    took: float
    """Seconds until the last script ended, well or not."""
    calls: int
    refused: int


def crowd(rival: Rival, size: int, attempts: int = ATTEMPTS) -> Crowd:
    """Return the outcome of `size` runs of a tool that know nothing of each other."""
    with App(0) as app:
        ends: list[tuple[float, BaseException | None]] = []
        for number in range(size):
            run = _Run(app, app.add_vpc(number + 1, drawn(number)), rival, attempts)
            app.clock.call(run.make, lambda _, error: ends.append((app.clock.now, error)))
        app.clock.run()
        assert len(ends) == size, "a rival does not end"
        calls = app.account.calls
        return Crowd(
            vpcs=size,
            reached=sum(error is None for _, error in ends),
            took=max(end for end, _ in ends),
            calls=len(calls),
            refused=sum(call.throttled for call in calls),
        )


Look = Callable[[], bool]


class _Run:
    """A tool at work on one VPC."""

    def __init__(self, app: App, network: Network, rival: Rival, attempts: int = ATTEMPTS) -> None:
        self._app, self._network, self._rival, self._attempts = app, network, rival, attempts
        self._group = ""
        self._resolver = ""
        self._endpoints: list[str] = []

    def make(self) -> None:
        self._make_group()
        self._make_resolver()
        self._wait_unless_side_by_side([self._resolver_is_up])
        for service in SERVICES:
            self._make_endpoint(service)
            self._wait_unless_side_by_side([self._are_available(self._endpoints[-1:])])
        if self._rival.side_by_side:
            self._wait([*self._each_or_all(self._are_available), self._resolver_is_up])
        self._step()
        self._call("ssm", "PutParameter", Name="/ips", Value="10.0.0.1", Overwrite=True)

    def delete(self) -> None:
        self._step()
        self._call("ssm", "DeleteParameters", Names=["/ips"])
        self._delete_resolver()
        self._wait_unless_side_by_side([self._resolver_is_gone])
        batches = [self._endpoints] if self._rival.as_one else [[id_] for id_ in self._endpoints]
        for ids in batches:
            self._step()
            self._call("ec2", "DeleteVpcEndpoints", VpcEndpointIds=ids)
            self._wait_unless_side_by_side([self._are_gone(ids)])
        if self._rival.side_by_side:
            self._wait([*self._each_or_all(self._are_gone), self._resolver_is_gone])
        while not self._deletes_group():
            self._app.clock.sleep(self._rival.then)

    # what a tool makes and deletes

    def _make_group(self) -> None:
        self._step()
        self._ask("DescribeSecurityGroups", Filters=self._of_the_vpc())
        made = self._call("ec2", "CreateSecurityGroup", VpcId=self._network.id, GroupName="g")
        self._group = str(made["GroupId"])
        self._call("ec2", "AuthorizeSecurityGroupIngress", GroupId=self._group, IpPermissions=[])
        self._ask("DescribeSecurityGroups", GroupIds=[self._group])

    def _make_resolver(self) -> None:
        self._step()
        made = self._call(
            "route53resolver",
            "CreateResolverEndpoint",
            CreatorRequestId=self._network.id,
            Direction="INBOUND",
            SecurityGroupIds=[self._group],
            IpAddresses=[{"SubnetId": subnet} for subnet in self._network.subnets],
        )
        self._resolver = made["ResolverEndpoint"]["Id"]

    def _make_endpoint(self, service: str) -> None:
        self._step()
        self._ask("DescribeVpcEndpoints", Filters=self._of_the_vpc())
        made = self._call(
            "ec2",
            "CreateVpcEndpoint",
            VpcId=self._network.id,
            VpcEndpointType="Interface",
            ServiceName=f"com.amazonaws.us-east-2.{service}",
            SubnetIds=list(self._network.subnets),
            SecurityGroupIds=[self._group],
        )
        self._endpoints.append(made["VpcEndpoint"]["VpcEndpointId"])
        self._ask("DescribeVpcEndpoints", VpcEndpointIds=self._endpoints[-1:])
        self._ask("DescribeVpcEndpoints", VpcEndpointIds=self._endpoints[-1:])

    def _delete_resolver(self) -> None:
        self._step()
        self._call("route53resolver", "DeleteResolverEndpoint", ResolverEndpointId=self._resolver)

    def _deletes_group(self) -> bool:
        self._step()
        try:
            self._call("ec2", "DeleteSecurityGroup", GroupId=self._group)
        except Refused as refused:
            if refused.code != "DependencyViolation":
                raise
            return False
        return True

    # how it looks

    def _resolver_is_up(self) -> bool:
        return self._resolver_status() == "OPERATIONAL"

    def _resolver_is_gone(self) -> bool:
        try:
            self._resolver_status()
        except Refused as refused:
            if refused.code != "ResourceNotFoundException":
                raise
            return True
        return False

    def _resolver_status(self) -> object:
        self._step()
        return self._call(
            "route53resolver", "GetResolverEndpoint", ResolverEndpointId=self._resolver
        )["ResolverEndpoint"]["Status"]

    def _are_available(self, ids: list[str]) -> Look:
        return lambda: {each["State"] for each in self._shown(ids)} == {"available"}

    def _are_gone(self, ids: list[str]) -> Look:
        return lambda: not self._shown(ids)

    def _shown(self, ids: list[str]) -> list[dict[str, object]]:
        self._step()
        shown = self._call("ec2", "DescribeVpcEndpoints", Filters=self._of_the_vpc())
        return [each for each in shown["VpcEndpoints"] if each["VpcEndpointId"] in ids]

    def _each_or_all(self, look: Callable[[list[str]], Look]) -> list[Look]:
        if self._rival.as_one:
            return [look(self._endpoints)]
        return [look([id_]) for id_ in self._endpoints]

    def _wait_unless_side_by_side(self, looks: Sequence[Look]) -> None:
        if not self._rival.side_by_side:
            self._wait(looks)

    def _wait(self, looks: Sequence[Look]) -> None:
        self._app.clock.sleep(self._rival.first)
        while looks := [look for look in looks if not look()]:
            self._app.clock.sleep(self._rival.then)

    # how it calls

    def _of_the_vpc(self) -> list[dict[str, object]]:
        return [{"Name": "vpc-id", "Values": [self._network.id]}]

    def _step(self) -> None:
        self._app.clock.sleep(self._rival.start)

    def _ask(self, action: str, **parameters: object) -> None:
        if self._rival.asks:
            self._call("ec2", action, **parameters)

    def _call(self, service: str, action: str, **parameters: object) -> Any:
        return self._app.account.call_patiently(
            service, action, parameters, self._rival.name, self._attempts
        )
