"""DNS over UDP and TCP, served from one thread of the test's process."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

Result = TypeVar("Result")

PATIENCE = 10.0
"""Seconds that starting or ending something may take; it takes milliseconds."""


@dataclass(frozen=True)
class Said:
    """The answer: a message, or nothing at all (None), after some seconds."""

    wire: bytes | None
    delay: float = 0.0


Respond = Callable[[bytes, str], Said]
"""A function from a query's bytes and its transport, `udp` or `tcp`, to the answer."""


class Thread:
    """One event loop, for everything that a laboratory serves."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE)

    def close(self) -> None:
        self.run(_end_all_others())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE)
        self.loop.close()


async def serve(udp: socket.socket, tcp: socket.socket, respond: Respond) -> Callable[[], None]:
    """Answer on both sockets, until the returned function is called, in the same thread."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Udp(respond), sock=udp)
    server = await asyncio.start_server(_tcp(respond), sock=tcp)

    def close() -> None:
        transport.close()
        server.close()

    return close


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, respond: Respond) -> None:
        self._respond = respond

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        said = self._respond(data, "udp")
        if said.wire is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(said.delay, self._transport.sendto, said.wire, addr)


def _tcp(respond: Respond) -> Callable[..., Coroutine[Any, Any, None]]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            (length,) = struct.unpack("!H", await reader.readexactly(2))
            said = respond(await reader.readexactly(length), "tcp")
            await asyncio.sleep(said.delay)
            if said.wire is not None:
                writer.write(struct.pack("!H", len(said.wire)) + said.wire)
                await writer.drain()

    async def answer_until_gone(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A client that leaves is no event here, nor is the laboratory's end.
        with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
            await answer(reader, writer)
        writer.close()

    return answer_until_gone


async def _end_all_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0)  # What was closed gets its turn to let go of its socket.
