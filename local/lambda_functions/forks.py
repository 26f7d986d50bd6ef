"""Execution environments as forks of one process that has the SDK imported: `preloaded.py`."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

SCRIPT = Path(__file__).with_name("preloaded.py")
START_SECONDS = 30.0
"""Real seconds until the process has the SDK imported and has forked."""


class Process(Protocol):
    """The part of `subprocess.Popen` that an execution environment needs."""

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def kill(self) -> None: ...


class Fork:
    """One of the forks. Only its parent may wait for it, and tells here how it has ended."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None
        self._ended = threading.Event()

    def has_ended(self, code: int) -> None:
        self._code = code
        self._ended.set()

    def poll(self) -> int | None:
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code, a signal's number negative; raise subprocess.TimeoutExpired."""
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        assert self._code is not None
        return self._code

    def kill(self) -> None:
        if self._code is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


class Forks:
    """The process that forks. Started by the thread that makes this object."""

    def __init__(self, python: Path, prefix: Sequence[str], environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [*prefix, str(python), "-P", str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=dict(environment),
            start_new_session=True,
        )
        self._running: dict[int, Fork] = {}
        self._started: queue.SimpleQueue[Fork | None] = queue.SimpleQueue()
        threading.Thread(target=self._listen, name="lambda-forks", daemon=True).start()

    def start(self, handler: str, log: Path, environment: Mapping[str, str]) -> Fork:
        """Return a new process that runs `handler`; for one thread at a time. Raises OSError."""
        assert self._process.stdin
        request = {"handler": handler, "log": str(log), "environment": dict(environment)}
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        try:
            started = self._started.get(timeout=START_SECONDS)
        except queue.Empty:
            started = None
        if started is None:
            raise OSError("the process that forks execution environments does not answer")
        return started

    def close(self) -> None:
        """End the process and with it every fork."""
        assert self._process.stdin
        with suppress(OSError):
            self._process.stdin.close()
        self._process.kill()
        self._process.wait()

    def _listen(self) -> None:
        assert self._process.stdout
        with self._process.stdout as messages:
            for line in messages:
                self._hear(json.loads(line))
        self._started.put(None)
        for fork in self._running.values():
            fork.has_ended(-signal.SIGKILL)

    def _hear(self, message: Mapping[str, Any]) -> None:
        if "started" in message:
            fork = self._running[message["started"]] = Fork(message["started"])
            self._started.put(fork)
        else:
            self._running.pop(message["ended"]).has_ended(message["code"])
