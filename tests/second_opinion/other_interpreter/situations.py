"""Situations of VPCs in the run, described once for both accounts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from local.example_vpc import ONPREM_CIDR
from local.watch import follow, next_execution
from tests.second_opinion.other_interpreter.histories import History, history_of
from tests.story.app import App

PARAMETERS = {
    "DrainSeconds": "300",
    "ExpirySeconds": "60",
    "OnPremCidrs": ONPREM_CIDR,
    "SweepMinutes": "1440",
    "VerifyHours": "0",
    "RemovalShare": "100",
}
"""Parameters of the stack. The drain is long enough to come in between."""
BUCKETS = {
    "making": "CreateVpcEndpoint",
    "making_now": "CreateVpcEndpoint, now",
    "modifying": "ModifyVpcEndpoint",
    "modifying_now": "ModifyVpcEndpoint, now",
}
"""The ledger's names of AWS's token buckets."""
LONG_AGO = 3600
"""AWS seconds."""
LONGEST = 300
"""Real seconds within which an execution must end."""


@dataclass
class Teller:
    """The app, and the histories of the executions so far, by what happened in them."""

    app: App
    told: dict[str, History] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    def end(self, situation: str, name: str) -> None:
        """Wait for the end of the next execution whose name begins so, and keep its history."""
        client = self.app.client("stepfunctions")
        execution = next_execution(client, self.app.machine, self._seen, name=name)
        self._seen.add(execution)
        for _ in follow(client, execution, LONGEST):
            pass  # until it has ended
        self.told[situation] = history_of(client, execution)

    def reach(self, name: str, state: str) -> None:
        """Wait until the next execution whose name begins so has entered `state`; it is still to be
        told with `end`."""
        client = self.app.client("stepfunctions")
        execution = next_execution(client, self.app.machine, self._seen, name=name)
        steps = follow(client, execution, LONGEST)
        entered = any(step.kind == "entered" and step.state == state for step in steps)
        assert entered, f"{execution} ended and never came to {state}"

    def book(self, **ahead: int) -> None:
        """Let other VPCs have the turns for so many AWS seconds; the buckets that are not named are
        full, whatever this VPC took from them before."""
        aws = self.app.aws
        for short, name in BUCKETS.items():
            bucket = f"bucket#{aws.settings.account}#{aws.settings.region}#{name}"
            booked_until = f"{aws.clock.epoch() + ahead.get(short, -LONG_AGO):.3f}"
            self.app.client("dynamodb").put_item(
                TableName=aws.outputs["LedgerTable"],
                Item={"id": {"S": bucket}, "booked_until": {"N": booked_until}},
            )

    def forget_turns(self, vpc_id: str) -> None:
        """Take away the turns that the VPC has, as if they had come and gone."""
        settings = self.app.aws.settings
        self.app.client("dynamodb").update_item(
            TableName=self.app.aws.outputs["LedgerTable"],
            Key={"id": {"S": f"{settings.account}#{settings.region}#{vpc_id}"}},
            UpdateExpression="REMOVE turns",
        )

    def expect_nothing_left(self, vpc_id: str) -> None:
        """Raise AssertionError if a VPC that was removed has anything left."""
        left = self.app.remnants(vpc_id)
        assert not left, left


def _connect_and_change(teller: Teller) -> None:
    """A VPC is planned, connected, extended, reduced and removed; a wish comes back meanwhile."""
    app = teller.app
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="plan")
    teller.end("plan", vpc_id)
    app.tag(vpc_id, wish="enabled")
    teller.end("connect", vpc_id)
    teller.book()
    app.tag(vpc_id, services="ecr+logs")
    teller.end("extend", vpc_id)
    teller.book()
    app.tag(vpc_id, services="logs")
    teller.end("reduce", vpc_id)
    teller.book()
    app.untag(vpc_id)
    teller.reach(vpc_id, "Drain")
    app.tag(vpc_id, wish="enabled")
    teller.end("remove, and wish for it again while on-premises drains", vpc_id)
    teller.book()
    app.untag(vpc_id)
    teller.end("remove", vpc_id)
    teller.expect_nothing_left(vpc_id)


def _refuse(teller: Teller) -> None:
    """A VPC cannot be connected as it is."""
    app = teller.app
    unfit = app.vpc(cidr="10.1.0.0/16", zones="a")
    app.tag(unfit, wish="enabled")
    teller.end("refuse a VPC with one Availability Zone", unfit)
    app.untag(unfit)
    teller.end("forget the refused VPC", unfit)


def _take_turns(teller: Teller) -> None:
    """Other VPCs come first, at every call that AWS counts; a second execution finds one at work;
    a DNS host acknowledges what is published, and what is withdrawn."""
    app = teller.app
    vpc_id = app.vpc(cidr="10.2.0.0/16")
    teller.book(making=3 * 3600)
    app.tag(vpc_id, wish="enabled")
    teller.end("its turn to connect is hours away", vpc_id)

    teller.book(making=400, making_now=800, modifying_now=1400)
    app.tag(vpc_id, services="logs")
    teller.reach(vpc_id, "Await its turn")
    _start_another(app, vpc_id)
    teller.end("find another execution at work", f"another-{vpc_id}")
    teller.end("connect when its turn has come", vpc_id)

    app.acknowledge(vpc_id, "dns-1")
    teller.end("hear that a DNS host forwards", vpc_id)

    teller.book(modifying_now=600)
    app.tag(vpc_id, services="")
    teller.end("reduce when its turn has come", vpc_id)

    teller.book(modifying=3 * 3600)
    app.untag(vpc_id)
    teller.end("its turn to be removed is hours away", vpc_id)

    teller.forget_turns(vpc_id)
    teller.book(modifying=400, modifying_now=1800)
    app.untag(vpc_id, key="ecs-anywhere:services")
    teller.reach(vpc_id, "Await acknowledgements")
    app.acknowledge(vpc_id, "dns-1")
    teller.end("remove when its turn has come and a DNS host has acknowledged", vpc_id)
    teller.expect_nothing_left(vpc_id)


def _start_another(app: App, vpc_id: str) -> None:
    app.client("stepfunctions").start_execution(
        stateMachineArn=app.machine,
        name=f"another-{vpc_id}",
        input=json.dumps({"vpcId": vpc_id, "because": "tag"}),
    )


SITUATIONS: tuple[Callable[[Teller], None], ...] = (_connect_and_change, _refuse, _take_turns)


def tell(app: App) -> Mapping[str, History]:
    """Let all situations happen, one after the other; return the history of each execution."""
    teller = Teller(app)
    for happen in SITUATIONS:
        happen(teller)
    return teller.told
