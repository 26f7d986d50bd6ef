"""A host that follows several VPCs, without packets: a DNS server and resolvers of a few lines.

The server forwards as its file said when it was loaded last, and keeps a history of what it loaded,
so that a test sees what a client would have seen in between.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ecs_anywhere_dns.answers.questions import Answer, Question
from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.following.claims import zone_of
from ecs_anywhere_dns.following.sequence import apply
from ecs_anywhere_dns.forwarding import Forwarding, forwarding_to
from ecs_anywhere_dns.host import Host, Progress
from ecs_anywhere_dns.memory.files import text_of
from ecs_anywhere_dns.memory.state import State
from ecs_anywhere_dns.outcome import CheckFailed, FetchFailed, ReloadFailed
from ecs_anywhere_dns.report import Report
from ecs_anywhere_dns.servers.contract import HEADER, Finding, Fragment, Include
from ecs_anywhere_dns.settings import Settings

from tests.onprem.example import published

PUBLIC = "198.51.100.7"
HERE = "127.0.0.1"


class Died(BaseException):
    """An error that ends a run in the test's own process, as SIGKILL ends a process."""


@dataclass
class PaperServer:
    """A `contract.Server` on one file: a line for each zone."""

    name = "paper"
    title = "Paper DNS"
    uses_other_when_silent = True
    reload_patience = 1.0

    file: Path
    loaded: dict[str, tuple[str, ...]] = field(default_factory=dict)
    history: list[dict[str, tuple[str, ...]]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    judged: list[Forwarding] = field(default_factory=list)
    """Forwardings for which `doctor` asked what is in their way."""

    @property
    def privileges(self) -> Mapping[str, str]:
        return {}

    def fragments(self, forwarding: Forwarding) -> tuple[Fragment, ...]:
        lines = [f"# {HEADER}", f"# {forwarding.label}"]
        lines += [f"{zone}={','.join(to)}" for zone, to in forwarding.targets.items()]
        return (Fragment(self.file, "".join(f"{line}\n" for line in lines)),)

    def is_running(self) -> bool:
        self.calls.append("is_running")
        return True

    def check_fragments(self, fragments: Sequence[Fragment], scratch: Path) -> None:
        pass

    def hindrances(self, intended: Forwarding) -> Iterable[Finding]:
        return ()

    def forwarded(self) -> Forwarding:
        """Return the forwarding in the file. Raises CheckFailed where a line is none of its own."""
        lines = [line for line in text_of(self.file).splitlines() if not line.startswith("#")]
        if not all("=" in line for line in lines):
            raise CheckFailed(f"{self.file} is not as it was written")
        said = {zone: to.split(",") for zone, _, to in (line.partition("=") for line in lines)}
        return forwarding_to(said, str(self.file))

    def sources(self) -> tuple[str, ...]:
        return ()

    def check_configuration(self) -> None:
        pass

    def reload(self) -> None:
        self.calls.append("reload")
        lines = [line for line in text_of(self.file).splitlines() if not line.startswith("#")]
        said = (line.partition("=") for line in lines)
        self.loaded = {zone: tuple(to.split(",")) for zone, _, to in said}
        self.history.append(self.loaded)

    def check_effective(self, forwarding: Forwarding) -> None:
        self.calls.append("check_effective")
        if self.loaded != dict(forwarding.targets):
            raise ReloadFailed("it forwards something else")

    def flush(self, names: Iterable[str]) -> None:
        self.calls.append(f"flush {' '.join(sorted(names))}")

    def revive(self) -> None:
        pass

    def includes(self) -> tuple[Include, ...]:
        return ()

    def findings(self, applied: Forwarding | None, intended: Forwarding) -> tuple[Finding, ...]:
        self.judged.append(intended)
        return ()


@dataclass
class Vpc:
    """One VPC with its resolver IPs, and what it publishes."""

    id: str
    net: str
    """The beginning of the VPC's addresses, as in "10.1"."""
    region: str
    services: tuple[str, ...] = ("ecs", "ssm")
    generation: int = 1
    state: str = "active"
    answers: bool = True
    is_readable: bool = True
    account: str = "111122223333"
    resolver_net: str = ""
    written: list[dict[str, Any]] = field(default_factory=list)
    """The acknowledgements that the host wrote."""

    @property
    def names(self) -> dict[str, list[str]]:
        hosts = {s: f"{self.net}.0.{n}" for n, s in enumerate(self.services, 41)}
        return {f"{s}.{self.region}.amazonaws.com": [ip] for s, ip in hosts.items()}

    @property
    def resolver_ips(self) -> list[str]:
        net = self.resolver_net or self.net
        return [f"{net}.0.32", f"{net}.1.32"]

    @property
    def text(self) -> str:
        gone = self.state == "withdrawn"
        names = {} if gone else self.names
        return published(
            vpcId=self.id, region=self.region, vpcCidrs=[] if gone else self.networks,
            resolverIps=self.resolver_ips, names=names, zones=list(names), state=self.state,
            generation=self.generation, account=self.account,
        )  # fmt: skip

    @property
    def networks(self) -> list[str]:
        return list(
            dict.fromkeys([f"{self.net}.0.0/16", f"{self.resolver_net or self.net}.0.0/16"])
        )

    def publish(self, **changes: Any) -> None:
        """A generation later."""
        for key, value in changes.items():
            setattr(self, key, value)
        self.generation += 1

    # The port `Publication`.

    def fetch(self, known: Document | None) -> str:
        if not self.is_readable:
            raise FetchFailed(f"{self.id} cannot be read")
        return self.text

    def acknowledge(self, text: str) -> None:
        self.written.append(json.loads(text))


@dataclass
class Site:
    """A host, and the VPCs that it follows."""

    folder: Path
    vpcs: list[Vpc]
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Settings of a VPC that are not as it publishes."""
    now: datetime = datetime(2026, 11, 29, 12, tzinfo=UTC)
    poisoned: set[str] = field(default_factory=set)
    """Names that the server answers with public addresses, whatever it forwards."""
    asked: list[Question] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    tell: Callable[[str], None] = lambda _: None
    paused: float = 0.0

    def __post_init__(self) -> None:
        self.server = PaperServer(self.folder / "zones")
        self.server.file.write_text("")

    def hosts(self) -> tuple[Host, ...]:
        followed = tuple(vpc.id for vpc in self.vpcs)
        progress = Progress(self._told)
        return tuple(
            Host(
                settings=self.settings_of(vpc),
                server=self.server,
                state=State(self.folder / "state", vpc.id, followed),
                publication=vpc,
                asks=self.asks,
                progress=progress,
                now=lambda: self.now,
                pause=self._pause,
            )
            for vpc in self.vpcs
        )

    def settings_of(self, vpc: Vpc) -> Settings:
        least: dict[str, Any] = {
            "vpc": vpc.id,
            "region": vpc.region,
            "server": "bind",
            "account": vpc.account,
            "networks": tuple(vpc.networks),
            "signature": "none",
            "host": "dns1",
            "state": self.folder / "state",
        }
        return Settings(**least | self.changes.get(vpc.id, {}))

    def apply(self, **said: Any) -> Report:
        self.now += timedelta(minutes=5)
        return apply(self.hosts(), **said)

    def of(self, report: Report, vpc: Vpc) -> Report:
        return next(each for each in report.publications if each.vpc == vpc.id)

    def private(self, vpc: Vpc) -> set[str]:
        """Return the VPC's names that a client here gets from that VPC."""
        return {n for n, ips in vpc.names.items() if self._through(n) == tuple(ips)}

    def asks(self, questions: Sequence[Question]) -> dict[Question, Answer]:
        self.asked += questions
        return {question: self._answer(question) for question in questions}

    def _answer(self, question: Question) -> Answer:
        if question.server != HERE:
            vpc = self._vpc_at(question.server)
            if vpc is None or not vpc.answers:
                return Answer("timeout")
            return _answered(question, tuple(vpc.names.get(question.name, [PUBLIC])))
        if not question.recurses:
            return Answer(rcode="NOERROR")
        return _answered(question, self._through(question.name))

    def _through(self, name: str) -> tuple[str, ...]:
        zone = zone_of(name, self.server.loaded)
        if not zone or name in self.poisoned:
            return (PUBLIC,)
        for ip in self.server.loaded[zone]:
            vpc = self._vpc_at(ip, name)
            if vpc is not None and vpc.answers:
                return tuple(vpc.names.get(name, [PUBLIC]))
        return ()

    def _vpc_at(self, ip: str, name: str = "") -> Vpc | None:
        there = [vpc for vpc in self.vpcs if ip in vpc.resolver_ips]
        return next((vpc for vpc in there if name in vpc.names), there[0] if there else None)

    def _told(self, step: str) -> None:
        self.steps.append(step)
        self.tell(step)

    def _pause(self, seconds: float) -> None:
        self.paused += seconds


def _answered(question: Question, ips: tuple[str, ...]) -> Answer:
    if not ips:
        return Answer("timeout")
    found = tuple((question.name, ip) for ip in ips) if question.type == "A" else ()
    return Answer(rcode="NOERROR", addresses=found, ttl=60)
