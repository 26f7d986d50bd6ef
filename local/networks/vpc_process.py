"""The network of one VPC: private DNS on its resolver IPs, TLS on its endpoints' addresses.

Started as `python -m local.networks.vpc_process <vpc-id> <configuration, JSON>`. It says
on stdout (JSON lines) how to get inside, then, for each line on stdin, which is the whole
state that shall answer from now on, that it does. The end of stdin, which the engine's
death brings about as well, ends it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import socket
import ssl
import struct
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import trustme

from local.networks.dns_answers import Names, respond
from local.networks.loopback import Loopback, bound_pair
from local.networks.namespace import Namespace

Connection = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

MIRROR = "127.0.0.1"
PATIENCE = 10.0
"""Real seconds that a connection may last."""
LONGEST_LINE = 2**20


class Inside(Protocol):
    """Where the VPC's addresses are: a namespace, or what stands for one."""

    prefix: list[str]

    def route(self, cidrs: Sequence[str]) -> None: ...
    def bind(self, kind: str, ip: str, port: int) -> socket.socket: ...
    def close(self) -> None: ...


class Server(Protocol):
    def close(self) -> None: ...


class UdpDns:
    """Answers the queries that come to one UDP socket, until closed."""

    def __init__(self, bound: socket.socket, respond: Callable[[bytes], bytes | None]) -> None:
        bound.setblocking(False)
        self._socket, self._respond = bound, respond
        asyncio.get_running_loop().add_reader(bound, self._answer)

    def _answer(self) -> None:
        query, client = self._socket.recvfrom(65535)
        if response := self._respond(query):
            self._socket.sendto(response, client)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()


class Servers:
    """What answers in the VPC."""

    def __init__(self, inside: Inside, authority: Path) -> None:
        self._inside = inside
        self._authority = authority
        self._names: Names = {}
        self._running: dict[tuple[str, ...], list[Server]] = {}
        self._mirrors: dict[str, int] = {}

    async def apply(self, state: dict[str, Any]) -> dict[str, Any]:
        """Start what is missing, stop what is too much; the rest goes on undisturbed."""
        wanted = {
            *(("dns", ip) for ip in state["resolver_ips"]),
            *(("tls", ip, *names) for ip, names in state["tls"].items()),
            *(("relay", address) for address in state["relays"]),
        }
        self._names = state["names"]
        self._mirrors = {ip: port for ip, port in self._mirrors.items() if ("dns", ip) in wanted}
        for service in self._running.keys() - wanted:
            for server in self._running.pop(service):
                server.close()
        self._inside.route(state["cidrs"])
        for service in sorted(wanted - self._running.keys()):
            self._running[service] = await self._start(*service)
        return {"mirrors": self._mirrors}

    async def _start(self, kind: str, address: str, *names: str) -> list[Server]:
        if kind == "dns":
            return await self._start_dns(address)
        if kind == "tls":
            return await self._start_tls(address, names)
        return await self._start_relay(address)

    async def _start_dns(self, ip: str) -> list[Server]:
        """Route 53 Resolver on its own address, and mirrored for who is outside."""
        inside = self._inside.bind("udp", ip, 53), self._inside.bind("tcp", ip, 53)
        mirror = bound_pair(MIRROR)
        self._mirrors[ip] = mirror[0].getsockname()[1]
        servers: list[Server] = []
        for udp, tcp in (inside, mirror):
            servers.append(UdpDns(udp, self._respond_udp))
            servers.append(await _listen(tcp, self._answer_tcp))
        return servers

    def _respond_udp(self, query: bytes) -> bytes | None:
        return respond(query, self._names, over_udp=True)

    async def _answer_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            (length,) = struct.unpack("!H", await reader.readexactly(2))
            query = await reader.readexactly(length)
            response = respond(query, self._names, over_udp=False)
            if response is None:
                return
            writer.write(struct.pack("!H", len(response)) + response)
            await writer.drain()

    async def _start_tls(self, ip: str, names: tuple[str, ...]) -> list[Server]:
        """An interface endpoint: the certificate of its names, and one HTTP answer."""

        async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readline()
            body = f"{ip}\n"
            writer.write(
                f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n"
                f"Connection: close\r\n\r\n{body}".encode()
            )
            await writer.drain()

        context = _server_context(self._authority, names or (ip,))
        return [await _listen(self._inside.bind("tcp", ip, 443), greet, context)]

    async def _start_relay(self, address: str) -> list[Server]:
        """A loopback address of this machine, at the same address inside."""
        host, _, port = address.rpartition(":")

        async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            far_reader, far_writer = await asyncio.open_connection(host, int(port))
            try:
                await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
            finally:
                far_writer.close()

        bound = self._inside.bind("tcp", host, int(port))
        return [await _listen(bound, relay, patience=None)]


async def _listen(
    bound: socket.socket,
    serve: Connection,
    context: ssl.SSLContext | None = None,
    patience: float | None = PATIENCE,
) -> Server:
    async def serve_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A client that leaves, idles or talks nonsense is no event here, nor is the end.
        with contextlib.suppress(OSError, EOFError, ValueError, asyncio.CancelledError):
            async with asyncio.timeout(patience):
                await serve(reader, writer)
        writer.close()

    return await asyncio.start_server(serve_and_close, sock=bound, ssl=context)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(LONGEST_LINE):
        writer.write(data)
        await writer.drain()
    writer.write_eof()


@cache
def _server_context(authority: Path, names: tuple[str, ...]) -> ssl.SSLContext:
    ca = trustme.CA.from_pem(
        (authority / "ca.pem").read_bytes(), (authority / "ca-key.pem").read_bytes()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*names).configure_cert(context)
    return context


def enter(tiers: Sequence[str], cidrs: Sequence[str], map_file: Path) -> Inside:
    """The first of `tiers` that this machine can do. Raises OSError if it can do none."""
    hindrances = []
    for tier in tiers:
        if tier == "loopback":
            return Loopback(cidrs, map_file)
        try:
            if shutil.which("nsenter") is None:
                raise OSError("nsenter (util-linux) is not installed")
            return Namespace(cidrs, of_user=tier == "user-namespaces")
        except OSError as error:
            hindrances.append(f"{tier}: {error}")
    raise OSError("; ".join(hindrances))


def say(message: dict[str, Any]) -> None:
    print(json.dumps(message), flush=True)


async def serve(inside: Inside, authority: Path) -> None:
    servers = Servers(inside, authority)
    states = asyncio.StreamReader(limit=LONGEST_LINE)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(states), sys.stdin
    )
    say({"prefix": inside.prefix})
    while line := await states.readline():
        try:
            say(await servers.apply(json.loads(line)))
        except OSError as error:
            say({"error": str(error)})


def main(configuration: str) -> None:
    settings = json.loads(configuration)
    try:
        inside = enter(settings["tiers"], settings["cidrs"], Path(settings["map"]))
    except OSError as error:
        say({"error": str(error)})
        return
    try:
        asyncio.run(serve(inside, Path(settings["directory"])))
    finally:
        inside.close()


if __name__ == "__main__":
    # The first argument, the VPC's id, is there for whoever reads the process list.
    main(sys.argv[2])
