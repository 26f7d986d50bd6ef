"""The tools of a step: AWS, the record, the state, and waits."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from connectivity.domain import tags

from e2e.amazon import UNANSWERED, Amazon, code_of
from e2e.asked import Asked
from e2e.record import Record
from e2e.state import State

Found = TypeVar("Found")

ONPREM = "10.64.0.0/16"
"""The network that stands for on-premises."""
MINUTE = 60.0


class StepFailedError(Exception):
    """An error: a step cannot go on; the message says what was waited for, or what AWS said."""


class Skipped(Exception):
    """An error: a step needs what is not there; the message says what, and which option gives
    it."""


@dataclass(frozen=True)
class Ended:
    """An execution of the workflow."""

    arn: str
    status: str
    error: str
    output: Mapping[str, Any]


@dataclass
class Lab:
    asked: Asked
    amazon: Amazon
    record: Record
    state: State

    def client(self, service: str) -> Any:
        return self.amazon.client(service)

    @property
    def pause(self) -> float:
        """Seconds between two looks."""
        return 0.3 if self.amazon.endpoint else 5.0

    def until(self, found: Callable[[], Found], what: str, seconds: float = 5 * MINUTE) -> Found:
        """Return what `found` returns as soon as that is true. Raises StepFailedError when that
        takes too long."""
        end = time.monotonic() + seconds * self.asked.patience
        while True:
            there = found()
            if there:
                return there
            if time.monotonic() > end:
                raise StepFailedError(f"waited {seconds:.0f} s in vain for: {what}")
            time.sleep(self.pause)

    def attempt(self, what: str, call: Callable[[], Any]) -> Any:
        """Return what AWS answers, and None with a note in the record where it does not."""
        try:
            return call()
        except UNANSWERED as error:
            self.record.fact(f"{what}: not answered", f"{code_of(error)}: {error}")
            return None

    @property
    def outputs(self) -> dict[str, str]:
        """Return the stack's outputs."""
        found = self.client("cloudformation").describe_stacks(StackName=self.state.stack)
        return {o["OutputKey"]: o["OutputValue"] for o in found["Stacks"][0].get("Outputs", [])}

    def resources(self) -> list[dict[str, str]]:
        """Return the resources of the stack."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources")
        return [
            each
            for page in pages.paginate(StackName=self.state.stack)
            for each in page["StackResourceSummaries"]
        ]

    def resource(self, logical_id: str) -> str:
        """Return the physical id of something in the stack."""
        return next(
            each["PhysicalResourceId"]
            for each in self.resources()
            if each["LogicalResourceId"] == logical_id
        )

    # The VPC

    def tag(self, **changes: str) -> None:
        """Set tags of the VPC by short names, in one call; a name with an empty value is taken
        off."""
        keys = {
            "wish": tags.WISH,
            "services": tags.SERVICES,
            "onprem_cidrs": tags.ONPREM_CIDRS,
        }
        ec2, there = self.client("ec2"), {keys[n]: v for n, v in changes.items() if v}
        gone = [{"Key": keys[name]} for name, value in changes.items() if not value]
        if there:
            pairs = [{"Key": key, "Value": value} for key, value in there.items()]
            ec2.create_tags(Resources=[self.state.vpc], Tags=pairs)
        if gone:
            ec2.delete_tags(Resources=[self.state.vpc], Tags=gone)

    def tags(self) -> dict[str, str]:
        found = self.client("ec2").describe_vpcs(VpcIds=[self.state.vpc])["Vpcs"][0]
        return {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}

    def in_vpc(self) -> list[dict[str, Any]]:
        return [{"Name": "vpc-id", "Values": [self.state.vpc]}]

    def endpoints(self) -> list[dict[str, Any]]:
        """Return the VPC endpoints of the VPC that are not on their way out."""
        found = self.client("ec2").describe_vpc_endpoints(Filters=self.in_vpc())["VpcEndpoints"]
        return [each for each in found if each["State"].lower() not in {"deleting", "deleted"}]

    def resolvers(self) -> list[dict[str, Any]]:
        here = [{"Name": "HostVPCId", "Values": [self.state.vpc]}]
        found = self.client("route53resolver").list_resolver_endpoints(Filters=here)
        return list(found["ResolverEndpoints"])

    def published(self) -> dict[str, Any]:
        """Return the document that on-premises reads; empty where there is none."""
        name = f"/ecs-anywhere/private-connectivity/{self.state.vpc}/forwarding"
        found = self.client("ssm").get_parameters(Names=[name])["Parameters"]
        return dict(json.loads(found[0]["Value"])) if found else {}

    # Executions

    def executions(self) -> dict[str, str]:
        """Return the VPC's executions: ARN -> status."""
        machine = self.outputs["StateMachineArn"]
        listed = self.client("stepfunctions").list_executions(
            stateMachineArn=machine, maxResults=200
        )
        return {
            each["executionArn"]: each["status"]
            for each in listed["executions"]
            if each["name"].startswith(self.state.vpc)
        }

    def at_work(self) -> bool:
        return "RUNNING" in self.executions().values()

    def run_of(self, act: Callable[[], object], what: str, seconds: float = 30 * MINUTE) -> Ended:
        """Do something that starts an execution, and return the last one that it started, when all
        have ended."""
        before = self.executions()
        begun = time.monotonic()
        act()

        def new() -> dict[str, str]:
            return {arn: s for arn, s in self.executions().items() if arn not in before}

        self.until(new, f"an execution after: {what}", 3 * MINUTE)
        self.record.lag(f"from the call to its execution: {what}", time.monotonic() - begun)
        there = self.until(lambda: _all_ended(new()), f"the end of: {what}", seconds)
        self.record.lag(what, time.monotonic() - begun)
        ended = sorted((self.describe(arn) for arn in there), key=lambda pair: pair[0])
        return ended[-1][1]

    def describe(self, arn: str) -> tuple[Any, Ended]:
        """Return when an execution began, and what became of it."""
        said = self.client("stepfunctions").describe_execution(executionArn=arn)
        output = json.loads(said.get("output") or "{}")
        error = f"{said.get('error', '')} {said.get('cause', '')}".strip()
        return said["startDate"], Ended(arn, said["status"], error, output)


def _all_ended(executions: Mapping[str, str]) -> Mapping[str, str]:
    is_running = "RUNNING" in executions.values()
    return {} if is_running else executions
