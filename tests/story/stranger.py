"""A stranger with two terminals: `make local` in one, the AWS CLI in the other."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from local.settings import REPOSITORY

T = TypeVar("T")

REGION = "eu-west-1"
PATIENCE = 120.0
"""Real seconds for what takes ten on an idle machine."""
END_SECONDS = 30.0
"""Real seconds in which everything is gone after a signal."""

_AWS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_CONFIG_FILE": os.devnull}
_ASK = """
import sys, dns.message, dns.query
ip, port, name = sys.argv[1:]
answer = dns.query.udp(dns.message.make_query(name, "A"), ip, port=int(port), timeout=2)
print(*[item for rrset in answer.answer for item in rrset], sep="\\n")
"""


@dataclass
class Terminal:
    """The one in which the embedded AWS runs. `output` is what can be read there."""

    process: subprocess.Popen[str]
    prefix: Sequence[str] = ()
    """The words before a command that run it as the user who started `make local`."""
    output: list[str] = field(default_factory=list)

    def wait_for_line(self, beginning: str) -> str:
        def look() -> str | None:
            line = next((line for line in self.output if line.startswith(beginning)), None)
            assert line or self.process.poll() is None, "\n".join(self.output)
            return line

        return until(look)

    def read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.output.append(line.rstrip())

    def end(self, send: Callable[[], None]) -> int:
        """The exit code after that signal. Whatever it had started has to be gone as well."""
        started = descendants(self.process.pid)
        send()
        code = self.process.wait(END_SECONDS)
        until(lambda: not started & running(), END_SECONDS)
        return code

    def terminate(self) -> int:
        return self.end(self.process.terminate)

    def press_ctrl_c(self) -> int:
        """The terminal sends the signal to the whole foreground process group."""
        return self.end(lambda: os.killpg(self.process.pid, signal.SIGINT))


@contextmanager
def terminal(*command: str, prefix: Sequence[str] = ()) -> Iterator[Terminal]:
    process = subprocess.Popen(
        [*prefix, *command],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    opened = Terminal(process, prefix)
    reader = threading.Thread(target=opened.read, daemon=True)
    reader.start()
    try:
        yield opened
        reader.join(END_SECONDS)
    finally:
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(END_SECONDS)


@dataclass(frozen=True)
class Stranger:
    """The stranger, who drives the embedded AWS from outside, with no more than what was
    printed."""

    url: str
    prefix: Sequence[str] = ()

    @property
    def _environment(self) -> dict[str, str]:
        mine = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        return mine | _AWS | {"PATH": path}

    def paste(self, lines: Sequence[str], show: str) -> str:
        """Return the shell's variable `show` after these lines."""
        script = "\n".join(["set -euo pipefail", *lines, f'echo "${show}"'])
        return run(["bash", "-c", script], env=self._environment).splitlines()[-1]

    def aws(self, *arguments: str) -> Any:
        """The answer of the AWS CLI."""
        where = {"AWS_ENDPOINT_URL": self.url, "AWS_DEFAULT_REGION": REGION}
        command = ["aws", *arguments, "--output", "json"]
        answer = run(command, env=self._environment | where)
        return json.loads(answer) if answer.strip() else None

    def inbound(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.url}/_local/inbound", timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def ask_outside(self, address: Mapping[str, Any], name: str) -> list[str]:
        mirror = address["loopback"]
        return _addresses(run(_question(mirror["host"], mirror["port"], name)))

    def ask_inside(self, address: Mapping[str, Any], name: str) -> list[str]:
        question = _question(address["ip"], address["port"], name)
        return _addresses(run([*self.prefix, *address["inside"], *question]))


def _question(ip: str, port: int, name: str) -> list[str]:
    if dig := shutil.which("dig"):
        return [dig, "+short", f"@{ip}", "-p", str(port), name]
    return [sys.executable, "-c", _ASK, ip, str(port), name]


def _addresses(answer: str) -> list[str]:
    """Return the addresses in an answer, without the CNAMEs before them."""
    return sorted(line for line in answer.split() if not line.endswith("."))


def run(command: Sequence[str], **how: Any) -> str:
    """Return what a command printed; fail with all of it where the command failed."""
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE, check=False, **how
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return str(done.stdout)


def until(look: Callable[[], T | None], seconds: float = PATIENCE) -> T:
    """The first true thing that `look` sees."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if seen := look():
            return seen
        time.sleep(0.2)
    raise AssertionError(f"nothing within {seconds:.0f} s")


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def running() -> set[int]:
    """The processes that exist and are no zombies."""
    return {pid for pid, _, state in _processes() if not state.startswith("Z")}


def descendants(pid: int) -> set[int]:
    family = {pid}
    processes = _processes()
    while more := {child for child, parent, _ in processes if parent in family} - family:
        family |= more
    return family


def _processes() -> list[tuple[int, int, str]]:
    lines = run(["ps", "-A", "-o", "pid=,ppid=,stat="]).splitlines()
    return [(int(pid), int(parent), state) for pid, parent, state in map(str.split, lines)]
