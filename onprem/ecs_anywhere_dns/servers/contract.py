"""A DNS server, as the sequence uses it. A new one is a folder beside this file.

Nothing here knows documents, journals or AWS: a server gets a `Forwarding` and answers for its own
files and its own process. A run asks in this order:

1. `is_running`, and of `hindrances(forwarding)` the first one: nothing was touched yet, so a reason
   that is found here costs nobody anything. `sources` are the addresses to try the route from.
2. `fragments(forwarding)`: the files that are wholly ours, as text. `check_fragments` reads that
   text back, more strictly than the server would.
3. The sequence swaps the files, each atomically, with the former ones in its journal.
4. `check_configuration`: the last look before the point of no return, at what is on the disk.
5. `reload`, then `check_effective(forwarding)`: what the process has, not what the tool said.
6. `flush(names)`; then the sequence asks for every published name, and compares.
7. Whatever raised: the former files, `check_configuration`, `revive`, `reload`, `flush` again.

`init` asks for `fragments` of nothing and for `includes`, `doctor` for `findings`.

For example `knot/`: `lines.py` writes and reads the fragment, `control.py` asks the process,
`configuration.py` looks at the disk, `findings.py` is what `doctor` says, and `server.py` is the
class below in 150 lines. Its name goes into the list in `__init__.py`, its keys into the README,
and a writer into `tests/onprem/lab`: with that, every test of the contract runs on it. Begin with
what you measure: no server does all that it says, and each module says what was seen.
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
    """What has to stand in one of the administrator's files, once, for a fragment to be read."""

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

    def is_running(self) -> bool:
        """Whether its process is there and answers its control channel. Changes nothing."""
        ...

    def check_fragments(self, fragments: Sequence[Fragment], scratch: Path) -> None:
        """Before anything is swapped. `scratch` is an empty folder of ours for copies.
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
        """Raises ReloadFailed. Must not believe a control tool that is known to lie."""
        ...

    def check_effective(self, forwarding: Forwarding) -> None:
        """That the running server forwards exactly this and only there, and is alive.
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
