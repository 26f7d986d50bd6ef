"""A stand-in for systemd, as far as the tool needs it: `systemctl start` for one DNS server."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

SYSTEMCTL = """
import socket, sys
with socket.socket(socket.AF_UNIX) as manager:
    manager.connect(sys.argv[1])
    sys.exit(manager.makefile().read() or 0)
"""
"""The reason why it did not start is its error; nothing is said of a success."""


def start_command(run: Path) -> list[str]:
    """Return a command that ends when the server answers, at once if it does already. It works from
    everywhere."""
    return [sys.executable, "-c", SYSTEMCTL, str(_socket(run))]


class ServiceManager:
    def __init__(self, run: Path, start: Callable[[], None]) -> None:
        """`start` raises RuntimeError where the server does not start."""
        self._start = start
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(_socket(run)))
        self._listening.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listening.close()

    def _serve(self) -> None:
        # Closing ends the accept with an error.
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                with connection:
                    connection.sendall(self._ending_of_start().encode())

    def _ending_of_start(self) -> str:
        try:
            self._start()
        except RuntimeError as error:
            return str(error)
        return ""


def _socket(run: Path) -> Path:
    return run / "manager"
