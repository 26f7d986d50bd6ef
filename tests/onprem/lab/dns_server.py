"""A DNS server of the company: a real process with the administrator's own configuration."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dns.message

from tests.onprem.lab.network import Network
from tests.onprem.lab.service_manager import ServiceManager, start_command

HEADER = "managed by ecs-anywhere-dns, do not edit"
"""All that is in our fragments before anything was applied, as a comment."""
START_PATIENCE = 10.0
"""Seconds; 40 to 70 ms were measured."""
STOP_PATIENCE = 3.0
POLL = 0.02


@dataclass(frozen=True)
class Ground:
    """The ground of a server: its folders, its addresses, and the servers around it."""

    directory: Path
    """The configuration tree: nothing changes in here unless somebody changes it."""
    run: Path
    """Process ids, control sockets, caches, logs."""
    address: str
    port: int
    control_port: int
    root: tuple[str, int]
    """The public server: root of the internet, and all the rest of it."""
    admin: str
    """The administrator's own lines among the server's options."""
    top: str
    """The administrator's own lines at the top level, after everything else."""
    validating: bool
    """DNSSEC. The lab's internet is unsigned: whoever validates it gets SERVFAIL there."""
    initialised: bool
    """Our fragments are there, with nothing to say yet, and are included."""

    @property
    def start_command(self) -> list[str]:
        """Return the command for the key `start` of the tool's table."""
        return start_command(self.run)

    @property
    def recurses(self) -> bool:
        """Tell whether the server begins at root hints. Root servers have no port but 53; elsewhere
        all is forwarded there."""
        return self.root[1] == 53


@dataclass(frozen=True)
class Launch:
    """A server whose configuration is written, ready to be started."""

    main: Path
    command: tuple[str, ...]
    """Stays in the foreground, logs on stderr."""
    table: Mapping[str, Any]
    """The table of that server in the tool's configuration."""


@dataclass
class DnsServer:
    kind: str
    ground: Ground
    launch: Launch
    network: Network
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._start()
        self._manager = ServiceManager(self.ground.run, self.start)

    @property
    def address(self) -> str:
        return self.ground.address

    @property
    def port(self) -> int:
        return self.ground.port

    @property
    def directory(self) -> Path:
        return self.ground.directory

    @property
    def main(self) -> Path:
        return self.launch.main

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def table(self) -> dict[str, Any]:
        """Paths and commands, for a tool that runs inside the laboratory."""
        return dict(self.launch.table)

    def files(self) -> dict[Path, bytes]:
        """The whole configuration tree."""
        found = sorted(self.directory.rglob("*"))
        return {path: path.read_bytes() for path in found if path.is_file()}

    def log(self) -> str:
        return (self.ground.run / "log").read_text(errors="replace")

    def running(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        if self.running():
            self.process.terminate()
        try:
            self.process.wait(STOP_PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()

    def close(self) -> None:
        """End the server for good: nobody starts it again."""
        self._manager.close()
        self.kill()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(STOP_PATIENCE)

    def start(self) -> None:
        """Start the server, if it does not run. Raises RuntimeError, with its log, where it does
        not start."""
        if not self.running():
            self._start()

    def restart(self) -> None:
        self.stop()
        self._start()

    def _start(self) -> None:
        program, *rest = self.launch.command
        with (self.ground.run / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *self.network.prefix,
                    *_dying_with_us(),
                    _own_copy(program, self.ground.run),
                    *rest,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        # Reaped as by any init: a zombie would look alive to the tool.
        threading.Thread(target=self.process.wait, daemon=True).start()
        if not self._comes_to_answer():
            self.stop()
            raise RuntimeError(f"{self.kind} did not start:\n{self.log()[-3000:]}")

    def _comes_to_answer(self) -> bool:
        """Wait until the server answers a question that it passes on to nobody, and tell whether it
        did. One socket is for all tries: BIND answers three such questions a second, and on a busy
        machine an answer may come after the next try."""
        question = dns.message.make_query("version.bind.", "TXT", "CH", flags=0).to_wire()
        deadline = time.monotonic() + START_PATIENCE
        with self.network.bind("udp", "127.0.0.1", 0) as client:
            client.settimeout(POLL)
            while self.running() and time.monotonic() < deadline:
                client.sendto(question, (self.address, self.port))
                with contextlib.suppress(TimeoutError):
                    client.recv(512)
                    return True
        return False


def _dying_with_us() -> list[str]:
    """Return the words before a command that let it die with a test process that is killed."""
    return ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []


def _own_copy(program: str, run: Path) -> str:
    """AppArmor ties its rules to /usr/sbin/named and the like: those may read only in /etc. Each
    start has a copy of its own: a process that is about to end may still hold the former one."""
    found = shutil.which(program)
    if found is None:
        raise RuntimeError(f"{program} is not installed")
    own = run / program
    if own.is_dir():
        # kresd works in a folder of that name.
        own /= program
    fresh = own.with_name(f"{program}.fresh")
    shutil.copy(found, fresh)
    return str(fresh.replace(own))
