"""The demonstration's other half: a company's site, its own DNS server, and the pick-up tool."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from local.contracts import SiteImpossible
from local.dns_host import DnsHost, PickUpFailedError, environment_of, make_role
from local.engine import EmbeddedAws
from local.example_vpc import ONPREM_CIDR
from local.networks.dns_answers import PUBLIC_ADDRESS
from local.site import DnsServerError, NoDnsServer, start

Say = Callable[[str], None]
ALL_PRIVATE = 0
CHECKED = (ALL_PRIVATE, 1, 3)
"""Exit codes of the check of a container host: something is public, or failed, by the last two."""
DOTS = {True: "[green]✓[/]", False: "[red]✗[/]"}


class SiteDemoFailedError(Exception):
    """A result on the site is not as it has to be."""


class SiteDemo:
    """One site, connected to one VPC."""

    def __init__(
        self, aws: EmbeddedAws, vpc_id: str, host: DnsHost, console: Console, say: Say
    ) -> None:
        self._aws, self._vpc_id, self._host = aws, vpc_id, host
        self._console, self._say = console, say
        self._private: Mapping[str, tuple[str, ...]] = {}
        self._internet_before = 0

    def connect(self, connected: Mapping[str, Any], private: Mapping[str, tuple[str, ...]]) -> None:
        """Let the site's DNS host follow the publication; `private` is name -> addresses. Raises
        SiteDemoFailedError."""
        self._private = private
        title, site = self._host.server.kind.title, self._host.server.site
        self._say(
            f"on-premises: {title} at {site.dns_ip} in a network of its own, linked to the VPC; "
            f"for everything else it asks an 'internet' that logs every question"
        )
        for line in self._host.initialise(self._options(connected["resolver"]["ips"])):
            if "believes" in line:
                self._say(f"  [dim]{line}[/]")
        report = self._host.tool("apply")
        self._say(f"[bold]ecs-anywhere-dns apply[/]: {report['summary']}")
        self._say(f"  it fetched the publication of {_parameter_store(report)} and went through:")
        steps = " -> ".join(f"{step} {took:.2f} s" for step, took in report["seconds"].items())
        self._console.print(f"           [dim]{steps}[/]\n", highlight=False)
        self._show_answers()
        self._show_a_container_host()

    def _options(self, resolver_ips: Sequence[str]) -> dict[str, Sequence[str]]:
        """Return the options of `init`: the pins, from the stack's outputs and the VPC."""
        settings, outputs = self._aws.settings, self._aws.outputs
        key = outputs.get("PublicationPublicKey")
        signed = {"--public-key": [key], "--key-id": [outputs["PublicationKeyId"]]} if key else {}
        return {
            "--vpc": [self._vpc_id],
            "--region": [settings.region],
            "--account": [settings.account],
            "--network": _networks_of(self._aws, self._vpc_id),
            "--resolver-ip": resolver_ips,
            **(signed or {"--signature": ["none"]}),
        }

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Run the tool's timer, and a client that asks all the time, until the end of the teardown.
        Raises SiteDemoFailedError if it was ever left without an answer."""
        with self._host.watched(list(self._private)) as seen, self._host.following() as changes:
            yield
        for change in changes:
            self._say(f"on-premises: {change}")
        answered = seen.asked - len(seen.failures)
        self._say(f"{answered} of {seen.asked} questions during the teardown were answered")
        if seen.failures or not seen.asked:
            raise SiteDemoFailedError(f"left without an answer: {', '.join(seen.failures[:5])}")
        self._see_public_again()

    def _show_answers(self) -> None:
        table = Table(title="asked by a host on-premises, of its own DNS server")
        table.title_justify = "left"
        for heading in ("name", "over", "got"):
            table.add_column(heading, overflow="fold")
        answers = self._host.ask(list(self._private))
        right = {q: a.addresses == self._private[q.name] for q, a in answers.items()}
        rows: dict[tuple[str, ...], list[str]] = {}
        for question, answer in answers.items():
            got = " ".join(answer.addresses) or answer.rcode
            row = (question.name, f"{DOTS[right[question]]} {got}")
            rows.setdefault(row, []).append(question.transport)
        for (name, got), transports in rows.items():
            table.add_row(name, " ".join(transports), got)
        self._console.print(table)
        self._say(f"{sum(right.values())} of {len(right)} answers on-premises are private")
        self._see_no_leak()
        if not all(right.values()):
            raise SiteDemoFailedError("an answer on-premises is wrong, see the table")

    def _show_a_container_host(self) -> None:
        """Show the check of a container host, with its own C library."""
        parameter = f"{self._aws.outputs['ParameterPath']}/{self._vpc_id}/forwarding"
        document = self._aws.client("ssm").get_parameter(Name=parameter)["Parameter"]["Value"]
        code, said = self._host.check_a_container_host(document)
        if code not in CHECKED:
            self._say(f"[yellow]without a container host[/]: {said}")
            return
        self._say("[bold]ecs-anywhere-check[/] on a container host there:")
        self._console.print(said, markup=False, highlight=False, soft_wrap=True)
        self._console.print()
        if code != ALL_PRIVATE:
            raise SiteDemoFailedError("a container host's way is not private, see above")

    def _see_no_leak(self) -> None:
        queries = self._host.server.site.public_queries()[self._internet_before :]
        leaked = sorted({query.name for query in queries if query.name in self._private})
        asked = f"the 'internet' was asked {len(queries)} questions since"
        self._say(f"{asked}, {len(leaked)} for these names")
        if leaked:
            raise SiteDemoFailedError(f"the internet was asked for {', '.join(leaked)}")

    def _see_public_again(self) -> None:
        """Check that the DNS server answers publicly without the VPC. Raises
        SiteDemoFailedError."""
        answers = self._host.ask(list(self._private))
        public = sum(answer.addresses == (PUBLIC_ADDRESS,) for answer in answers.values())
        self._say(f"{public} of {len(answers)} answers on-premises are the internet's again\n")
        if public != len(answers):
            raise SiteDemoFailedError("the DNS server on-premises does not answer as before")


@contextmanager
def site_of(aws: EmbeddedAws, vpc_id: str, console: Console, say: Say) -> Iterator[SiteDemo | None]:
    """Yield the demonstration of a site; None, with the reason shown, where this machine allows no
    site or has no DNS server for it. Raises SiteDemoFailedError."""
    with ExitStack() as ending:
        try:
            host = _dns_host(aws, vpc_id, ending)
        except (SiteImpossible, NoDnsServer) as reason:
            say(f"[yellow]without the on-premises half[/]: {reason}")
            yield None
            return
        try:
            yield SiteDemo(aws, vpc_id, host, console, say)
        except (PickUpFailedError, DnsServerError) as problem:
            raise SiteDemoFailedError(str(problem)) from problem


def _dns_host(aws: EmbeddedAws, vpc_id: str, ending: ExitStack) -> DnsHost:
    site = aws.networks.connect_site(vpc_id, _networks_of(aws, vpc_id), ONPREM_CIDR)
    ending.callback(site.close)
    folder = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="dns-host-")))
    server = ending.enter_context(start(site, folder))
    policy = aws.outputs["OnPremDnsHostPolicyArn"]
    role = make_role(aws.client("iam"), aws.settings.account, policy)
    credentials = aws.principals.credentials_for(role, "dns1")
    authorities = Path(aws.trust_bundle)
    environment = environment_of(credentials, aws.settings.region, authorities)
    return DnsHost(server, folder, environment)


def _networks_of(aws: EmbeddedAws, vpc_id: str) -> list[str]:
    vpc = aws.client("ec2").describe_vpcs(VpcIds=[vpc_id])["Vpcs"][0]
    return [item["CidrBlock"] for item in vpc["CidrBlockAssociationSet"]]


def _parameter_store(report: Mapping[str, Any]) -> str:
    return f"generation {report['generation']} from Parameter Store, over the link"
