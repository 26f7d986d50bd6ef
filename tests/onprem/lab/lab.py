"""A company's network with its DNS servers, the link to a VPC, and the internet."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import ssl
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ecs_anywhere_dns.forwarding import NOTHING
from ecs_anywhere_dns.servers import make_server

from tests.onprem.lab import (
    bind,
    client,
    dnsmasq,
    document,
    knot,
    powerdns,
    resolved,
    tool,
    unbound,
)
from tests.onprem.lab.dns_server import DnsServer, Ground, Launch
from tests.onprem.lab.forked import Ran
from tests.onprem.lab.https import Https
from tests.onprem.lab.network import TIERS, enter, free_port
from tests.onprem.lab.places import INTERNET, in_namespace, on_loopback
from tests.onprem.lab.public import PublicServer
from tests.onprem.lab.resolver import Behaviour, FakeResolver
from tests.onprem.lab.serving import Respond, Thread, serve
from tests.onprem.lab.signing import SigningKey

WRITERS: dict[str, Callable[[Ground], Launch]] = {
    "bind": bind.write,
    "unbound": unbound.write,
    "dnsmasq": dnsmasq.write,
    "powerdns": powerdns.write,
    "knot": knot.write,
    "resolved": resolved.write,
}
KINDS = tuple(WRITERS)
HTTPS_PORT = 443
REPOSITORY = Path(__file__).parents[3]
TIER_VARIABLE = "ECS_DNS_LAB"
"""Environment variable: the one tier that has to be used."""


@dataclass(frozen=True)
class OtherVpc:
    """A second VPC that the company's DNS server forwards to."""

    id: str
    region: str
    cidr: str
    names: dict[str, tuple[str, ...]]
    resolvers: dict[str, FakeResolver] = field(default_factory=dict)
    """The resolvers by their IPs."""

    def behave(self, behaviour: Behaviour) -> None:
        for resolver in self.resolvers.values():
            resolver.behaviour = behaviour


class Lab:
    """Close it: whatever it started ends then. Of several, the youngest first."""

    vpc_id = document.VPC_ID
    region = document.REGION
    account = document.ACCOUNT
    zones: tuple[str, ...]

    def __init__(self, tiers: Sequence[str] = ()) -> None:
        """`tiers`: those to try, in order; by default what the environment says, or all."""
        with contextlib.ExitStack() as ending:
            self._enter(tiers or _tiers(), ending)
            self._serve(ending)
            self._ending = ending.pop_all()

    def close(self) -> None:
        self._ending.close()

    def start(
        self,
        kind: str,
        admin: str = "",
        *,
        top: str = "",
        validating: bool = False,
        initialised: bool = True,
    ) -> DnsServer:
        """The first in a namespace has port 53.

        `admin`: the administrator's lines among the server's options; `top`: after everything
        else; `validating`: DNSSEC, which fails for all public names here; `initialised`: as after
        `ecs-anywhere-dns init`, else as before anybody heard of us.
        """
        number = len(self._servers)
        directory = self.directory / f"{kind}-{number}"
        ground = self._places.ground(
            directory, number, admin=admin, top=top, validating=validating, initialised=initialised
        )
        launch = WRITERS[kind](ground)
        if initialised:
            _write_empty_fragments(kind, ground, launch)
        server = DnsServer(kind, ground, launch, self.network)
        self._servers.append(server)
        return server

    def ask(
        self,
        name: str,
        type: str = "A",  # noqa: A002 - it is the word for it
        transport: str = "udp",
        server: DnsServer | None = None,
        patience: float = client.PATIENCE,
    ) -> client.Reply:
        """Ask once. `server`: by default the one that was started last. `patience` in seconds."""
        asked = server or self._servers[-1]
        place = (asked.address, asked.port)
        return client.ask(self.network, place, name, type, transport, patience)

    def ask_resolver(
        self,
        ip: str,
        name: str,
        type: str = "A",  # noqa: A002 - it is the word for it
        transport: str = "udp",
        patience: float = client.PATIENCE,
    ) -> client.Reply:
        """Ask a resolver once, as a DNS server does."""
        place = (ip, self.resolver_port)
        return client.ask(self.network, place, name, type, transport, patience)

    def cut(self) -> None:
        """The link to the VPC: whatever is sent there vanishes."""
        self.network.block(self.vpc_cidrs)
        self._cut_off(True)

    def restore(self) -> None:
        self.network.unblock()
        self._cut_off(False)

    def serve_resolver(self, ip: str) -> FakeResolver:
        """One more, at another address of the VPC."""
        return self._serve_resolver(ip, self._ending)

    def connect(self, vpc_id: str, region: str) -> OtherVpc:
        """One more VPC, behind resolvers of its own in the upper half of the same network."""
        net = ".".join(self.resolver_ips[0].split(".")[:2])
        subnets = (f"{net}.128.", f"{net}.129.")
        other = OtherVpc(vpc_id, region, f"{net}.128.0/17", document.names(subnets, region))
        for subnet in subnets:
            resolver = FakeResolver(region, other.names)
            other.resolvers[f"{subnet}32"] = resolver
            self._listen(f"{subnet}32", self.resolver_port, resolver.respond, self._ending)
        return other

    def publish_other(self, other: OtherVpc, **changes: Any) -> Path:
        """Write the publication of the other VPC beside that of the first."""
        content = self._content() | {
            "generation": next(self._generations),
            "vpcId": other.id,
            "region": other.region,
            "vpcCidrs": [other.cidr],
            "resolverIps": list(other.resolvers),
            "zones": list(document.zones(other.region)),
            "names": {name: list(ips) for name, ips in other.names.items()},
        }
        file = self.directory / f"{other.id}.json"
        file.write_text(document.document(content | changes, self.key))
        return file

    def follow(self, server: DnsServer, other: OtherVpc, **settings: Any) -> None:
        """Let the server's host follow the other VPC as well; `settings`: further keys."""
        file = self.settings_file(server)
        table = {
            "vpc": other.id,
            "region": other.region,
            "account": self.account,
            "networks": [other.cidr],
            "source": str(self.directory / f"{other.id}.json"),
            **self._keys(),
            **settings,
        }
        file.write_text(f"{file.read_text()}\n[[follow]]\n{tool.as_toml(table)}")

    def serve_name(self, name: str, like: str) -> None:
        """One more private name, published too, with the addresses of another one."""
        self.names[name] = self.names[like]
        self.zones = tuple(sorted({*self.zones, name}))
        for resolver in self.resolvers.values():
            resolver.serve(name, self.names[name])

    def serve_https(self, name: str, certificate: ssl.SSLContext, backend: tuple[str, int]) -> int:
        """An interface endpoint: TLS on the addresses of one of `names`, in front of `backend` on
        this machine's loopback. Returns its port."""
        ips = self.names[name]
        port = HTTPS_PORT if self.prefix else free_port(*ips)
        for ip in ips:
            endpoint = Https(certificate, backend)
            self.https.append(endpoint)
            serving = endpoint.serve(self.network.bind("tcp", ip, port))
            self._until_the_end(serving, self._ending)
        return port

    def document(self, **changes: Any) -> str:
        """The JSON text, with the right checksum, signed with `key`. `changes`: keys of the
        document."""
        return document.document(self._content() | changes, self.key)

    def publish(self, **changes: Any) -> Path:
        """Publish to the file that the tool reads, each time a generation higher, unless one is
        given."""
        generation = {"generation": next(self._generations)}
        self.published.write_text(self.document(**(generation | changes)))
        return self.published

    def settings_file(self, server: DnsServer, **changes: Any) -> Path:
        """The tool's configuration for that server. `changes`: its keys; None leaves one out."""
        file = server.ground.run / "config.toml"
        settings = self._settings(server) | changes
        file.write_text(tool.configuration(settings, server.kind, server.table))
        return file

    def tool(self, *words: str, server: DnsServer | None = None, timeout: float = 60) -> Ran:
        """`ecs-anywhere-dns` inside, with the settings file of `server` (by default the one that
        was started last), which is written unless there is one."""
        chosen = server or self._servers[-1]
        file = chosen.ground.run / "config.toml"
        if not file.exists():
            self.settings_file(chosen)
        return tool.run(self.prefix, file, words, timeout)

    def _enter(self, tiers: Sequence[str], ending: contextlib.ExitStack) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="ecs-dns-lab-"))
        ending.callback(shutil.rmtree, self.directory)
        self.network = enter(tiers, [*in_namespace().vpc_cidrs, *INTERNET])
        ending.callback(self.network.close)
        self.tier, self.prefix = self.network.tier, self.network.prefix
        self._places = in_namespace() if self.prefix else on_loopback()
        self.vpc_cidrs = self._places.vpc_cidrs
        self.resolver_ips = self._places.resolver_ips
        self.resolver_port = self._places.resolver_port
        self.names = document.names(self._places.subnets)
        self.zones = document.zones()
        self.key: SigningKey | None = SigningKey()
        """The app's; None where nothing is signed."""
        self.published = self.directory / "forwarding.json"
        self._servers: list[DnsServer] = []
        self._generations = itertools.count(1)

    def _serve(self, ending: contextlib.ExitStack) -> None:
        self._thread = Thread()
        ending.callback(self._thread.close)
        self.public = PublicServer(self._places.root[0])
        self._listen(*self._places.root, self.public.respond, ending)
        self.resolvers: dict[str, FakeResolver] = {}
        self.https: list[Https] = []
        for ip in self.resolver_ips:
            self._serve_resolver(ip, ending)
        ending.callback(self._end_servers)

    def _serve_resolver(self, ip: str, ending: contextlib.ExitStack) -> FakeResolver:
        resolver = self.resolvers[ip] = FakeResolver(self.region, self.names)
        self._listen(ip, self.resolver_port, resolver.respond, ending)
        return resolver

    def _listen(self, ip: str, port: int, respond: Respond, ending: contextlib.ExitStack) -> None:
        udp, tcp = (self.network.bind(kind, ip, port) for kind in ("udp", "tcp"))
        self._until_the_end(serve(udp, tcp, respond), ending)

    def _until_the_end(
        self, serving: Coroutine[Any, Any, Callable[[], None]], ending: contextlib.ExitStack
    ) -> None:
        ending.callback(self._thread.loop.call_soon_threadsafe, self._thread.run(serving))

    def _cut_off(self, cut_off: bool) -> None:
        served: list[FakeResolver | Https] = [*self.resolvers.values(), *self.https]
        for each in served:
            each.cut_off = cut_off

    def _end_servers(self) -> None:
        for server in self._servers:
            server.close()

    def _content(self) -> dict[str, Any]:
        return {
            "schema": 1,
            "generation": 1,
            "state": "active",
            "account": self.account,
            "region": self.region,
            "vpcId": self.vpc_id,
            "vpcCidrs": list(self.vpc_cidrs),
            "resolverIps": list(self.resolver_ips),
            "mode": "names",
            "zones": list(self.zones),
            "names": {name: list(addresses) for name, addresses in self.names.items()},
            "issuedAt": "2026-11-23T12:00:00Z",
        }

    def _settings(self, server: DnsServer) -> dict[str, Any]:
        return {
            "vpc": self.vpc_id,
            "region": self.region,
            "server": server.kind,
            "account": self.account,
            "networks": list(self.vpc_cidrs),
            **self._keys(),
            "source": str(self.published),
            "host": "dns1",
            "acknowledge": False,
            "state": str(server.ground.run / "state"),
            "address": server.address,
            "port": server.port,
            "resolver_port": self.resolver_port,
        }

    def _keys(self) -> dict[str, Any]:
        return {"public_keys": [self.key.entry]} if self.key else {"signature": "none"}


def _write_empty_fragments(kind: str, ground: Ground, launch: Launch) -> None:
    """Write our files as `init` does."""
    server = make_server(kind, document.REGION, ground.address, ground.port, launch.table)
    for fragment in server.fragments(NOTHING):
        fragment.path.write_text(fragment.text)


def _tiers() -> tuple[str, ...]:
    forced = os.environ.get(TIER_VARIABLE)
    if forced and forced not in TIERS:
        raise ValueError(f"{TIER_VARIABLE}={forced}: it is one of {', '.join(TIERS)}")
    return (forced,) if forced else TIERS
