"""The main job, once, on screen: tag a VPC, see the proof, remove the tag, see nothing left."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from local import person
from local.ask import ask, dig_command
from local.deploy import DeploymentFailedError, deploy
from local.engine import EmbeddedAws
from local.example_vpc import ONPREM_CIDR, make_vpc, remnants, tag, tags_of
from local.settings import Settings
from local.site_demo import SiteDemo, SiteDemoFailedError, site_of
from local.watch import Step, TookTooLongError, follow, next_execution

WISH = "ecs-anywhere:private-connectivity"
SERVICES = "ecs-anywhere:services"
DRAIN_SECONDS = 300
EXPIRY_SECONDS = 60
"""AWS seconds; a host on-premises that confirms ends the wait at once."""
ASKED_FOR = "ecr+logs"
WIDTH = 130
"""Columns where there is no terminal to ask."""
DOTS = {True: "[green]✓[/]", False: "[red]✗[/]"}


class DemoFailedError(Exception):
    """A result of the demonstration is not as it has to be."""


@dataclass
class Demo:
    """One run; `begun` is when it began."""

    aws: EmbeddedAws
    console: Console
    begun: float = field(default_factory=time.monotonic)
    executions: set[str] = field(default_factory=set)
    waits: set[tuple[str, str]] = field(default_factory=set)

    def say(self, text: str) -> None:
        self.console.print(
            f"[dim]{time.monotonic() - self.begun:5.1f} s[/]  {text}", highlight=False
        )

    def run(self) -> None:
        """Run the demonstration. Raises DemoFailedError, DeploymentFailedError,
        TookTooLongError."""
        self.say(f"the embedded AWS is up in {self.aws.settings.region} at {self.aws.url}")
        self.aws.outputs = deploy(
            self.aws,
            {
                "DrainSeconds": str(DRAIN_SECONDS),
                "ExpirySeconds": str(EXPIRY_SECONDS),
                "OnPremCidrs": ONPREM_CIDR,
            },
        )
        self.say("[bold]sam deploy[/] has put the app into it")
        ec2 = self.aws.client("ec2")
        vpc_id = make_vpc(ec2)
        tag(ec2, vpc_id, {SERVICES: ASKED_FOR, WISH: "enabled"})
        self.say(f"tagged [bold]{vpc_id}[/]: {WISH} = enabled, {SERVICES} = {ASKED_FOR}")
        connected = self._watch_execution()
        self._show_connected(vpc_id, connected)
        self._ask_from_outside(connected["findings"])
        with site_of(self.aws, vpc_id, self.console, self.say) as site:
            if site is not None:
                site.connect(connected, _private(connected["findings"]))
                self._see_confirmed(vpc_id)
            self._show_command_line(vpc_id)
            self._disconnect(vpc_id, site)
        self._show_nothing_left(vpc_id)

    def _show_command_line(self, vpc_id: str) -> None:
        """Show the command line's answers to a person."""
        self.say("[bold]ecs-anywhere status[/]:")
        said = person.run(self.aws, "status")
        self.console.print(said, markup=False, highlight=False, soft_wrap=True)
        written = person.run(self.aws, "evidence", vpc_id, "--output", str(person.EVIDENCE))
        self.say(f"for the change ticket: {written.splitlines()[-1]}\n")

    def _disconnect(self, vpc_id: str, site: SiteDemo | None) -> None:
        """Remove the tag, while a client on the site asks all the time, if there is a site."""
        with site.watched() if site else nullcontext():
            self.aws.client("ec2").delete_tags(Resources=[vpc_id], Tags=[{"Key": WISH}])
            self.say(f"removed the tag {WISH} from [bold]{vpc_id}[/]")
            self._watch_execution()

    def _see_confirmed(self, vpc_id: str) -> None:
        """Show the execution that an acknowledgement has started, and the VPC's status, which has
        to name the host. Raises DemoFailedError."""
        self._watch_execution()
        detail = tags_of(self.aws.client("ec2"), vpc_id)["ecs-anywhere:status-detail"]
        self.say(f"status on the VPC: [bold]{detail}[/]\n")
        if "confirmed by" not in detail:
            raise DemoFailedError(f"nobody has confirmed: {detail}")

    def _watch_execution(self) -> dict[str, Any]:
        """Show the next execution while it runs, and return its output."""
        client = self.aws.client("stepfunctions")
        execution = next_execution(client, self.aws.outputs["StateMachineArn"], self.executions)
        self.executions.add(execution)
        with self.console.status("starting") as spinner:
            for step in follow(client, execution):
                self._show_step(step, spinner)
        ended = client.describe_execution(executionArn=execution)
        if ended["status"] != "SUCCEEDED":
            raise DemoFailedError(
                f"the execution {ended['status']}, {ended.get('error')}: {ended.get('cause')}"
            )
        output: dict[str, Any] = json.loads(ended["output"])
        return output

    def _show_step(self, step: Step, spinner: Any) -> None:
        if step.kind == "entered":
            self.say(f"  {step.state}")
        if step.kind == "waiting":
            waits_for = _shortened(step.reason)
            spinner.update(f"{step.state} waits: {waits_for}")
            if (step.state, waits_for) not in self.waits:
                self.waits.add((step.state, waits_for))
                self.say(f"    [dim]waits: {waits_for}[/]")

    def _show_connected(self, vpc_id: str, output: dict[str, Any]) -> None:
        resolver = output["resolver"]
        publication = output["publication"]
        self.console.print()
        made = Table(title=f"{vpc_id} is privately connected", title_justify="left", box=None)
        made.add_column(style="bold")
        made.add_column()
        made.add_row("interface endpoints", f"{len(output['endpoints'])}, private DNS on")
        made.add_row("inbound resolver", f"{resolver['id']}: {', '.join(resolver['ips'])}")
        made.add_row(
            "published", f"{publication['parameter']}, generation {publication['generation']}"
        )
        made.add_row("cost", f"about {output['monthly_dollars']:.2f} USD a month in us-east-1")
        made.add_row(
            "status on the VPC", tags_of(self.aws.client("ec2"), vpc_id)["ecs-anywhere:status"]
        )
        self.console.print(made)
        self._show_findings(output["findings"])

    def _show_findings(self, findings: Sequence[dict[str, Any]]) -> None:
        """Show a row for each name, or several where the answers differ."""
        table = Table(title="asked by the probe inside the VPC", title_justify="left")
        for heading in ("name", "asked of", "over", "expected", "got"):
            table.add_column(heading, overflow="fold")
        rows: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for finding in findings:
            if finding["transport"] != "tls":
                rows.setdefault((finding["name"], *_got(finding)), []).append(finding)
        for (name, *got), same in rows.items():
            resolvers = dict.fromkeys(finding["resolver"] for finding in same)
            transports = dict.fromkeys(finding["transport"] for finding in same)
            expected = " ".join(same[0]["expected"])
            table.add_row(name, " ".join(resolvers), " ".join(transports), expected, "".join(got))
        self.console.print(table)
        self._count("answers from the inbound resolver", findings, {"udp", "tcp"})
        self._count("TLS handshakes on 443", findings, {"tls"})

    def _count(self, what: str, findings: Iterable[dict[str, Any]], transports: set[str]) -> None:
        of_these = [finding for finding in findings if finding["transport"] in transports]
        right = sum(finding["ok"] for finding in of_these)
        self.say(f"{right} of {len(of_these)} {what} are right")
        if right != len(of_these) or not of_these:
            raise DemoFailedError(f"{len(of_these) - right} of {len(of_these)} {what} are wrong")

    def _ask_from_outside(self, findings: Iterable[dict[str, Any]]) -> None:
        """Ask the same questions from outside the VPC, not through the app."""
        expected = _private(findings)
        addresses = self.aws.networks.inbound_addresses()
        wrong = [
            f"{name} of {address.ip} over {transport}: {' '.join(got) or 'nothing'}"
            for address in addresses
            for name, private in expected.items()
            for transport in ("udp", "tcp")
            if (got := ask(address, name, transport)) != private
        ]
        asked = 2 * len(addresses) * len(expected)
        self.say(f"{asked - len(wrong)} of {asked} are the same for a stranger, as in")
        self.say(f"  {dig_command(addresses[0], next(iter(expected)))}\n")
        if wrong:
            raise DemoFailedError("asked from outside: " + "; ".join(wrong))

    def _show_nothing_left(self, vpc_id: str) -> None:
        left = remnants(self.aws, vpc_id)
        self.console.print()
        table = Table(title=f"left of it in {vpc_id}", title_justify="left", box=None)
        table.add_column(style="bold")
        table.add_column()
        for kind, names in left.items():
            table.add_row(kind, f"{DOTS[not names]} {', '.join(names) or 'none'}")
        answering = self.aws.networks.inbound_addresses()
        table.add_row(
            "resolver IPs that answer", f"{DOTS[not answering]} {len(answering) or 'none'}"
        )
        status = tags_of(self.aws.client("ec2"), vpc_id)
        table.add_row("status on the VPC", status["ecs-anywhere:status"])
        self.console.print(table)
        if answering or any(left.values()):
            raise DemoFailedError(f"something is left: {left}")


def _private(findings: Iterable[dict[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Return name -> the addresses that it has to have."""
    return {f["name"]: tuple(f["expected"]) for f in findings if f["transport"] != "tls"}


def _got(finding: dict[str, Any]) -> tuple[str, str]:
    return f"{DOTS[finding['ok']]} ", " ".join(finding["got"]) or finding["error"]


def _shortened(text: str, length: int = 90) -> str:
    first = text.splitlines()[0] if text else ""
    return first if len(first) <= length else first[: length - 1] + "…"


def demo(settings: Settings) -> int:
    """Run the demonstration, and return the exit code; the reason for a failure is what it prints
    last."""
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
    try:
        with EmbeddedAws(settings) as aws:
            run = Demo(aws, console)
            run.run()
            run.say("[bold green]done[/]: one tag on, one tag off, nothing left")
    except (
        DemoFailedError,
        person.CommandFailedError,
        SiteDemoFailedError,
        DeploymentFailedError,
        TookTooLongError,
    ) as problem:
        console.print(f"[bold red]failed[/]: {problem}", highlight=False)
        return 1
    return 0
