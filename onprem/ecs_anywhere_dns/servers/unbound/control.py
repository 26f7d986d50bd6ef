"""The running Unbound, as unbound-control shows it. Names are returned in lower case."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ecs_anywhere_dns.outcome import ReloadFailed
from ecs_anywhere_dns.subprocesses import Ran, run

FORWARD = re.compile(r"^(?P<zone>\S+) IN forward (?P<rest>.*)$", re.MULTILINE)
STUB = re.compile(r"^(?P<zone>\S+) IN stub ", re.MULTILINE)
PAIR = re.compile(r"^(?P<name>\S+)\s+(?P<rest>\S.*)$", re.MULTILINE)


@dataclass(frozen=True)
class UnboundControl:
    command: tuple[str, ...]

    def ask(self, *words: str) -> Ran:
        return run(*self.command, *words)

    def output_of(self, *words: str) -> str:
        """Return the output of a command of unbound-control. Raises ReloadFailed."""
        ran = self.ask(*words)
        if not ran.ok:
            raise ReloadFailed(
                f"unbound-control failed: {ran.said}", "start Unbound, or look at its log"
            )
        return ran.output

    def is_running(self) -> bool:
        return self.ask("status").ok

    def pid(self) -> int | None:
        """Return the process id; None where it does not run."""
        found = re.search(r"\(pid (\d+)\) is running", self.ask("status").output)
        return int(found[1]) if found else None

    def forwards(self) -> Mapping[str, frozenset[str]]:
        """Return the addresses of each forward-zone, without ports, which unbound-control does not
        show."""
        return {
            plain(found["zone"]): frozenset(w for w in found["rest"].split() if w[0] != "+")
            for found in FORWARD.finditer(self.output_of("list_forwards"))
        }

    def stubs(self) -> frozenset[str]:
        """Return the names of the stub-zones."""
        return frozenset(
            plain(said["zone"]) for said in STUB.finditer(self.output_of("list_stubs"))
        )

    def insecure(self) -> frozenset[str]:
        """Return the domains that Unbound does not validate."""
        return frozenset(plain(line) for line in self.output_of("list_insecure").splitlines())

    def option(self, key: str) -> tuple[str, ...]:
        return tuple(line.strip() for line in self.output_of("get_option", key).splitlines())

    def modules(self) -> frozenset[str]:
        """Return the modules of Unbound; without `validator` there is no domain-insecure."""
        return frozenset(" ".join(self.option("module-config")).split())

    def forget(self, name: str, *, deep: bool) -> None:
        """Flush the cache at and below a name. `deep` flushes the database of cachedb, too, which
        has no subtrees: of it go the name itself, and names below it that were in memory (measured
        with 1.26; 1.19 and older do not know `+c`). Raises ReloadFailed."""
        if deep:
            self.ask("flush_zone", "+c", name)
            self.ask("flush", "+c", name)
        self.output_of("flush_zone", name)

    def private_domains(self) -> frozenset[str]:
        """Return the domains whose answers may have private addresses."""
        return frozenset(map(plain, self.option("private-domain")))

    def local_zones(self) -> Mapping[str, str]:
        """Return the type of each local-zone, such as `static`."""
        return _pairs(self.output_of("list_local_zones"))

    def local_data(self) -> frozenset[str]:
        """Return the names of the administrator's local-data."""
        return frozenset(_pairs(self.output_of("list_local_data")))

    def authorities(self) -> frozenset[str]:
        """Return the names of the auth-zones."""
        return frozenset(_pairs(self.output_of("list_auth_zones")))


def plain(name: str) -> str:
    return name.strip().lower().rstrip(".") or "."


def _pairs(text: str) -> Mapping[str, str]:
    return {plain(found["name"]): found["rest"] for found in PAIR.finditer(text)}
