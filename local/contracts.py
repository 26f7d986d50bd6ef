"""What the parts of the embedded AWS may ask of each other.

Each part is one module with `install(aws)`, which sets the attribute of the engine that
stands for it. Parts know only these protocols, so one can be tested without the others.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

HEADER = "X-Embedded-Vpc-Endpoint"
"""Header that says where a call comes through: the VPC and the address, as the VPC's network writes
it."""


@dataclass(frozen=True)
class Door:
    """A VPC endpoint, as a call comes through it."""

    service: str
    """Short name of its service: `ecr.api`."""
    policy: str


@dataclass(frozen=True)
class Credentials:
    """Temporary credentials, as AWS STS would give them."""

    access_key_id: str
    secret_access_key: str
    session_token: str

    def as_environment(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_SESSION_TOKEN": self.session_token,
        }


class Principals(Protocol):
    """Who a caller is. An access key that was not given out here is an administrator's."""

    def credentials_for(self, role_arn: str, session_name: str) -> Credentials: ...

    def role_of(self, access_key_id: str) -> str | None:
        """The role ARN behind an access key; None is a stranger, who may do anything."""


@dataclass(frozen=True)
class Call:
    """One API call that reached the embedded AWS."""

    service: str
    """IAM's prefix of the service: `ec2`, `route53resolver`, `dynamodb`, `states`…"""
    action: str
    region: str
    role_arn: str | None
    parameters: Mapping[str, Any]
    status: int
    error: str | None
    at: float
    """AWS seconds, as `Clock.now` gives them."""

    @property
    def name(self) -> str:
        return f"{self.service}:{self.action}"


class Journal(Protocol):
    """Every call, in the order of their ends."""

    def calls(self, since: int = 0) -> Sequence[Call]: ...

    def mark(self) -> int:
        """A position to hand to `calls` later."""


class Gateway(Protocol):
    """The WSGI application in front of moto."""

    def route(self, path: str, answer: Callable[[], Any]) -> None:
        """Serve `answer()` as JSON at `path` (under `/_local/`)."""

    def listen(self, listener: Callable[[Any, Any], None]) -> None:
        """Call `listener` after each call, with the call and what was answered."""

    def answer_unsigned(self, target: str, answer: Callable[[Any], tuple[Any, int]]) -> None:
        """Serve an operation that nobody signs, by its X-Amz-Target: the answer and its status."""

    @property
    def organizations(self) -> dict[str, str]:
        """Account -> id of its organization."""


@dataclass(frozen=True)
class NetworkState:
    """What answers inside one VPC. Declarative: handing it over replaces what was there."""

    cidrs: tuple[str, ...]
    resolver_ips: frozenset[str] = frozenset()
    """Addresses on which Route 53 Resolver answers, 53/udp and 53/tcp."""
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Private DNS names (a leading `*.` is a wildcard) and the addresses they resolve to."""
    tls: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Endpoint addresses and the names that their certificate on 443/tcp is good for. Those of
    another VPC are among them where a route leads to them."""
    zones: frozenset[str] = frozenset()
    """Private hosted zones of customers: what they have no name for does not exist."""
    unanswered: frozenset[str] = frozenset()
    """Domains that are forwarded to where nobody answers."""
    own_dns: str = ""
    """The address of the VPC's own DNS server, where it is asked for something."""
    resolvers_elsewhere: Mapping[str, NetworkState] = field(default_factory=dict)
    """Address of an inbound resolver of another VPC that a route leads to -> what is answered
    there."""


@dataclass(frozen=True)
class InboundAddress:
    """How this machine's user reaches one inbound resolver IP."""

    vpc_id: str
    ip: str
    inside: tuple[str, ...]
    """A command prefix that runs a command inside the VPC; empty where there is none."""
    host: str
    port: int
    """The same DNS server on the loopback, udp and tcp, for whoever is outside."""


class SiteImpossible(Exception):
    """No site can be connected on this machine; the message says why."""


@dataclass(frozen=True)
class PublicQuery:
    """One question that reached the internet's DNS."""

    name: str
    """In lower case, without the dot at its end; the root is `.`."""
    kind: str
    """`A`, `NS`…"""


class Site(Protocol):
    """A company's own network, at the other end of a Direct Connect: a DNS host, a client, and
    the internet's DNS. From it the VPC can be reached, and nothing else."""

    @property
    def prefix(self) -> tuple[str, ...]:
        """Runs a command there."""

    @property
    def dns_ip(self) -> str:
        """The address of the company's DNS server (which is for others to start), and where its
        packets to the VPC come from."""

    @property
    def client_ip(self) -> str:
        """The address of a host that asks that DNS server."""

    @property
    def public_dns_ip(self) -> str:
        """All of the internet's DNS, from the root down: every name has one public address."""

    def public_queries(self) -> Sequence[PublicQuery]:
        """What the internet's DNS was asked, oldest first."""

    def cut(self) -> None:
        """From now on packets to the VPC are lost without a word, and from it too."""

    def restore(self) -> None: ...

    def close(self) -> None:
        """What was started there has to have ended before. A second time does nothing."""


class Networks(Protocol):
    """The VPCs' networks: real sockets, on real addresses where the machine allows it."""

    def apply(self, vpc_id: str, state: NetworkState) -> None:
        """Returns when `state` is what answers. A state without addresses ends the VPC's
        network process, unless something runs in it or a site is connected to it."""

    def run_inside(
        self,
        vpc_id: str,
        cidrs: Sequence[str],
        command: Sequence[str],
        environment: Mapping[str, str],
        runtime_api: str,
    ) -> subprocess.Popen[bytes]:
        """Start `command` inside the VPC. `runtime_api` is the `host:port` on this machine's
        loopback which the process may reach (as AWS_LAMBDA_RUNTIME_API) although it is
        inside; nothing else outside the VPC can be reached. The command sets its own working
        directory and output; it reads no input."""

    def connect_site(self, vpc_id: str, cidrs: Sequence[str], onprem_cidr: str) -> Site:
        """One site for a VPC, which outlives what answers there; `cidrs` are the VPC's. Raises
        SiteImpossible."""

    def inbound_addresses(self) -> Sequence[InboundAddress]: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Notification:
    """One e-mail of a topic; `endpoint` is None where nobody has subscribed by e-mail."""

    topic_arn: str
    subject: str | None
    message: str
    endpoint: str | None


class EventBus(Protocol):
    """The default event bus of the account, with real targets behind its rules."""

    def publish(
        self,
        source: str,
        detail_type: str,
        detail: Mapping[str, Any],
        resources: Sequence[str],
        region: str,
    ) -> None:
        """Match the rules and deliver, on other threads, as AWS does: at least once."""


class Lambdas(Protocol):
    """Functions really run: processes under AWS's own runtime client."""

    @property
    def unfinished_events(self) -> int:
        """How many asynchronous invocations are neither done nor given up."""

    def logs(self, function_name: str) -> list[str]:
        """What the function wrote, line by line, as far as it is remembered."""

    def close(self) -> None: ...
