"""A server of the tool's, at work inside a laboratory: its sockets have to be in that network.

`Inside` is the test's end of it: the same calls, the same results, the same errors.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.servers.contract import Finding, Fragment, Include, Server

from tests.onprem.lab.dns_server import DnsServer
from tests.onprem.lab.lab import Lab

REPOSITORY = Path(__file__).parents[2]
PATH = [str(REPOSITORY), str(REPOSITORY / "onprem"), os.environ.get("PYTHONPATH", "")]


class Inside:
    def __init__(self, lab: Lab, server: DnsServer, **changes: Any) -> None:
        """`changes`: of the table that the tool's configuration has for that server."""
        given = [server.kind, lab.region, server.address, server.port, server.table | changes]
        self._scratch = server.ground.run
        self._process = subprocess.Popen(
            [*lab.prefix, sys.executable, "-m", "tests.onprem.inside", json.dumps(given)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(PATH)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Inside:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def apply(self, forwarding: Forwarding) -> None:
        """All that a run does with a server, in its order."""
        fragments = self.fragments(forwarding)
        self.check_fragments(fragments)
        for fragment in fragments:
            fragment.path.write_text(fragment.text)
        self.check_configuration()
        self.reload()
        self.check_effective(forwarding)
        self.flush(forwarding.zones)

    def fragments(self, forwarding: Forwarding) -> tuple[Fragment, ...]:
        found: tuple[Fragment, ...] = self._call("fragments", forwarding)
        return found

    def is_running(self) -> bool:
        found: bool = self._call("is_running")
        return found

    def check_fragments(self, fragments: tuple[Fragment, ...]) -> None:
        self._call("check_fragments", fragments, self._scratch)

    def sources(self) -> tuple[str, ...]:
        found: tuple[str, ...] = self._call("sources")
        return found

    def check_configuration(self) -> None:
        self._call("check_configuration")

    def reload(self) -> None:
        self._call("reload")

    def check_effective(self, forwarding: Forwarding) -> None:
        self._call("check_effective", forwarding)

    def flush(self, names: Iterable[str]) -> None:
        self._call("flush", tuple(names))

    def revive(self) -> None:
        self._call("revive")

    def includes(self) -> tuple[Include, ...]:
        found: tuple[Include, ...] = self._call("includes")
        return found

    def hindrances(self, intended: Forwarding) -> tuple[Finding, ...]:
        found: tuple[Finding, ...] = self._call("hindrances", intended)
        return found

    def findings(self, applied: Forwarding | None, intended: Forwarding) -> tuple[Finding, ...]:
        found: tuple[Finding, ...] = self._call("findings", applied, intended)
        return found

    def _call(self, method: str, *arguments: Any) -> Any:
        assert self._process.stdin and self._process.stdout
        pickle.dump((method, arguments), self._process.stdin)
        self._process.stdin.flush()
        error, result = pickle.load(self._process.stdout)
        if error is not None:
            kind, message, cure = error
            raise kind(message, cure)
        return result


def _serve(server: Server) -> None:
    while True:
        try:
            method, arguments = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(_outcome(server, method, arguments), sys.stdout.buffer)
        sys.stdout.buffer.flush()


def _outcome(server: Server, method: str, arguments: tuple[Any, ...]) -> tuple[Any, Any]:
    from ecs_anywhere_dns.outcome import Stop

    try:
        said = getattr(server, method)(*arguments)
        return None, tuple(said) if isinstance(said, Iterator) else said
    except Stop as problem:
        return (type(problem), problem.message, problem.cure), None


if __name__ == "__main__":
    from ecs_anywhere_dns.servers import make_server

    _serve(make_server(*json.loads(sys.argv[1])))
