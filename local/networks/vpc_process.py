"""The network of one VPC: private DNS on its resolver IPs, AWS's APIs on its endpoints' addresses.

Started as `python -m local.networks.vpc_process <vpc-id> <configuration, JSON>`. It says
on stdout (JSON lines) how to get inside, then, for each line on stdin, which is the whole
state that shall answer from now on, that it does. The end of stdin, which the engine's
death brings about as well, ends it.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import ssl
import sys
from collections.abc import Iterable, Sequence
from functools import cache, partial
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, Protocol

import trustme

from local.contracts import HEADER
from local.networks.dns_answers import PUBLIC_ADDRESS, Names, Private, respond
from local.networks.listeners import Respond, Server, listen, relay_to, serve_dns
from local.networks.loopback import Loopback, bound_pair
from local.networks.namespace import Namespace
from local.networks.site import Site
from local.networks.workloads import hear_out, public_context

MIRROR = "127.0.0.1"
LONGEST_LINE = 2**20


class Inside(Protocol):
    """The place of the VPC's addresses: a namespace, or the sockets that stand for one."""

    prefix: list[str]

    def route(self, cidrs: Sequence[str]) -> None: ...
    def bind(self, kind: str, ip: str, port: int) -> socket.socket: ...
    def close(self) -> None: ...


class Servers:
    """The servers that answer in the VPC."""

    def __init__(
        self, inside: Inside, authority: Path, gateway: tuple[str, int], vpc_id: str
    ) -> None:
        """`gateway` is where the embedded AWS's API answers on this machine."""
        self._vpc_id = vpc_id
        self._inside = inside
        self._authority = authority
        self._gateway = gateway
        self._site: Site | None = None
        self._names: Names = {}
        self._zones: frozenset[str] = frozenset()
        self._unanswered: frozenset[str] = frozenset()
        self._elsewhere: dict[str, Private] = {}
        """Address of another VPC's inbound resolver -> what answers there."""
        self._heard: Names = {}
        """Names that workloads get private answers for."""
        self._running: dict[tuple[str, ...], list[Server]] = {}
        self._mirrors: dict[str, int] = {}

    async def apply(self, state: dict[str, Any]) -> dict[str, Any]:
        """Start what is missing, stop what is too much; the rest goes on undisturbed."""
        wanted = {
            *(("dns", ip) for ip in state["resolver_ips"]),
            *(("tls", ip, *names) for ip, names in state["tls"].items()),
            *(("relay", address) for address in state["relays"]),
            *(("dns elsewhere", ip) for ip in state["elsewhere"]),
        }
        self._elsewhere = {ip: Private(**told) for ip, told in state["elsewhere"].items()}
        self._names = self._heard = state["names"]
        self._zones, self._unanswered = frozenset(state["zones"]), frozenset(state["unanswered"])
        cidrs = [*state["cidrs"], *_elsewhere([*state["tls"], *state["elsewhere"]], state["cidrs"])]
        reached = tuple(cidrs)
        if state["own_dns"]:
            wanted |= {("own dns", state["own_dns"])}
        if workloads := state["workloads"]:
            wanted |= {("own dns", workloads["dns_ip"]), ("internet", PUBLIC_ADDRESS)}
            cidrs = [*cidrs, f"{PUBLIC_ADDRESS}/32"]
            self._heard = _without(self._names, workloads["unheard"])
        self._mirrors = {ip: port for ip, port in self._mirrors.items() if ("dns", ip) in wanted}
        for service in self._running.keys() - wanted:
            for server in self._running.pop(service):
                server.close()
        self._inside.route(cidrs)
        await self._apply_site(state["site"], reached)
        for service in sorted(wanted - self._running.keys()):
            self._running[service] = await self._start(*service)
        return {"mirrors": self._mirrors, "site": self._site.prefix if self._site else []}

    async def _apply_site(self, wanted: dict[str, Any] | None, cidrs: Sequence[str]) -> None:
        if self._site and not wanted:
            self._site.close()
            self._site = None
        if wanted:
            self._site = self._site or await self._connect_site(wanted)
            self._site.apply(cidrs, up=wanted["up"])

    async def _connect_site(self, wanted: dict[str, Any]) -> Site:
        if not isinstance(self._inside, Namespace):
            raise OSError("loopback sockets cannot be linked")
        return await Site.connect(self._inside, wanted)

    async def _start(self, kind: str, address: str, *names: str) -> list[Server]:
        if kind == "dns":
            return await self._start_dns(address)
        if kind == "tls":
            return await self._start_tls(address, names)
        if kind == "own dns":
            return await self._serve_dns(address, self._respond_to_workload)
        if kind == "dns elsewhere":
            return await self._serve_dns(address, partial(self._respond_elsewhere, address))
        if kind == "internet":
            return await self._start_internet(address)
        return await self._start_relay(address)

    async def _start_dns(self, ip: str) -> list[Server]:
        """Start Route 53 Resolver on its own address, and a mirror of it for programs outside."""
        inside = await self._serve_dns(ip, self._respond)
        mirror = bound_pair(MIRROR)
        self._mirrors[ip] = mirror[0].getsockname()[1]
        return [*inside, *await serve_dns(*mirror, self._respond)]

    async def _serve_dns(self, ip: str, answer: Respond) -> list[Server]:
        udp, tcp = self._inside.bind("udp", ip, 53), self._inside.bind("tcp", ip, 53)
        return await serve_dns(udp, tcp, answer)

    def _respond(self, wire: bytes, *, over_udp: bool) -> bytes | None:
        return self._answer(wire, self._names, over_udp=over_udp)

    def _respond_to_workload(self, wire: bytes, *, over_udp: bool) -> bytes | None:
        return self._answer(wire, self._heard, over_udp=over_udp)

    def _respond_elsewhere(self, ip: str, wire: bytes, *, over_udp: bool) -> bytes | None:
        return respond(wire, self._elsewhere[ip], over_udp=over_udp)

    def _answer(self, wire: bytes, names: Names, *, over_udp: bool) -> bytes | None:
        private = Private(names, self._zones, self._unanswered)
        return respond(wire, private, over_udp=over_udp)

    async def _start_tls(self, ip: str, names: tuple[str, ...]) -> list[Server]:
        """Start an interface endpoint: the certificate of its names, and the API behind it."""
        context = _server_context(self._authority, names or (ip,))
        bound = self._inside.bind("tcp", ip, 443)
        through = f"{HEADER}: {self._vpc_id}/{ip}".encode()
        return [await listen(bound, relay_to(*self._gateway, through), context, patience=None)]

    async def _start_internet(self, ip: str) -> list[Server]:
        """Start AWS's public side: every name's certificate, and nothing behind it."""
        context = public_context(lambda name: _server_context(self._authority, (name,)))
        return [await listen(self._inside.bind("tcp", ip, 443), hear_out, context)]

    async def _start_relay(self, address: str) -> list[Server]:
        """Start a relay to a loopback address of this machine, at the same address inside."""
        host, port = _host_and_port(address)
        bound = self._inside.bind("tcp", host, port)
        return [await listen(bound, relay_to(host, port), patience=None)]


def _elsewhere(addresses: Iterable[str], cidrs: Sequence[str]) -> list[str]:
    """Return as networks those addresses that are none of the VPC's."""
    networks = [ip_network(cidr) for cidr in cidrs]
    return [f"{ip}/32" for ip in addresses if not any(ip_address(ip) in n for n in networks)]


def _without(names: Names, unheard: Sequence[str]) -> Names:
    return {name: addresses for name, addresses in names.items() if name not in unheard}


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)


@cache
def _server_context(authority: Path, names: tuple[str, ...]) -> ssl.SSLContext:
    ca = trustme.CA.from_pem(
        (authority / "ca.pem").read_bytes(), (authority / "ca-key.pem").read_bytes()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*names).configure_cert(context)
    return context


def enter(tiers: Sequence[str], cidrs: Sequence[str], map_file: Path) -> tuple[Inside, str]:
    """Enter the first of `tiers` that this machine can do; return it, and what hindered those
    before it.

    Raises OSError if it can do none.
    """
    hindrances: list[str] = []
    for tier in tiers:
        if tier == "loopback":
            return Loopback(cidrs, map_file), "; ".join(hindrances)
        try:
            if shutil.which("nsenter") is None:
                raise OSError("nsenter (util-linux) is not installed")
            return Namespace(cidrs, of_user=tier == "user-namespaces"), "; ".join(hindrances)
        except OSError as error:
            hindrances.append(f"{tier}: {error}")
    raise OSError("; ".join(hindrances))


def say(message: dict[str, Any]) -> None:
    print(json.dumps(message), flush=True)


async def serve(servers: Servers) -> None:
    states = asyncio.StreamReader(limit=LONGEST_LINE)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(states), sys.stdin
    )
    while line := await states.readline():
        try:
            say(await servers.apply(json.loads(line)))
        except OSError as error:
            say({"error": str(error)})


def main(vpc_id: str, configuration: str) -> None:
    settings = json.loads(configuration)
    try:
        inside, hindrance = enter(settings["tiers"], settings["cidrs"], Path(settings["map"]))
    except OSError as error:
        say({"error": str(error)})
        return
    say({"prefix": inside.prefix, "hindrance": hindrance})
    gateway = _host_and_port(settings["gateway"])
    try:
        asyncio.run(serve(Servers(inside, Path(settings["directory"]), gateway, vpc_id)))
    finally:
        inside.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
