"""The account under the storm: its script performed, its quiet waited for, its VPCs looked at."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from local.example_vpc import ONPREM_CIDR, remnants
from local.unkind.faults import Aim, EventFault
from tests.storm.script import REQUESTED, TAGGED, UNTAGGED, Action, Moment, Script
from tests.story import inside
from tests.story.app import ONPREM_CIDRS, SERVICES, STATUS, WISH, App

REQUIRED = ("ecs-agent", "ecs-telemetry", "ecs", "ssm", "ssmmessages", "ec2messages")
QUIET_LOOKS = 6
LOOK_SECONDS = 0.04
LONGEST_WAIT = 180
MOST_SWEEPS = 4


@dataclass
class Sky(App):
    """The deployed app. Clients are made once: a new one takes longer than its call."""

    clients: dict[str, Any] = field(default_factory=dict)

    def _repr_pretty_(self, printer: Any, _is_cycle: bool) -> None:
        """Short: Hypothesis shows it beside the script."""
        printer.text("the account")

    def client(self, service: str) -> Any:
        if service not in self.clients:
            self.clients[service] = self.aws.client(service)
        return self.clients[service]

    def remnants(self, vpc_id: str) -> dict[str, list[str]]:
        return {kind: names for kind, names in remnants(self, vpc_id).items() if names}

    # ------------------------------------------------------------------------- the script

    def perform(self, script: Script, vpcs: Sequence[str]) -> None:
        """Perform the script; return when all that came of it has ended."""
        start = self.aws.clock.now()
        with ThreadPoolExecutor() as sweeps:
            for at, deed in sorted(self._deeds(script, vpcs, sweeps), key=lambda deed: deed[0]):
                self.aws.clock.sleep(start + at - self.aws.clock.now())
                deed()
        self.until_all_is_done()

    def _deeds(
        self, script: Script, vpcs: Sequence[str], sweeps: ThreadPoolExecutor
    ) -> Iterable[tuple[int, Any]]:
        """Yield the deeds of a script with their times."""
        for at, moment in script.timed():
            vpc_id, action = vpcs[moment.vpc], moment.action
            if action is Action.SWEEP:
                yield at, partial(sweeps.submit, self.sweep)
            elif action is Action.STOP:
                yield at, partial(self.stop, vpc_id)
            elif action in REQUESTED:
                kind, detail = REQUESTED[action]
                request = partial(self.request, kind, {"vpc-id": vpc_id, **detail})
                yield from ((at + late, request) for late in moment.deliveries)
            else:
                yield at, partial(self.change_tag, vpc_id, moment)
                event = partial(self.send_tag_event, vpc_id)
                # The first of those in time is AWS's own.
                again = moment.deliveries[1:] if 0 in moment.deliveries else moment.deliveries
                yield from ((at + late, event) for late in again)

    def change_tag(self, vpc_id: str, moment: Moment) -> None:
        if 0 not in moment.deliveries:
            self.aws.weather.aim(Aim(EventFault.LOST, "aws.tag", caller="TagChanged"))
        if moment.action in TAGGED:
            key, value = TAGGED[moment.action]
            tag = {"Key": key, "Value": value}
            self.client("ec2").create_tags(Resources=[vpc_id], Tags=[tag])
        else:
            self.untag(vpc_id, UNTAGGED[moment.action])
        # A change that changes nothing has no event, and leaves its aim.
        self.aws.weather.forget_aims()

    def send_tag_event(self, vpc_id: str) -> None:
        region, account = self.aws.settings.region, self.aws.settings.account
        self.aws.events.publish(
            "aws.tag",
            "Tag Change on Resource",
            {"changed-tag-keys": [WISH], "service": "ec2", "resource-type": "vpc"},
            [f"arn:aws:ec2:{region}:{account}:vpc/{vpc_id}"],
            region,
        )

    def stop(self, vpc_id: str) -> None:
        """All of the VPC's executions that are running."""
        for arn in self.running():
            if vpc_id in arn:
                self.client("stepfunctions").stop_execution(executionArn=arn)

    # -------------------------------------------------------------------------- the quiet

    def running(self) -> list[str]:
        found = inside.executions(self.aws)
        return [str(each.exec_arn) for each in found if inside.is_running(each)]

    def until_all_is_done(self) -> None:
        """All events that were delivered are dealt with, and nothing runs or calls any more."""
        deadline, looks = time.monotonic() + LONGEST_WAIT, 0
        while looks < QUIET_LOOKS:
            before = self.aws.journal.mark()
            time.sleep(LOOK_SECONDS)
            is_silent = self.aws.journal.mark() == before
            is_done = is_silent and not self.running() and not self.aws.lambdas.unfinished_events
            looks = looks + 1 if is_done else 0
            assert time.monotonic() < deadline, f"still running: {self.running()}"

    # -------------------------------------------------------------------------- the world

    def differences(self, vpc_id: str) -> list[str]:
        """Return a line for each difference between the world and the VPC's tags."""
        tags = self.tags(vpc_id)
        is_wanted = tags.get(WISH, "").lower() == "enabled"
        there = self._connection(vpc_id) if is_wanted else self._nothing(vpc_id)
        asked = self._asked(vpc_id, tags) if is_wanted else {"remnants": {}, "status": True}
        both = {"holder": None, **asked}, {"holder": self.ledger(vpc_id).get("holder"), **there}
        return [
            f"{vpc_id} {what}: {both[1].get(what)} where {both[0][what]} is asked for"
            for what in both[0]
            if both[0][what] != both[1].get(what)
        ]

    def _nothing(self, vpc_id: str) -> dict[str, Any]:
        said = self.tags(vpc_id).get(STATUS, "removed")
        return {"remnants": self.remnants(vpc_id), "status": said == "removed" or said}

    def _asked(self, vpc_id: str, tags: Mapping[str, str]) -> dict[str, Any]:
        services = {*REQUIRED, *tags.get(SERVICES, "").split("+")} - {""}
        networks = {*tags.get(ONPREM_CIDRS, ONPREM_CIDR).split()}
        offered = self.client("ec2").describe_vpc_endpoint_services(
            ServiceNames=[f"com.amazonaws.{self.aws.settings.region}.{name}" for name in services]
        )["ServiceDetails"]
        names = {entry["PrivateDnsName"] for each in offered for entry in each["PrivateDnsNames"]}
        return {
            "endpoints": {f"{name} Interface": ("available", True) for name in services},
            "networks": networks,
            "published": ("active", names),
            "resolvers": 1,
            "status": "connected",
        }

    def _connection(self, vpc_id: str) -> dict[str, Any]:
        endpoints, there = self.endpoints(vpc_id), self.remnants(vpc_id)
        if "security groups" not in there or "parameters" not in there:
            return {"endpoints": there}
        document = json.loads(self.parameters(vpc_id).get("forwarding", "{}"))
        return {
            "endpoints": {
                name: (each["State"].lower(), each["PrivateDnsEnabled"])
                for name, each in endpoints.items()
            },
            # Those of the VPC itself are admitted as well.
            "networks": {cidr for _, _, cidr in self.ingress(vpc_id, "endpoints")}
            - {*document.get("vpcCidrs", [])},
            "published": (document.get("state"), {*document.get("names", {})}),
            "resolvers": len(there.get("resolver endpoints", [])),
            "status": self.tags(vpc_id).get(STATUS),
        }

    # -------------------------------------------------------------------------- afterwards

    def clear(self, vpcs: Sequence[str]) -> None:
        """Remove everything of these VPCs, whatever a script and its failure have left behind."""
        self.aws.weather.forget_aims()
        for vpc_id in vpcs:
            self.untag(vpc_id)
        self.until_all_is_done()
        for _ in range(MOST_SWEEPS):
            if not any(self.remnants(vpc_id) for vpc_id in vpcs):
                return
            self.sweep()
            self.until_all_is_done()
        raise AssertionError([self.remnants(vpc_id) for vpc_id in vpcs])
