"""A running DNS server on the site."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.contracts import Site
from local.site.installed import INSTALLABLE, Kind, installed, search_path
from local.site.question import PROGRAM, Answer, Question

READY_PATIENCE = 10.0
"""Real seconds in which a server must answer; it takes a tenth of one."""
STOP_PATIENCE = 5.0
POLL_SECONDS = 0.02
READY = "ready.example"
"""A name of nobody's, asked to see whether the server answers."""


class DnsServerError(Exception):
    """An error: the server did not come up; the message has its last words."""


class DnsServer:
    """One server; use as a context manager."""

    def __init__(self, kind: Kind, site: Site, process: subprocess.Popen[bytes], log: Path) -> None:
        self.kind, self.site, self.log = kind, site, log
        self._process = process

    def ask(self, *questions: Question, seconds: float = 2.0) -> list[Answer]:
        """Return the answers to a client on the site, which asks one question after the other; each
        may take `seconds`."""
        asked = json.dumps([[question.name, question.transport] for question in questions])
        client = [*PROGRAM, self.site.dns_ip, self.site.client_ip, str(seconds)]
        ran = subprocess.run(
            [*self.site.prefix, *client], input=asked, capture_output=True, text=True, check=True
        )
        return [Answer(rcode, tuple(addresses)) for rcode, addresses in json.loads(ran.stdout)]

    def run(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on the DNS server's host. It inherits nothing but the path of programs."""
        return subprocess.run(
            [*self.site.prefix, *command], env={"PATH": search_path(), **(environment or {})},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def control(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the server's control program, as in `rndc reconfig`."""
        return self.run([*self.kind.control, *arguments])

    def is_running(self) -> bool:
        return self._process.poll() is None

    def wait_until_ready(self) -> None:
        """Wait until the server answers. Raises DnsServerError."""
        end = time.monotonic() + READY_PATIENCE
        while self.ask(Question(READY), seconds=0.5)[0].rcode != "NOERROR":
            if not self.is_running() or time.monotonic() > end:
                said = " / ".join(self.log.read_text(errors="replace").splitlines()[-4:])
                raise DnsServerError(f"{self.kind.title} does not answer: {said}")
            time.sleep(POLL_SECONDS)

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_PATIENCE)

    def __enter__(self) -> DnsServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def start(site: Site, folder: Path, kinds: Sequence[type[Kind]] = INSTALLABLE) -> DnsServer:
    """Start the first of `kinds` that is installed, with an administrator's files in `folder`, and
    return it when it answers. It ends with the thread that calls, at the latest. Raises
    NoDnsServer, DnsServerError."""
    kind = installed(kinds)(folder)
    kind.write(["127.0.0.1", site.dns_ip], site.public_dns_ip)
    log = folder / f"{kind.daemon}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*site.prefix, "setpriv", "--pdeathsig", "KILL", str(_copy_of_daemon(kind, folder)),
             *kind.arguments()],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    server = DnsServer(kind, site, process, log)
    try:
        server.wait_until_ready()
    except BaseException:
        server.close()
        raise
    return server


def _copy_of_daemon(kind: Kind, folder: Path) -> Path:
    """Return a copy of the program: AppArmor keeps the packaged one, by its path, to the
    configuration in /etc."""
    found = shutil.which(kind.daemon, path=search_path())
    assert found, f"{kind.title} was there a moment ago"
    return Path(shutil.copy(found, folder / kind.daemon))
