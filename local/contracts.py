"""The contracts between the parts of the embedded AWS.

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
    """Identities of callers. An access key that was not given out here is an administrator's."""

    def credentials_for(self, role_arn: str, session_name: str) -> Credentials: ...

    def role_of(self, access_key_id: str) -> str | None:
        """Return the role ARN behind an access key; None for a stranger, who may do anything."""


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
    """The journal of every call, in the order in which they ended."""

    def calls(self, since: int = 0) -> Sequence[Call]: ...

    def mark(self) -> int:
        """Return a position to hand to `calls` later."""


class Gateway(Protocol):
    """The WSGI application in front of moto."""

    def route(self, path: str, answer: Callable[[], Any]) -> None:
        """Serve `answer()` as JSON at `path` (under `/_local/`)."""

    def listen(self, listener: Callable[[Any, Any], None]) -> None:
        """Call `listener` after each call, with the call and what was answered."""

    def answer_unsigned(self, target: str, answer: Callable[[Any], tuple[Any, int]]) -> None:
        """Serve an operation that nobody signs, by its X-Amz-Target; `answer` gives the answer and
        its status."""

    @property
    def organizations(self) -> dict[str, str]:
        """Account -> id of its organization."""


@dataclass(frozen=True)
class NetworkState:
    """The addresses and names that answer inside one VPC; each state that is handed over replaces
    the former one."""

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
    """Domains that are forwarded to addresses at which nobody answers."""
    own_dns: str = ""
    """The address of the VPC's own DNS server, where it is asked for something."""
    resolvers_elsewhere: Mapping[str, NetworkState] = field(default_factory=dict)
    """Address of an inbound resolver of another VPC that a route leads to -> what is answered
    there."""


@dataclass(frozen=True)
class InboundAddress:
    """The ways in which this machine's user reaches one inbound resolver IP."""

    vpc_id: str
    ip: str
    inside: tuple[str, ...]
    """A command prefix that runs a command inside the VPC; empty where there is none."""
    host: str
    port: int
    """The port of the same DNS server on the loopback, udp and tcp, for programs outside of the
    VPC."""


class SiteImpossible(Exception):
    """An error: this machine can connect no site; the message says why."""


@dataclass(frozen=True)
class PublicQuery:
    """One question that reached the internet's DNS."""

    name: str
    """The name in lower case, without the dot at its end; the root is `.`."""
    kind: str
    """`A`, `NS`…"""


class Site(Protocol):
    """A company's own network, at the other end of a Direct Connect: a DNS host, a client, and
    the internet's DNS. From it the VPC can be reached, and nothing else."""

    @property
    def prefix(self) -> tuple[str, ...]:
        """The command prefix that runs a command on the site."""

    @property
    def dns_ip(self) -> str:
        """The address of the company's DNS server (which is for others to start), and where its
        packets to the VPC come from."""

    @property
    def client_ip(self) -> str:
        """The address of a host that asks that DNS server."""

    @property
    def public_dns_ip(self) -> str:
        """The address of all of the internet's DNS, from the root down: every name has one public
        address."""

    def public_queries(self) -> Sequence[PublicQuery]:
        """Return the questions to the internet's DNS, oldest first."""

    def cut(self) -> None:
        """Cut the link: packets to and from the VPC are lost, and nobody is told."""

    def restore(self) -> None: ...

    def close(self) -> None:
        """End the site, on which no program may run any more. A second call does nothing."""


class Networks(Protocol):
    """The VPCs' networks: real sockets, on real addresses where the machine allows it."""

    def apply(self, vpc_id: str, state: NetworkState) -> None:
        """Let the VPC answer as `state` says; return when it does. A state without addresses ends
        the VPC's network process, unless something runs in it or a site is connected to it."""

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
        """Return a site connected to a VPC, which stays when nothing answers there any more;
        `cidrs` are the VPC's. Raises SiteImpossible."""

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
        """The number of asynchronous invocations that are neither done nor given up."""

    def logs(self, function_name: str) -> list[str]:
        """Return the lines that the function wrote, as far as they are remembered."""

    def close(self) -> None: ...
