"""An interface endpoint's port 443, as far as the tool can tell: TLS in front of AWS."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable

CHUNK = 65536


class Https:
    """One address. Bytes are handed on as they come."""

    def __init__(self, certificate: ssl.SSLContext, backend: tuple[str, int]) -> None:
        self.cut_off = False
        """True where the server takes connections, and then is silent."""
        self.connections = 0
        self._certificate = certificate
        self._backend = backend

    async def serve(self, listening: socket.socket) -> Callable[[], None]:
        return (await asyncio.start_server(self._connected, sock=listening)).close

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A client that leaves, or refuses our certificate, is no event here.
        with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
            if self.cut_off:
                await reader.read()
            else:
                await self._hand_on(reader, writer)
        writer.close()

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await writer.start_tls(self._certificate)
        self.connections += 1
        from_backend, to_backend = await asyncio.open_connection(*self._backend)
        answering = asyncio.create_task(_copy(from_backend, writer))
        await _copy(reader, to_backend)
        to_backend.close()
        await answering


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(CHUNK):
        target.write(data)
        await target.drain()
