"""Servers on sockets that somebody else has bound: DNS, and whatever speaks on TCP."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from typing import Protocol

Connection = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

PATIENCE = 10.0
"""Real seconds that a connection may last."""
LARGEST_READ = 2**16


class Server(Protocol):
    def close(self) -> None: ...


class Respond(Protocol):
    def __call__(self, wire: bytes, *, over_udp: bool) -> bytes | None:
        """Return the answer to a DNS query; None for bytes that must not be answered."""


class TcpServer:
    """A server of the connections to one TCP socket; closing it ends them, too."""

    def __init__(self, serve: Connection, patience: float | None) -> None:
        self._serve, self._patience = serve, patience
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, bound: socket.socket, context: ssl.SSLContext | None) -> TcpServer:
        self._server = await asyncio.start_server(self._accept, sock=bound, ssl=context)
        return self

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.ensure_future(self._serve_and_close(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _serve_and_close(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        # A client that leaves, idles or talks nonsense is no event here, nor is the end.
        with contextlib.suppress(OSError, EOFError, ValueError, asyncio.CancelledError):
            async with asyncio.timeout(self._patience):
                await self._serve(reader, writer)
        writer.close()

    def close(self) -> None:
        assert self._server is not None, "start() first"
        self._server.close()
        for connection in self._connections:
            connection.cancel()


class UdpDns:
    """A server that answers the queries to one UDP socket, until closed."""

    def __init__(self, bound: socket.socket, respond: Respond) -> None:
        bound.setblocking(False)
        self._socket, self._respond = bound, respond
        asyncio.get_running_loop().add_reader(bound, self._answer)

    def _answer(self) -> None:
        query, client = self._socket.recvfrom(65535)
        if response := self._respond(query, over_udp=True):
            # Whoever asked may be unreachable by now, as behind a cut link.
            with contextlib.suppress(OSError):
                self._socket.sendto(response, client)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()


async def listen(
    bound: socket.socket,
    serve: Connection,
    context: ssl.SSLContext | None = None,
    patience: float | None = PATIENCE,
) -> Server:
    return await TcpServer(serve, patience).start(bound, context)


async def serve_dns(udp: socket.socket, tcp: socket.socket, respond: Respond) -> list[Server]:
    """Serve DNS on both sockets, as every DNS server has to (RFC 7766)."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            (length,) = struct.unpack("!H", await reader.readexactly(2))
            response = respond(await reader.readexactly(length), over_udp=False)
            if response is None:
                return
            writer.write(struct.pack("!H", len(response)) + response)
            await writer.drain()

    return [UdpDns(udp, respond), await listen(tcp, answer)]


def relay_to(host: str, port: int, header: bytes = b"") -> Connection:
    """Return a relay of bytes in both directions, until both sides have ended. With a `header` they
    are one HTTP request, which has it from then on, and its answer."""

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begins = await reader.readline() if header else b""
        if header and not begins:
            return
        far_reader, far_writer = await asyncio.open_connection(host, port)
        try:
            if header:
                far_writer.write(begins + header + b"\r\nConnection: close\r\n")
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        finally:
            far_writer.close()

    return relay


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(LARGEST_READ):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
    else:
        writer.close()  # TLS knows no half-closed connections.
