"""The contract between a DNS server and this tool. Read this file to write a new server.

A server is a folder beside this file. Its class gets a `Forwarding` (the zones, and the resolver
IPs that each is forwarded to) and handles its own files and its own process. The class knows no
documents, no journal and no AWS. A run calls it in this order:

 1. `is_running()`. False ends the run; nothing was changed.
 2. `fragments(forwarding)`: the text of the files that are wholly ours, with `HEADER` in the first
    line: a file without it is not replaced (`ownership`). The same forwarding gives the same
    bytes. If these are on the disk and `check_effective` agrees, nothing is to be done.
 3. `check_fragments(fragments, scratch)`: the server's own checker on copies of them, and our own
    reading of the text, which is stricter.
 4. `hindrances(forwarding)`: the first one ends the run. A problem that is found before a file is
    changed costs nothing. `sources()` are the addresses to try the route from.
 5. The tool swaps the files, each atomically, and keeps the former ones in its journal.
 6. `check_configuration()`: the whole configuration on the disk, before the point of no return.
 7. `reload()`, then `check_effective(forwarding)`: the forwarding that the process has, not the one
    that its control tool claims.
 8. `flush(names)`. Then the tool asks for every published name, and compares the answers.
 9. If one of 6 to 8 raised: the former files, then 6, `revive()`, 7 and 8 with the former
    forwarding. So each method may be called at any time, and twice.

Two other commands use the class: `init` writes the `fragments` of no forwarding and the lines of
`includes()`; `doctor` shows `findings(applied, intended)`, which contain every hindrance.

A whole server: it has one file of `zone address` lines, which it reads again at a reload.

    from dataclasses import dataclass
    from pathlib import Path

    from ecs_anywhere_dns.forwarding import NOTHING
    from ecs_anywhere_dns.outcome import CheckFailed, NotTaken, ReloadFailed
    from ecs_anywhere_dns.servers.contract import HEADER, Finding, Fragment, Include
    from ecs_anywhere_dns.servers.harmless import harmless
    from ecs_anywhere_dns.servers.starting import start_if_down
    from ecs_anywhere_dns.subprocesses import run

    def lines_of(forwarding):
        return [f"{zone} {ip}" for zone, ips in forwarding.targets.items() for ip in ips]

    @dataclass(frozen=True)
    class Example:
        name = "example"                   # of the folder, and of the table in config.toml
        title = "Example DNS"              # in messages
        uses_other_when_silent = False     # measured: it waits for a dead resolver IP
        reload_patience = 15.0             # seconds

        region: str                        # the tool sets these three
        address: str
        port: int
        # Each further field is a key of the table: a Path, a str, or a command as a tuple of words.
        configuration: Path = Path("/etc/example/example.conf")
        file: Path = Path("/etc/example/ecs-anywhere.conf")
        control: tuple[str, ...] = ("examplectl",)
        start: tuple[str, ...] = ("systemctl", "start", "example")

        @property
        def privileges(self):
            return {}                      # as in {"CAP_KILL": "the reload is a signal"}

        @property
        def include(self):
            return f"include {self.file}"

        def fragments(self, forwarding):
            head = [f"# {HEADER}", f"# {forwarding.label}"]
            text = "".join(f"{line}\\n" for line in [*head, *lines_of(harmless(forwarding))])
            return (Fragment(self.file, text),)

        def is_running(self):
            return run(*self.control, "status").ok

        def check_fragments(self, fragments, scratch):
            for fragment in fragments:
                copy = scratch / fragment.path.name
                copy.write_text(fragment.text)
                self.check(copy)

        def hindrances(self, intended):
            if self.includes():
                yield Finding(
                    False,
                    f"{self.configuration} lacks the line `{self.include}`",
                    "`ecs-anywhere-dns init --include`",
                )

        def sources(self):
            return ()

        def check_configuration(self):
            self.check(self.configuration)
            for problem in self.hindrances(NOTHING):
                raise CheckFailed(problem.what, problem.cure)

        def reload(self):
            ran = run(*self.control, "reload")
            if not ran.ok:
                raise NotTaken(f"example does not reload: {ran.said}", "look at its log")

        def check_effective(self, forwarding):
            ran = run(*self.control, "show", "forwards")
            if not ran.ok or set(ran.output.splitlines()) != set(lines_of(forwarding)):
                raise ReloadFailed(f"example forwards otherwise: {ran.said}", "look at its log")

        def flush(self, names):
            for name in names:
                run(*self.control, "flush", name)

        def revive(self):
            start_if_down(self, "example")

        def includes(self):
            try:
                lines = self.configuration.read_text().splitlines()
            except OSError as error:
                raise CheckFailed(
                    f"{self.configuration}: {error.strerror}",
                    "set configuration under [example]",
                ) from None
            return () if self.include in lines else (Include(self.configuration, self.include),)

        def findings(self, applied, intended):
            return tuple(self.hindrances(intended))

        def check(self, file):
            ran = run(*self.control, "check", file)
            if not ran.ok:
                raise CheckFailed(f"example refuses {file}: {ran.said}", "correct that line")

The values and errors:

- `Forwarding`: `targets` (zone -> resolver IPs), `zones`, `forwarders`, `port` (53 but in tests),
  `is_none` (a withdrawal: the files then hold nothing but their header), `label`.
- An error has a message (what is wrong, where, with paths and numbers) and a cure (what to do):
  `CheckFailed` before the reload, `NotTaken` where the server refused the reload and goes on with
  the former configuration, `ReloadFailed` for everything else after the swap. No other exception
  leaves the class; `run` raises none.
- `Finding(ok, what, cure)`: `doctor` prints the findings; one that is not ok has a cure.

To write a new server:

 1. Measure before anything else: its behaviour when a forwarder is silent or answers SERVFAIL, what
    a reload reads again and flushes, what it accepts and ignores. No server does all that its
    manual says. The docstring of the module tells what was measured, and with which version.
 2. Make the folder. `knot/` is a small whole one: `lines.py` writes and reads the fragment,
    `control.py` asks the process, `configuration.py` reads the disk, `findings.py` is for `doctor`,
    `server.py` has the class. Other folders have `hindrances.py`, too.
 3. Export the class from the folder's `__init__.py`, and name it in `SERVERS` of the `__init__.py`
    beside this file. Name the program in `PROGRAMS` of commands/examination.py, which finds the
    servers that are installed, and paths of other distributions in `layouts.py`.
 4. Describe the keys in the table of onprem/README.md, and write the manual page anew
    (scripts/manual_page.py).
 5. Write a launcher into tests/onprem/lab and add it to `WRITERS` of lab.py: every test of the
    contract then runs with the real server. Tables with a row for each server (`COMMANDS` and its
    neighbours in test_every_server.py, test_doctor_and_apply.py, test_traps.py, test_init.py) fail
    until the new one has its own.

Optional parts: `forwarded` (`ReadsBack`) for a server whose files can be read back;
`has_read_paths` (`ReadsPathsAtStart`) for one that only a restart tells where our files are;
`hosts_files` (`ReadsHosts`) for one that reads hosts files; `policy_zones` (`HasPolicies`) for one
with response policies; `refused` (`RefusesAliases`) for one that may refuse CNAMEs; `overrun`
(`HasLimits`) for one that limits questions; a field `other_regions: tuple[str, ...] = ()` for one
whose files differ if it follows several Regions.

Modules beside this file: `mark` proves which file a server has loaded; `fragment_lines` reads a
fragment back, and `harmless` refuses words that are no zone or address; `process`, `waiting` and
`starting` are for processes; `zones_by_api` is the base of servers that an API configures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from ecs_anywhere_dns.forwarding import Forwarding

HEADER = "managed by ecs-anywhere-dns, do not edit"
QUESTIONS_FOR_ONE_ANSWER = 4
"""The questions that a server may have to ask for one name: the name and its alias, each of both
resolver IPs while one of them is dead. A lower limit was seen to take a site's names down with one
resolver IP, though all went well at the switch (1 of PowerDNS Recursor, 2 of BIND)."""


@dataclass(frozen=True)
class Fragment:
    """A file that is wholly ours. The administrator's own files only include it."""

    path: Path
    text: str


@dataclass(frozen=True)
class Include:
    """A line that one of the administrator's files needs, so that a fragment is read."""

    file: Path
    line: str
    inside: str = ""
    """The block that needs the line, such as `options`; empty for the top level."""
    ours: bool = False
    """The file has only lines of this tool, and is made where it is missing."""


@dataclass(frozen=True)
class Finding:
    """A finding of `doctor`. If it is not ok, `cure` says what to do."""

    ok: bool
    what: str
    cure: str = ""


class Renderer(Protocol):
    """A server whose configuration this tool can write."""

    name: str
    """The name on the command line, such as `bind`."""
    title: str
    """The name in messages, such as `BIND 9`."""

    def fragments(self, forwarding: Forwarding) -> tuple[Fragment, ...]:
        """Return our files, one at least. The same forwarding gives the same bytes. A forwarding
        that is none gives files with nothing but the header, because a missing file would be an
        error. Raises CheckFailed."""
        ...


class Server(Renderer, Protocol):
    """A server that this tool configures. Commands are bounded in time; see `subprocesses`."""

    @property
    def privileges(self) -> Mapping[str, str]:
        """Return the capabilities (CAP_…, capabilities(7)) and address families (AF_…) that the
        commands of this server need besides those of every server, each with its reason. The
        systemd service has no others."""
        ...

    uses_other_when_silent: bool
    """The server moves on to the other forwarder when one is silent or answers SERVFAIL (measured).
    For a server that does not, the tool leaves out a resolver IP until it answers."""

    reload_patience: float
    """The seconds within which `reload` and `check_effective` end."""

    def is_running(self) -> bool:
        """Return whether the process runs and answers its control channel. Changes nothing."""
        ...

    def check_fragments(self, fragments: Sequence[Fragment], scratch: Path) -> None:
        """Check the text before it is swapped in. `scratch` is an empty folder for copies.
        Raises CheckFailed."""
        ...

    def hindrances(self, intended: Forwarding) -> Iterable[Finding]:
        """Yield every problem that would make a switch to `intended` fail, as far as it can be seen
        before a file is swapped. `doctor` shows them, and no switch begins while there is one.
        Raises CheckFailed where the configuration cannot be read."""
        ...

    def sources(self) -> tuple[str, ...]:
        """Return the IPv4 addresses from which the server is configured to ask; none where the
        operating system chooses. Raises CheckFailed."""
        ...

    def check_configuration(self) -> None:
        """Check the whole configuration on the disk, before the reload, with the server's own
        checker, and for the errors that this checker overlooks. Raises CheckFailed."""
        ...

    def reload(self) -> None:
        """Make the server read our files. Must not believe a control tool that reports a success
        after a failure. Raises NotTaken, ReloadFailed."""
        ...

    def check_effective(self, forwarding: Forwarding) -> None:
        """Check that the running server forwards exactly these zones, to these forwarders only, and
        has not ended. Raises ReloadFailed."""
        ...

    def flush(self, names: Iterable[str]) -> None:
        """Flush the cache at and below `names`, negative answers included. Raises ReloadFailed."""
        ...

    def revive(self) -> None:
        """Start the server if it does not run, and check that it does. Raises ReloadFailed."""
        ...

    def includes(self) -> tuple[Include, ...]:
        """Return the lines that `init` adds to the administrator's files: none for a file that the
        server reads already, in whatever form it is included. Raises CheckFailed."""
        ...

    def findings(self, applied: Forwarding | None, intended: Forwarding) -> tuple[Finding, ...]:
        """Return every hindrance of `intended`, and whatever else an administrator should know.
        Changes nothing. `applied` is None where nothing was applied."""
        ...


@runtime_checkable
class ReadsBack(Protocol):
    """A server whose files tell what they forward."""

    def forwarded(self) -> Forwarding:
        """Return what our files on the disk forward. Raises CheckFailed where one is missing, or
        was edited."""
        ...


@runtime_checkable
class ReadsPathsAtStart(Protocol):
    """A server that learns the paths of our files only when it starts."""

    def has_read_paths(self) -> bool:
        """Return whether the running process is known to have started after the paths of our files
        were written into its configuration. Raises CheckFailed."""
        ...


@runtime_checkable
class ReadsHosts(Protocol):
    """A server that answers the names of hosts files by itself, before it forwards any question."""

    def hosts_files(self) -> tuple[Path, ...]:
        """Return the hosts files that the server reads, or that this host reads before it asks the
        server. Raises CheckFailed."""
        ...


@runtime_checkable
class HasPolicies(Protocol):
    """A server with response policies (RPZ), whose zones it answers questions for."""

    def policy_zones(self) -> tuple[str, ...]:
        """Return the policy zones that may rewrite answers, in their order. Raises CheckFailed."""
        ...


@runtime_checkable
class RefusesAliases(Protocol):
    """A server that may be told to refuse CNAMEs, by the names that they lead to or by number."""

    def may_refuse_aliases(self) -> bool:
        """Return whether it is told so of any CNAME. Raises CheckFailed."""
        ...

    def refused(self, aliases: Mapping[str, str]) -> Iterable[Finding]:
        """Yield the refusals among these CNAMEs, owner -> target. Raises CheckFailed."""
        ...


@runtime_checkable
class HasLimits(Protocol):
    """A server with limits for the questions that it takes at once, or in a second."""

    def overrun(self, names: Mapping[str, Sequence[str]]) -> Iterable[Finding]:
        """Yield the limits that one verification overruns, so that answers would be missing in
        every round. It asks for each name, given with its addresses, three times at once: for IPv4
        addresses over UDP and over TCP, for IPv6 addresses over UDP. Raises CheckFailed."""
        ...
