"""The ways to Parameter Store, found without the DNS server that this tool configures. Through that
server, a host could never learn of new resolver IPs: the old ones, which no longer answer, are all
that its DNS server would ask for the way to the document that names the new ones."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import get_args
from urllib.parse import SplitResult, urlsplit

from ecs_anywhere_dns.answers.questions import Answer, Asks, Question, Transport
from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.outcome import BadUsage
from ecs_anywhere_dns.settings import Settings

HTTPS_PORT = 443
ENDPOINTS = ("endpoint_url", "AWS_ENDPOINT_URL_SSM", "AWS_ENDPOINT_URL")
"""The configuration's, then the AWS SDKs' own variables, in their order."""
CREDENTIAL_ENDPOINTS = tuple(
    f"AWS_ENDPOINT_URL_{service}" for service in ("STS", "SSO", "SSO_OIDC", "SIGNIN")
)
"""The variables that name other endpoints for credentials. This tool does not use them, but
botocore obeys them."""

LookUp = Callable[[str], Sequence[str]]
"""IPv4 addresses of a name; raises OSError where it has none."""


@dataclass(frozen=True)
class Route:
    """An address to connect to, and the reason why it is tried."""

    address: str
    """IPv4, or with endpoint_url the host in it, which the operating system resolves."""
    port: int
    reason: str
    """The source of the address, in words."""


@dataclass(frozen=True)
class DeadEnd:
    """A way to ask that led to no address."""

    reason: str
    problem: str


Way = Route | DeadEnd


def system_addresses(name: str) -> Sequence[str]:
    """Return the IPv4 addresses of `name` as the operating system resolves it, within the time of
    resolv.conf."""
    found = socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)
    return [str(sockaddr[0]) for *_, sockaddr in found]


@dataclass(frozen=True)
class Routes:
    """The ways to Parameter Store, best first, each found only when the ones before it failed."""

    endpoint: str
    """A URL: the only way there is. Empty: found as below."""
    known: Document | None
    """The one that was applied last."""
    resolvers: tuple[str, ...]
    resolver_port: int
    ask: Asks
    look_up: LookUp = system_addresses
    port: int = HTTPS_PORT
    """443, apart from laboratories."""

    def to(self, host: str) -> Iterator[Way]:
        """Yield the ways to `host`, which is `ssm.<region>.<suffix>` or the endpoint's own name. No
        address comes twice."""
        if self.endpoint:
            yield Route(host, _port_of(urlsplit(self.endpoint)), "endpoint_url")
            return
        seen: set[str] = set()
        for way in self._ways(host):
            if isinstance(way, DeadEnd):
                yield way
            elif way.address not in seen:
                seen.add(way.address)
                yield way

    @property
    def cure(self) -> str:
        """Return what to do when none of the ways leads there."""
        if self.endpoint:
            return f"check from this host that {self.endpoint} can be reached"
        init = "`ecs-anywhere-dns init --resolver-ip …` with an IP of the inbound resolver"
        if not self.resolvers:
            return f"{init}, or endpoint_url in the configuration"
        link = (
            f"check the link to the VPC: port {self.resolver_port} of "
            f"{', '.join(self.resolvers)}, and {self.port} of the addresses"
        )
        return link if self._networks else f"{link}; else {init}"

    def _ways(self, host: str) -> Iterator[Way]:
        yield from self._asked(host)
        yield from self._applied(host)
        # Once anything is applied, the system's answer may be our own DNS server's.
        if not self._networks:
            yield from self._of_the_system(host)

    def _asked(self, host: str) -> Iterator[Way]:
        """Ask the resolvers over UDP, then over TCP those that did not answer: UDP may be
        filtered."""
        left = self.resolvers
        for transport in get_args(Transport):
            answers = self._answers(host, left, transport)
            for server, answer in answers.items():
                yield from self._read(answer, f"resolver {server} over {transport}")
            left = tuple(s for s, answer in answers.items() if answer.problem or answer.truncated)

    def _answers(
        self, host: str, servers: Sequence[str], transport: Transport
    ) -> dict[str, Answer]:
        """Return the answers by server. All are asked side by side: dead servers cost the patience
        for one."""
        questions = {
            server: Question(server, self.resolver_port, host, transport=transport)
            for server in servers
        }
        answers = self.ask(tuple(questions.values())) if questions else {}
        return {server: answers[question] for server, question in questions.items()}

    def _read(self, answer: Answer, reason: str) -> Iterator[Way]:
        addresses = [address for _, address in answer.addresses]
        if not addresses:
            yield DeadEnd(reason, answer.problem or f"no address ({answer.rcode})")
        yield from self._usable(addresses, reason)

    def _applied(self, host: str) -> Iterator[Way]:
        for address in self.known.names.get(host, ()) if self.known else ():
            yield Route(address, self.port, "as last applied")

    def _of_the_system(self, host: str) -> Iterator[Way]:
        reason = "the operating system's resolver"
        try:
            addresses = self.look_up(host)
        except OSError as error:
            yield DeadEnd(reason, error.strerror or str(error))
        else:
            yield from self._usable(addresses, reason)

    def _usable(self, addresses: Sequence[str], reason: str) -> Iterator[Way]:
        for address in addresses:
            if self._is_private(address):
                yield Route(address, self.port, reason)
            else:
                yield DeadEnd(reason, self._refusal(address))

    def _is_private(self, address: str) -> bool:
        """Return whether the address lies in the VPC's networks; while none are known, whether it
        is not on the internet."""
        if self._networks:
            return any(ip_address(address) in ip_network(cidr) for cidr in self._networks)
        return not ip_address(address).is_global

    def _refusal(self, address: str) -> str:
        if self._networks:
            return f"{address} lies outside the VPC ({', '.join(self._networks)})"
        return f"{address} is public: that would go over the internet"

    @property
    def _networks(self) -> tuple[str, ...]:
        """Return the networks of the VPC; none before the first document was applied, and after a
        withdrawal."""
        return self.known.vpc_cidrs if self.known else ()


def find_routes(
    settings: Settings,
    last: Document | None,
    ask: Asks,
    *,
    look_up: LookUp = system_addresses,
    environment: Mapping[str, str] = os.environ,
) -> Routes:
    """Return the ways to Parameter Store. `last` is the document that was applied last. No question
    is asked yet. Raises BadUsage."""
    return Routes(
        endpoint=_given_endpoint(settings, environment),
        known=last,
        resolvers=tuple(
            dict.fromkeys((*(last.resolver_ips if last else ()), *settings.resolver_ips))
        ),
        resolver_port=settings.resolver_port,
        ask=ask,
        look_up=look_up,
        port=settings.https_port,
    )


def _given_endpoint(settings: Settings, environment: Mapping[str, str]) -> str:
    """Return the endpoint's URL; empty where none is given. Raises BadUsage, also for an endpoint
    of credentials: what is refused for the publication is refused for what signs it."""
    said = {**environment, "endpoint_url": settings.endpoint_url}
    given = {name: said[name] for name in (*ENDPOINTS, *CREDENTIAL_ENDPOINTS) if said.get(name)}
    for where, url in given.items():
        _check_encrypted(where, url, _read_url(where, url))
    return next((given[name] for name in ENDPOINTS if name in given), "")


def _check_encrypted(where: str, url: str, parts: SplitResult) -> None:
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise BadUsage(
            f"{where} = {url!r} would send session tokens, and take the publication, in plain HTTP",
            "use https://; http:// is for addresses of this host only, as in http://127.0.0.1:8080",
        )


def _read_url(where: str, url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _port_of(parts)
    except ValueError as error:
        raise BadUsage(f"{where} = {url!r} is no URL: {error}", "correct it") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadUsage(
            f"{where} = {url!r} is no URL of Parameter Store", "it is as in https://host[:port]"
        )
    return parts


def _port_of(parts: SplitResult) -> int:
    return parts.port or (HTTPS_PORT if parts.scheme == "https" else 80)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
