"""The running kresd processes, asked through their control sockets.

A control socket runs Lua and answers with the value (manual of Knot Resolver 5, "Control sockets").
After `__binary`, an answer is its length, four bytes, and then its text (measured with 5.6). Each
process has a socket of its own, named after the instance or the process id.
"""

from __future__ import annotations

import json
import re
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecs_anywhere_dns.outcome import ReloadFailed

PATIENCE = 15.0
"""Seconds for one answer; 7 ms were measured for the longest question."""
PROMPT = b"> "
ESCAPE = re.compile(r"\\(\d{3}|.)")
CURE = "start kresd; if it runs, set `control` under [knot] to the folder of its control sockets"


@dataclass(frozen=True)
class KnotControl:
    folder: Path

    def is_running(self) -> bool:
        """Return whether a kresd answers."""
        return any(True for _ in self._answers("true"))

    def pids(self) -> tuple[int, ...]:
        return tuple(int(said) for said in self._answers("worker.pid"))

    def values_of(self, lua: str) -> tuple[Any, ...]:
        """Return the value of an expression, from each process. Raises ReloadFailed where none
        answers, or the expression fails."""
        answers = tuple(self._answers(f"{{pcall(function() return {lua} end)}}"))
        if not answers:
            raise ReloadFailed(f"no kresd answers at a control socket in {self.folder}", CURE)
        for answer in answers:
            if not answer or answer[0] is not True:
                said = answer[1] if answer[1:] else "no answer"
                raise ReloadFailed(
                    f"kresd refuses an expression of this tool: {said}", "look at its log"
                )
        return tuple(answer[1] if answer[1:] else None for answer in answers)

    def compile_error(self, text: str, name: str) -> str:
        """Return the error of Lua in a file's text, without running it; empty where there is none,
        or where no kresd can be asked."""
        chunk = f"(select(2, loadstring({quoted(text)}, {quoted('@' + name)})))"
        return next((str(said or "") for said in self._answers(f"{chunk} or ''")), "")

    def _answers(self, lua: str) -> Iterator[Any]:
        """Yield the answer of each process. Sockets of ended processes are skipped."""
        try:
            paths = sorted(path for path in self.folder.iterdir() if path.is_socket())
        except OSError:
            return
        for path in paths:
            try:
                yield _ask(path, f"tojson({lua})")
            except (OSError, EOFError, ValueError, struct.error):
                continue


def quoted(text: str) -> str:
    """Return `text` as a string of Lua on one line."""
    return '"' + "".join(_letter(byte) for byte in text.encode(errors="surrogateescape")) + '"'


def _letter(byte: int) -> str:
    return chr(byte) if chr(byte).isascii() and chr(byte).isalnum() else f"\\{byte:03d}"


def _ask(path: Path, lua: str) -> Any:
    """Return the value that a kresd answers to an expression. Raises OSError, EOFError, ValueError,
    struct.error."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(PATIENCE)
        client.connect(str(path))
        client.sendall(b"__binary\n")
        _received(client, len(PROMPT))
        client.sendall(lua.encode() + b"\n")
        (length,) = struct.unpack(">I", _received(client, 4))
        said = _received(client, length).decode(errors="replace")
    return json.loads(ESCAPE.sub(_unescaped, said.strip().strip("'")))


def _unescaped(found: re.Match[str]) -> str:
    """Return the character that an escape of Lua stands for: kresd prints strings as Lua writes
    them."""
    return chr(int(found[1])) if found[1].isdigit() else found[1]


def _received(client: socket.socket, length: int) -> bytes:
    parts = b""
    while len(parts) < length:
        part = client.recv(length - len(parts))
        if not part:
            raise EOFError
        parts += part
    return parts
