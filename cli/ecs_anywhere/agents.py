"""The agents of a VPC's container hosts: whether each is there, connected, and on a private way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from connectivity.adapters import wiring

from ecs_anywhere import looking, managed_hosts
from ecs_anywhere.asking import NotAskedError
from ecs_anywhere.host_checks import UNDER_WAY, HostCheck, ManagedHost, host_checks, of_vpc
from ecs_anywhere.stack import Stack

LOOK_SECONDS = 2.0
UNTIL_RUN = 330.0
"""Seconds that a command is given: the document's own five minutes, and the way there."""
UNTIL_CONNECTED = 300.0
"""Seconds that an ECS agent is given to connect again."""
SHELL = "AWS-RunShellScript"
RESTART = "systemctl restart ecs"
AT_ONCE = 50
"""Hosts that one command can name."""


@dataclass(frozen=True)
class Agent:
    """One container host, with both of its agents."""

    check: HostCheck
    ping: str
    """State of its SSM agent: `Online`, or what AWS says instead."""
    connected: bool | None
    """State of its ECS agent; None where the host is not in the cluster."""

    @property
    def is_well(self) -> bool:
        return self.ping == "Online" and self.connected is True and self.check.verdict == "private"

    @property
    def next_step(self) -> str:
        """Return what a person does next for this host; empty where all is well."""
        if self.ping != "Online":
            return "on it: systemctl status amazon-ssm-agent, and ecs-anywhere-check"
        if self.connected is None:
            return "on it: systemctl status ecs; ECS_CLUSTER in /etc/ecs/ecs.config is its cluster"
        if not self.connected:
            return "on it: ecs-anywhere-check, and the end of /var/log/ecs/ecs-agent.log"
        if self.check.verdict == "unchecked":
            return "ecs-anywhere agents check"
        if self.check.verdict == "public" and self.check.names_are_private:
            return "ecs-anywhere agents restart"
        return "; ".join(self.check.said)

    def as_of(self, since: float) -> Agent:
        """Return the agent as it is known since then: an answer from before says nothing of now."""
        if self.check.checked_at >= since:
            return self
        said = ("the check that was sent has not ended there: its last answer is from before",)
        check = replace(self.check, verdict="unchecked", said=said, names_are_private=False)
        return replace(self, check=check)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "is_well": self.is_well, "next_step": self.next_step}


@dataclass(frozen=True)
class Site:
    """The container hosts of one VPC, in one cluster."""

    stack: Stack
    vpc: str
    cluster: str
    sleep: Callable[[float], None] = time.sleep

    def agents(self) -> tuple[Agent, ...]:
        """Return every host, worst first. Raises NotAskedError and botocore's ClientError."""
        hosts, now = self.hosts(), time.time()
        runs = managed_hosts.invocations(self.stack, now)
        checks = host_checks(hosts, runs, self._published(), now)
        pings = {host.instance: host.ping for host in hosts}
        connected = self._connected()
        return tuple(
            Agent(each, pings[each.instance], connected.get(each.instance)) for each in checks
        )

    def hosts(self) -> tuple[ManagedHost, ...]:
        """Return the hosts, as AWS Systems Manager knows them. Raises NotAskedError where the stack
        checks none."""
        if managed_hosts.host_tag(self.stack) is None:
            raise NotAskedError(
                f"{self.stack.name} checks no container hosts: update it with the parameter "
                "ContainerHostTag=ecs-anywhere:container-host=yes"
            )
        connected = [e.vpc_id for e in wiring.ledger().entries() if e.served.wish]
        found = managed_hosts.hosts(self.stack, connected)
        return of_vpc(found, self.vpc, is_only=connected == [self.vpc])

    def check(self, instances: Sequence[str]) -> float:
        """Run the check on these hosts, and wait until it has ended everywhere, or its time has
        passed. Return when it was sent, by AWS's clock in seconds since the epoch: `Agent.as_of`
        tells who has answered since. Raises botocore's ClientError."""
        document = self.stack.resources[managed_hosts.DOCUMENT][1]
        sent = [
            self._send(document, instances[start : start + AT_ONCE])
            for start in range(0, len(instances), AT_ONCE)
        ]
        self._until(lambda: all(self._has_ended(command) for command, _ in sent), UNTIL_RUN)
        return min((at for _, at in sent), default=0.0)

    def restart(self, instance: str) -> float:
        """Restart one host's ECS agent, wait until it is connected, and run the check. Return when
        the check was sent, as `check` does. Raises NotAskedError where it does not come back."""
        command, _ = self._send(SHELL, [instance], {"commands": [RESTART]})
        self._until(lambda: self._has_ended(command), UNTIL_RUN)
        said = self._status(command, instance)
        if said != "Success":
            raise NotAskedError(f"{RESTART} on {instance} ended with {said}: look at that host")
        if not self._until(lambda: self._connected().get(instance) is True, UNTIL_CONNECTED):
            raise NotAskedError(
                f"the ECS agent of {instance} has not connected again within five minutes: look at "
                "the end of /var/log/ecs/ecs-agent.log there. No other host was touched"
            )
        return self.check([instance])

    def _send(
        self, document: str, instances: Sequence[str], parameters: Mapping[str, Any] | None = None
    ) -> tuple[str, float]:
        """Return the command's id, and when AWS took it: whole seconds, as AWS may round them."""
        sent = self.stack.client("ssm").send_command(
            DocumentName=document,
            InstanceIds=list(instances),
            **({"Parameters": parameters} if parameters else {}),
        )
        command = sent["Command"]
        return str(command["CommandId"]), float(int(command["RequestedDateTime"].timestamp()))

    def _has_ended(self, command: str) -> bool:
        """Tell whether the command has come to its end on every host. AWS lists its invocations a
        moment after it was sent."""
        listed = self._listed(command)
        return bool(listed) and not any(each["Status"] in UNDER_WAY for each in listed)

    def _status(self, command: str, instance: str) -> str:
        found = [e["Status"] for e in self._listed(command) if e["InstanceId"] == instance]
        return str(found[0]) if found else "no answer"

    def _listed(self, command: str) -> list[Mapping[str, Any]]:
        pages = self.stack.client("ssm").get_paginator("list_command_invocations")
        return [
            each
            for page in pages.paginate(CommandId=command)
            for each in page["CommandInvocations"]
        ]

    def _connected(self) -> dict[str, bool]:
        """Return whether the ECS agent of each managed instance of the cluster is connected. Raises
        NotAskedError where there is no such cluster."""
        ecs = self.stack.client("ecs")
        try:
            return dict(_connections(ecs, self.cluster))
        except ecs.exceptions.ClusterNotFoundException:
            raise NotAskedError(
                f"there is no cluster {self.cluster} in {self.stack.region}: name it with --cluster"
            ) from None

    def _published(self) -> Mapping[str, Sequence[str]]:
        return looking.published(wiring.ledger().read(self.vpc), self.stack.path)

    def _until(self, is_so: Callable[[], bool], seconds: float) -> bool:
        """Look until it is so, or the time has passed; return which."""
        for _ in range(round(seconds / LOOK_SECONDS)):
            if is_so():
                return True
            self.sleep(LOOK_SECONDS)
        return is_so()


def _connections(ecs: Any, cluster: str) -> Iterator[tuple[str, bool]]:
    pages = ecs.get_paginator("list_container_instances").paginate(cluster=cluster)
    for page in pages:
        if arns := page["containerInstanceArns"]:
            found = ecs.describe_container_instances(cluster=cluster, containerInstances=arns)
            for each in found["containerInstances"]:
                yield each["ec2InstanceId"], bool(each["agentConnected"])
