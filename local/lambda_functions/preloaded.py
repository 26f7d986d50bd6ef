"""Import once what Lambda's own runtime brings, and fork for each execution environment.

A script for the functions' Python: half of a start was the SDK's import. It reads a request a line
on its standard input, and tells on its standard output which process it has started and how each
has ended; `forks.py` is at the other end. Nothing of a function is imported before its process is
there.
"""

from __future__ import annotations

import ctypes
import json
import os
import runpy
import select
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import boto3  # noqa: F401 (so that every fork finds it imported)

PR_SET_PDEATHSIG = 1


def say(message: dict[str, Any]) -> None:
    os.write(1, json.dumps(message).encode() + b"\n")


def requests(ended: int) -> Iterator[dict[str, Any]]:
    """Yield each request as it comes, until the input ends; tell meanwhile whose process ended."""
    begun = b""
    while True:
        ready, _, _ = select.select([0, ended], [], [])
        if ended in ready:
            os.read(ended, 4096)
            tell_who_ended()
        if 0 in ready:
            got = os.read(0, 65536)
            if not got:
                return
            *lines, begun = (begun + got).split(b"\n")
            yield from map(json.loads, lines)


def tell_who_ended() -> None:
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            say({"ended": pid, "code": os.waitstatus_to_exitcode(status)})


def become(request: dict[str, Any], parent: int, unneeded: tuple[int, ...]) -> None:
    """Make this process what `python -m awslambdaric` would be, started for this environment."""
    os.setsid()
    with suppress(OSError, AttributeError):  # not Linux
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    for descriptor in (nothing, log, *unneeded):
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    task_root = os.environ["PWD"] = os.environ["LAMBDA_TASK_ROOT"]
    os.chdir(task_root)
    sys.path[:0] = os.environ["PYTHONPATH"].split(":")
    sys.modules.pop("sitecustomize", None)
    with suppress(ModuleNotFoundError):
        __import__("sitecustomize")
    sys.path.insert(0, task_root)
    sys.argv = ["awslambdaric", request["handler"]]


def main() -> None:
    """Return in each fork, which then is an execution environment; end where there are no more."""
    ended, tells = os.pipe()
    os.set_blocking(tells, False)
    signal.set_wakeup_fd(tells, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    own = os.getpid()
    for request in requests(ended):
        pid = os.fork()
        if not pid:
            become(request, own, (ended, tells))
            return
        say({"started": pid})
    os._exit(0)


if __name__ == "__main__":
    main()
    runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)
