"""`python -m tests.onprem.lab.forge` reads pickled `Start`s on stdin and answers `Ran`, or None.

Each is a process of its own, which enters the laboratory's network before it begins, as nsenter(1)
does, and can be killed like any other. This process has one thread, so that a fork is safe.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import IO

from ecs_anywhere_dns import cli, schema  # noqa: F401 - each fork has it then, too
from ecs_anywhere_dns.commands import COMMANDS, command
from ecs_anywhere_dns.servers import RENDERED, SERVERS

from tests.onprem.lab import killed
from tests.onprem.lab.forked import Ran, Start

POLL = 0.005
DEFECT = 1


def _serve(main: Callable[[Start], int]) -> None:
    while True:
        try:
            start: Start = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as error:
            code = _wait(_fork(start, out, error, main), start.timeout)
            texts = [_text(out), _text(error)]
        pickle.dump(None if code is None else Ran(code, *texts), sys.stdout.buffer)
        sys.stdout.buffer.flush()


def _fork(start: Start, out: IO[bytes], error: IO[bytes], main: Callable[[Start], int]) -> int:
    child = os.fork()
    if child:
        return child
    code = DEFECT
    try:
        for stream, descriptor in ((out, 1), (error, 2)):
            os.dup2(stream.fileno(), descriptor)
        os.environ.clear()
        os.environ.update(start.environment)
        _enter(start.prefix)
        code = main(start)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else DEFECT
    except BaseException:  # noqa: BLE001 - it dies of it, as any program does
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _enter(prefix: Sequence[str]) -> None:
    """`prefix` as of `Network`: nsenter -t <pid> [-U …] -n."""
    if not prefix:
        return
    pid = prefix[prefix.index("-t") + 1]
    libc = ctypes.CDLL(None, use_errno=True)
    for kind in ("user", "net") if "-U" in prefix else ("net",):
        descriptor = os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY)
        if libc.setns(descriptor, 0) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter the {kind} namespace of {pid}")
        os.close(descriptor)


def _wait(child: int, timeout: float) -> int | None:
    """Wait for a child, and return its exit code; None where it had to be ended."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(POLL)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode()


def _load() -> None:
    """Import all that the tool imports when it is needed: each fork has it then."""
    for name in COMMANDS:
        command(name)
    list(SERVERS.values())
    list(RENDERED.values())


def _run_tool(start: Start) -> int:
    if start.fatal is None:
        return cli.main(start.words)
    return killed.main(start.words[0], start.fatal)


if __name__ == "__main__":
    _load()
    _serve(_run_tool)
