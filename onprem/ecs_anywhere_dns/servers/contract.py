"""A DNS server, as the tool uses it. Read this file to write a new one: it is a folder beside it.

A server gets a `Forwarding` (which zones go to which resolver IPs) and answers for its own files
and its own process. It knows no documents, no journal and no AWS. One run asks in this order:

 1. `is_running()`. False ends the run; nothing was touched.
 2. `fragments(forwarding)`: the files that are wholly ours, as text. The same forwarding is the
    same bytes. If these stand on the disk and `check_effective` agrees, there is nothing to do.
 3. `check_fragments(fragments, scratch)`: the server's own checker on copies of them, and our own
    reading of the text, which is stricter.
 4. `hindrances(forwarding)`: the first one ends the run. Whatever can be seen before a file is
    touched costs nobody anything. `sources()` are the addresses to try the route from.
 5. The tool swaps the files, each atomically, with the former ones in its journal.
 6. `check_configuration()`: the whole configuration on the disk, before the point of no return.
 7. `reload()`, then `check_effective(forwarding)`: what the process has, not what its tool said.
 8. `flush(names)`; then the tool asks for every published name, and compares.
 9. If anything raised since 5: the former files, then 6, `revive()`, 7 and 8 with the former
    forwarding. So each of them may be called at any time, and twice.

Two other commands ask, too: `init` for `fragments` of nothing and for `includes()`, `doctor` for
`findings(applied, intended)`, in which every hindrance has to be. `privileges` is what the systemd
service has to allow for its commands.

A server for this example has one file of `zone address` lines, and reads it again at SIGHUP:

    @dataclass(frozen=True)
    class Example:
        name = "example"                    # of its folder, and of its table in config.toml
        title = "Example DNS"
        uses_other_when_silent = False      # measured: it waits for a dead resolver IP
        reload_patience = 15.0              # seconds, at most
        region: str                         # these three come first, and are given
        address: str
        port: int
        file: Path = Path("/etc/example/ecs-anywhere.conf")     # each further field is a key
        control: tuple[str, ...] = ("examplectl",)              # of the table; a command is words

        def fragments(self, forwarding):
            lines = [f"# {HEADER}", f"# {forwarding.label}"]
            lines += [f"{z} {ip}" for z, ips in forwarding.targets.items() for ip in ips]
            return (Fragment(self.file, "\\n".join(lines) + "\\n"),)

        def reload(self):
            ran = run(*self.control, "reload")
            if not ran.ok:
                raise NotTaken(f"example does not reload: {ran.said}", "look at its log")

        def check_effective(self, forwarding):
            has = run(*self.control, "show", "forwards").output
            ...                             # raise ReloadFailed unless it is exactly that

To write one:

 1. Measure before anything else: what it does when a forwarder is silent or answers SERVFAIL, what
    a reload reads again and forgets, what it accepts and ignores. No server does all that it says.
    Each module says what was seen, and with which version.
 2. Make the folder. `knot/` is the smallest whole one: `lines.py` writes and reads the fragment,
    `control.py` asks the process, `configuration.py` looks at the disk, `findings.py` is what
    `doctor` says, `server.py` the class. Other folders have `hindrances.py` besides.
 3. Name the class in the list of `__init__.py`, and its keys in onprem/README.md.
 4. Write a launcher into tests/onprem/lab and add it to `WRITERS`: every test of the contract then
    runs with the real server. Add the lines of administrators to test_doctor_and_apply.py.
 5. `hosts_files` is for a server that reads hosts files, and `other_regions` for one whose files
    differ if several Regions are followed. No other server has them.

Of the modules beside this file, `mark` proves which file a server has loaded, `fragment_lines` and
`harmless` refuse text that is more than a zone or an address, `process` and `waiting` know
processes, and `starting` starts one that is down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from ecs_anywhere_dns.forwarding import Forwarding

HEADER = "managed by ecs-anywhere-dns, do not edit"


@dataclass(frozen=True)
class Fragment:
    """One file that is wholly ours. The administrator's own files only include it."""

    path: Path
    text: str


@dataclass(frozen=True)
class Include:
    """A line that has to stand in one of the administrator's files for a fragment to be read."""

    file: Path
    line: str
    inside: str = ""
    """The block that it has to stand in, as in `options`; empty for the top level."""
    ours: bool = False
    """Nothing but such lines stands in that file: it is made where it is missing."""


@dataclass(frozen=True)
class Finding:
    """One thing that `doctor` saw. Not ok: `cure` says what to do."""

    ok: bool
    what: str
    cure: str = ""


class Renderer(Protocol):
    """A server for which we can write the configuration."""

    name: str
    """As on the command line: `bind`."""
    title: str
    """For people: `BIND 9`."""

    def fragments(self, forwarding: Forwarding) -> tuple[Fragment, ...]:
        """Pure: the same forwarding is the same bytes. Never empty; a forwarding that is none
        gives files with nothing but the header, because a missing file would be an error."""
        ...


class Server(Renderer, Protocol):
    """A server that we configure for real. Commands are bounded in time; see `subprocesses`."""

    @property
    def privileges(self) -> Mapping[str, str]:
        """Capabilities (CAP_…, capabilities(7)) and address families (AF_…) that its commands need
        besides those of every server, and why. The systemd service has no others."""
        ...

    uses_other_when_silent: bool
    """Whether it moves on to the other forwarder when one is silent or answers SERVFAIL
    (measured). Where it does not, a resolver IP that does not answer is left out until it does."""

    reload_patience: float
    """Seconds, at most, until `reload` and `check_effective` have come to an end."""

    def is_running(self) -> bool:
        """Whether its process is there and answers its control channel. Changes nothing."""
        ...

    def check_fragments(self, fragments: Sequence[Fragment], scratch: Path) -> None:
        """Check the text before it is swapped in. `scratch` is an empty folder for copies.
        Raises CheckFailed."""
        ...

    def hindrances(self, intended: Forwarding) -> Iterable[Finding]:
        """Yield what would make a switch to `intended` fail, as far as it can be seen before a file
        is swapped. `doctor` names it, and no switch begins while there is any. Raises CheckFailed
        where the configuration cannot be read."""
        ...

    def sources(self) -> tuple[str, ...]:
        """Return the IPv4 addresses from which it is told to ask; none where the operating system
        chooses. Raises CheckFailed."""
        ...

    def check_configuration(self) -> None:
        """The whole configuration as it is on disk now, before the reload: what the server's own
        checker says, and what the checker is known to overlook. Raises CheckFailed."""
        ...

    def reload(self) -> None:
        """Reload. Raises ReloadFailed. Must not believe a control tool that is known to lie."""
        ...

    def check_effective(self, forwarding: Forwarding) -> None:
        """Check that the running server forwards exactly this and only there, and is alive.
        Raises ReloadFailed."""
        ...

    def flush(self, names: Iterable[str]) -> None:
        """Forget what is cached at and below `names`, negative answers included.
        Raises ReloadFailed."""
        ...

    def revive(self) -> None:
        """Start it again where it is not running, and see that it does. Raises ReloadFailed."""
        ...

    def includes(self) -> tuple[Include, ...]:
        """Return what `init` adds, once, to the administrator's files: nothing that the server
        reads already, in whatever form somebody wrote that. Raises CheckFailed."""
        ...

    def findings(self, applied: Forwarding | None, intended: Forwarding) -> tuple[Finding, ...]:
        """Return what is seen, and change nothing: every hindrance of `intended`, and what else a
        person should know. `applied` is None where nothing was applied."""
        ...


@runtime_checkable
class ReadsHosts(Protocol):
    """A server that answers the names of hosts files by itself, before it forwards anything."""

    def hosts_files(self) -> tuple[Path, ...]:
        """Return the files that it reads, or that this host reads before it asks the server.
        Raises CheckFailed."""
        ...
