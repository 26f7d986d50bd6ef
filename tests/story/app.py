"""The deployed app, with the deeds and the views of its user in the words of the stories."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from local.contracts import Call, Notification
from local.engine import EmbeddedAws
from local.example_vpc import make_vpc, remnants, tag, tags_of
from local.watch import follow
from tests.story import inside

WISH = "ecs-anywhere:private-connectivity"
SERVICES = "ecs-anywhere:services"
ONPREM_CIDRS = "ecs-anywhere:onprem-cidrs"
STATUS = "ecs-anywhere:status"
DETAIL = "ecs-anywhere:status-detail"
SOURCE = "ecs-anywhere.private-connectivity"
AT_WORK = "Somebody else is at work"
QUIET_LOOKS = 10
"""A tenth of a second apart: longer than EventBridge takes here."""
LONG_AHEAD = 4_000_000_000
"""Seconds since the epoch that no clock of a story comes to."""


@dataclass(frozen=True)
class Ended:
    """An execution that has ended."""

    arn: str
    status: str
    error: str
    cause: str
    output: Mapping[str, Any]
    states: Sequence[str]
    """Names of the states in the order in which they were entered."""
    transitions: int
    """The number of transitions as AWS bills them: every state entered, and every retry."""

    @property
    def made_nothing(self) -> bool:
        """Tell whether the execution only looked."""
        return not {"Connect", "Take away"} & set(self.states)


@dataclass
class App:
    """The deployed app and its account. `seen` are the executions that a story has dealt with."""

    aws: EmbeddedAws
    seen: set[str] = field(default_factory=set)

    def client(self, service: str) -> Any:
        return self.aws.client(service)

    @property
    def machine(self) -> str:
        return self.aws.outputs["StateMachineArn"]

    def vpc(self, **how: Any) -> str:
        return make_vpc(self.client("ec2"), **how)

    def tag(self, vpc_id: str, **tags: str) -> None:
        """`wish`, `services`, `onprem_cidrs` and `resolver_ips` by these short names."""
        keys = {
            "wish": WISH,
            "services": SERVICES,
            "onprem_cidrs": ONPREM_CIDRS,
            "resolver_ips": "ecs-anywhere:resolver-ips",
            "resolver": "ecs-anywhere:resolver",
            "endpoint_policy": "ecs-anywhere:endpoint-policy",
        }
        tag(self.client("ec2"), vpc_id, {keys[name]: value for name, value in tags.items()})

    def untag(self, vpc_id: str, key: str = WISH) -> None:
        self.client("ec2").delete_tags(Resources=[vpc_id], Tags=[{"Key": key}])

    def request(self, kind: str, detail: Mapping[str, Any]) -> None:
        """A request event, as anybody with events:PutEvents sends it."""
        entry = {"Source": SOURCE, "DetailType": kind, "Detail": json.dumps(detail)}
        answer = self.client("events").put_events(Entries=[entry])
        assert answer["FailedEntryCount"] == 0, answer

    def until_quiet(self) -> None:
        """The late events of another story have come, and what they started has ended."""
        looks = [0]

        def is_quiet() -> bool:
            running = any(map(inside.is_running, inside.executions(self.aws)))
            looks.append(self.aws.journal.mark())
            return not running and looks[-QUIET_LOOKS:] == [looks[-1]] * QUIET_LOOKS

        until(is_quiet)

    def sweep(self) -> Any:
        """Run a sweep now, as the schedule does."""
        functions = self.client("lambda").list_functions()["Functions"]
        name = next(f["FunctionName"] for f in functions if "SweepFunction" in f["FunctionName"])
        answer = self.client("lambda").invoke(FunctionName=name, Payload=b"{}")
        payload = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, payload
        return payload

    def sweep_leaves_alone(self, vpc_id: str) -> None:
        """Sweep, and make sure that no execution looks at the VPC."""
        assert vpc_id not in self.sweep()["knocked"]

    def next_end(self, vpc_id: str = "", timeout: float = 120) -> Ended:
        """The next execution that nobody has dealt with, of this VPC if one is named, once it has
        ended. Of two knocks at a time one finds the other at work, and is passed over."""
        while True:
            ended = self.next_end_of_any(vpc_id, timeout)
            if not ended.states or ended.states[-1] != AT_WORK:
                return ended

    def next_end_of_any(self, vpc_id: str, timeout: float = 120) -> Ended:
        """Return the end as `next_end` does, also of an execution that found another at work."""
        arn = inside.next_execution(self.aws, self.seen, name=vpc_id)
        self.seen.add(arn)
        inside.await_end(self.aws, arn, timeout)
        ended = self.client("stepfunctions").describe_execution(executionArn=arn)
        history = self._history(arn)
        return Ended(
            arn=arn,
            status=ended["status"],
            error=ended.get("error", ""),
            cause=ended.get("cause", ""),
            output=json.loads(ended.get("output") or "{}"),
            states=[
                event["stateEnteredEventDetails"]["name"]
                for event in history
                if event["type"].endswith("StateEntered")
            ],
            transitions=_transitions(history),
        )

    def next_success(self, vpc_id: str = "") -> Ended:
        ended = self.next_end(vpc_id)
        assert ended.status == "SUCCEEDED", f"{ended.error}: {ended.cause}"
        return ended

    def reaches(self, vpc_id: str, state: str, timeout: float = 120) -> str:
        """The ARN of the VPC's next execution, as soon as it has entered `state`."""
        arn = inside.next_execution(self.aws, self.seen, name=vpc_id)
        steps = follow(self.client("stepfunctions"), arn, timeout)
        entered = any(step.kind == "entered" and step.state == state for step in steps)
        assert entered, f"{arn} ended and never came to {state}"
        return arn

    def _history(self, arn: str) -> list[dict[str, Any]]:
        pages = self.client("stepfunctions").get_paginator("get_execution_history")
        paged = pages.paginate(executionArn=arn, PaginationConfig={"PageSize": 1000})
        return [event for page in paged for event in page["events"]]

    def executions(self) -> set[str]:
        return {str(execution.exec_arn) for execution in inside.executions(self.aws)}

    def tags(self, vpc_id: str) -> dict[str, str]:
        return tags_of(self.client("ec2"), vpc_id)

    def mails(self, about: str) -> list[Notification]:
        """Return the e-mails whose subject or text names `about`, such as a VPC's id."""
        return [mail for mail in self.aws.outbox if about in f"{mail.subject} {mail.message}"]

    def remnants(self, vpc_id: str) -> dict[str, list[str]]:
        return {kind: names for kind, names in remnants(self.aws, vpc_id).items() if names}

    def parameters(self, vpc_id: str) -> dict[str, str]:
        """The publication: `resolver-ips` and `forwarding`."""
        path = f"{self.aws.outputs['ParameterPath']}/{vpc_id}"
        found = self.client("ssm").get_parameters_by_path(Path=path)["Parameters"]
        return {item["Name"].rsplit("/", 1)[1]: item["Value"] for item in found}

    def acknowledge(
        self, vpc_id: str, host: str, generation: int | None = None, **fields: Any
    ) -> None:
        """Write the acknowledgement of a DNS host: of the present document, or of a former one by
        its generation."""
        if generation is None:
            document = json.loads(self.parameters(vpc_id)["forwarding"])
            fields = {key: document[key] for key in ("generation", "state", "checksum")} | fields
        said = {
            "schema": 1,
            "host": host,
            "vpcId": vpc_id,
            "generation": generation,
            "checksum": f"sha256:{'0' * 64}",
            "state": "withdrawn",
            "result": "applied",
            "server": "bind",
            "detail": "as it shall be",
            "at": "2026-11-23T12:00:00Z",
        } | fields
        self.client("ssm").put_parameter(
            Name=f"{self.aws.outputs['ParameterPath']}/{vpc_id}/acknowledgements/{host}",
            Value=json.dumps(said),
            Type="String",
            Overwrite=True,
        )

    @contextmanager
    def drain_seconds(self, seconds: int) -> Iterator[None]:
        """Run the functions as if the stack had been deployed with another DrainSeconds."""
        which = {"WithdrawFunction", "AwaitAcknowledgementsFunction"}
        with self.deployed_with(which, DRAIN_SECONDS=str(seconds)):
            yield

    @contextmanager
    def deployed_with(self, which: Set[str], **variables: str) -> Iterator[None]:
        """Run these functions as if the stack had been deployed with other parameters."""
        functions = self.client("lambda")
        usual = {
            each["FunctionName"]: each["Environment"]["Variables"]
            for each in functions.list_functions()["Functions"]
            if which & set(each["FunctionName"].split("-"))
        }
        assert len(usual) == len(which)
        for name, before in usual.items():
            changed = {"Variables": {**before, **variables}}
            functions.update_function_configuration(FunctionName=name, Environment=changed)
        try:
            yield
        finally:
            for name, before in usual.items():
                functions.update_function_configuration(
                    FunctionName=name, Environment={"Variables": before}
                )

    def endpoints(self, vpc_id: str) -> dict[str, dict[str, Any]]:
        """Service's short name and type -> VPC endpoint."""
        filters = [{"Name": "vpc-id", "Values": [vpc_id]}]
        found = self.client("ec2").describe_vpc_endpoints(Filters=filters)["VpcEndpoints"]
        return {
            f"{item['ServiceName'].split('.', 3)[3]} {item['VpcEndpointType']}": item
            for item in found
            if item["State"].lower() not in {"deleting", "deleted"}
        }

    def group(self, vpc_id: str, purpose: str) -> dict[str, Any]:
        """Our security group for `endpoints`, `resolver` or `probe`; its name has a random end."""
        filters = [{"Name": "vpc-id", "Values": [vpc_id]}]
        found = self.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
        name = f"ecs-anywhere-{vpc_id}-{purpose}-"
        (group,) = (each for each in found if each["GroupName"].startswith(name))
        return dict(group)

    def ingress(self, vpc_id: str, purpose: str) -> set[tuple[str, int, str]]:
        """Protocol, port and CIDR of one of our security groups' rules."""
        return {
            (permission["IpProtocol"], permission["FromPort"], item["CidrIp"])
            for permission in self.group(vpc_id, purpose)["IpPermissions"]
            for item in permission["IpRanges"]
        }

    def ledger(self, vpc_id: str) -> dict[str, Any]:
        """The VPC's item, as DynamoDB shows it; empty if there is none."""
        settings = self.aws.settings
        key = {"id": {"S": f"{settings.account}#{settings.region}#{vpc_id}"}}
        table = self.aws.outputs["LedgerTable"]
        found = self.client("dynamodb").get_item(TableName=table, Key=key)
        return dict(found.get("Item", {}))

    def others_ask_to_be_removed(self, number: int) -> None:
        """Write down that so many other VPCs have asked to be removed a moment ago."""
        settings, dynamodb = self.aws.settings, self.client("dynamodb")
        others = [
            {"M": {"vpc_id": {"S": f"vpc-{other:08x}"}, "at": {"N": str(LONG_AHEAD)}}}
            for other in range(number)
        ]
        id_ = {"S": f"removals#{settings.account}#{settings.region}"}
        dynamodb.put_item(
            TableName=self.aws.outputs["LedgerTable"],
            Item={"id": id_, "asking": {"L": others}},
        )

    def begin_another_hour(self) -> None:
        """Forget how many mails and removals there were in this hour: a story is not held to
        another's."""
        table, dynamodb = self.aws.outputs["LedgerTable"], self.client("dynamodb")
        for item in dynamodb.scan(TableName=table)["Items"]:
            if item["id"]["S"].startswith(("hour#", "removals#")):
                dynamodb.delete_item(TableName=table, Key={"id": item["id"]})

    def roles(self) -> dict[str, str]:
        """The ARN of each function's role -> the function's name in the template."""
        resources = self.client("cloudformation").list_stack_resources(
            StackName=self.aws.settings.stack_name
        )["StackResourceSummaries"]
        logical = {item["PhysicalResourceId"]: item["LogicalResourceId"] for item in resources}
        functions = self.client("lambda").list_functions()["Functions"]
        return {
            function["Role"]: logical[function["FunctionName"]]
            for function in functions
            if function["FunctionName"] in logical
        }

    def probe_role(self) -> str:
        """The ARN of the role with which the probe runs."""
        functions = self.client("lambda").list_functions()["Functions"]
        variables = (each.get("Environment", {}).get("Variables", {}) for each in functions)
        return next(str(v["PROBE_ROLE_ARN"]) for v in variables if "PROBE_ROLE_ARN" in v)

    @contextmanager
    def lifecycles(self, **aws_seconds: float) -> Iterator[None]:
        """AWS takes this long over what begins within the block."""
        usual = self.aws.settings
        self.aws.settings = replace(usual, lifecycles=replace(usual.lifecycles, **aws_seconds))
        try:
            yield
        finally:
            self.aws.settings = usual

    def calls(self, since: int) -> list[Call]:
        """Return the calls by the app's functions."""
        return [call for call in self.aws.journal.calls(since) if call.role_arn]


def _transitions(history: Sequence[Mapping[str, Any]]) -> int:
    """Return the number of transitions as AWS bills them: every state entered, and every retry."""
    kinds = Counter(event["type"] for event in history)
    entered = sum(count for kind, count in kinds.items() if kind.endswith("StateEntered"))
    retried = kinds["TaskScheduled"] - kinds["TaskStateEntered"]
    return entered + retried + kinds["ParallelStateStarted"] - kinds["ParallelStateEntered"]


def until(there: Callable[[], bool], timeout: float = 60) -> None:
    """Wait for what AWS, or a function of the app, does in its own time."""
    deadline = time.monotonic() + timeout
    while not there():
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.1)
