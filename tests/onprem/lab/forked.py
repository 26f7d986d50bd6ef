"""The tool, started by forking a process that has loaded it: the same program, 0.4 s sooner."""

from __future__ import annotations

import atexit
import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
PATH = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "onprem")])


@dataclass(frozen=True)
class Ran:
    code: int
    """Negative: the signal that ended it."""
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Start:
    """`fatal`: a step of `apply`, with whose beginning it is killed; None runs the command line."""

    prefix: tuple[str, ...]
    words: tuple[str, ...]
    environment: Mapping[str, str]
    timeout: float
    fatal: str | None = None


def run(start: Start) -> Ran:
    """Run a command in a fork, and return what came of it. Raises TimeoutError."""
    process = _forge()
    assert process.stdin and process.stdout
    pickle.dump(start, process.stdin)
    process.stdin.flush()
    ran: Ran | None = pickle.load(process.stdout)
    if ran is None:
        raise TimeoutError(f"{' '.join(start.words)} took longer than {start.timeout} s")
    return ran


@cache
def _forge() -> subprocess.Popen[bytes]:
    """One for this test process; it ends with it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.onprem.lab.forge"],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": PATH},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    atexit.register(process.kill)
    return process
