"""dnsmasq (measured with 2.90), by a servers-file: the one file of routes that SIGHUP reads again.

Its traps, each measured, and what is done about them:
- `dnsmasq --test` never reads the servers-file: its lines are tested as options, and read back
  (`dnsmasq_lines`).
- A line in it that is wrong is left out, and its domain goes to the internet, without a word but in
  the log. SIGHUP is heard some time later. So the running dnsmasq is asked for what it has loaded:
  CHAOS TXT `servers.bind` names all its upstream servers, among them our mark (`mark`).
- `servers.bind` names servers, not domains. That no other line of the administrator's takes our
  domains is read from the files: what was in them when dnsmasq started, but is not now, cannot be
  seen. Nor can the TCP connections that were open before: each has a child process with the routes
  of its beginning, and keeps them until it is closed. The verification of answers stands for both.
- The line `servers-file=` itself is only read when dnsmasq starts.
- It does not move on to the other forwarder when one answers SERVFAIL (20 of 20 answers failed).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.memory.files import text_of
from ecs_anywhere_dns.outcome import CheckFailed, NotTaken, ReloadFailed, Stop
from ecs_anywhere_dns.pinned.aws_names import region_parent, region_zones_of
from ecs_anywhere_dns.servers.contract import HEADER, Finding, Fragment, Include
from ecs_anywhere_dns.servers.dnsmasq.configuration import Configuration, read_configuration
from ecs_anywhere_dns.servers.dnsmasq.findings import findings_of
from ecs_anywhere_dns.servers.dnsmasq.lines import lines_for, read_fragment
from ecs_anywhere_dns.servers.dnsmasq.process import process_of, upstream_servers
from ecs_anywhere_dns.servers.fragment_lines import CURE, lines_of
from ecs_anywhere_dns.servers.hosts_files import SYSTEM, in_folders
from ecs_anywhere_dns.servers.mark import MARK, MARK_PORT, holds, mark_of
from ecs_anywhere_dns.servers.starting import start_if_down
from ecs_anywhere_dns.servers.waiting import comes_true
from ecs_anywhere_dns.subprocesses import run

LEFT_OUT = ",.dpkg-dist,.dpkg-old,.dpkg-new"
"""Debian's: every other suffix in dnsmasq.d is read."""
RELOAD_PATIENCE = 2.0
"""Seconds; `reload` has waited for the signal to be heard."""
RESTART = "restart dnsmasq once, as in `systemctl restart dnsmasq`"


@dataclass(frozen=True)
class Dnsmasq:
    name = "dnsmasq"
    title = "dnsmasq"
    uses_other_when_silent = False

    region: str
    address: str
    port: int
    configuration: Path = Path("/etc/dnsmasq.conf")
    directory: Path = Path("/etc/dnsmasq.d")
    """Where the line that includes our fragment stands, in a file of its own."""
    servers_file: Path = Path("/etc/ecs-anywhere-dns/dnsmasq.servers")
    """Our fragment. Not in `directory`: all that is in there is read as configuration."""
    pid_file: Path = Path("/run/dnsmasq/dnsmasq.pid")
    program: tuple[str, ...] = ("dnsmasq",)
    start: tuple[str, ...] = ("systemctl", "start", "dnsmasq")
    other_regions: tuple[str, ...] = ()
    """Those of further VPCs."""

    @property
    def privileges(self) -> Mapping[str, str]:
        return {"CAP_KILL": "dnsmasq is sent SIGHUP, and is another user's process"}

    @property
    def static_file(self) -> Path:
        return self.directory / "ecs-anywhere.conf"

    def include_file(self, disk: Configuration) -> Path:
        """Return the file that says `servers-file=`: ours, unless somebody wrote it elsewhere."""
        place = next((line.place for line in disk.of("servers-file")), "")
        return Path(place.rpartition(":")[0] or self.static_file)

    def fragments(self, forwarding: Forwarding) -> tuple[Fragment, ...]:
        lines = [f"# {HEADER}", f"# {forwarding.label}", *lines_for(forwarding)]
        return (Fragment(self.servers_file, "".join(f"{line}\n" for line in lines)),)

    def is_running(self) -> bool:
        try:
            process_of(self.pid_file)
            upstream_servers(self.address, self.port)
        except ReloadFailed:
            return False
        return True

    def check_fragments(self, fragments: Sequence[Fragment], scratch: Path) -> None:  # noqa: ARG002
        """Its checker gets the lines as options, which are read alike: a file of ours elsewhere it
        may not be allowed to read (AppArmor)."""
        for fragment in fragments:
            read_fragment(fragment.text, str(fragment.path))
            options = [f"--{line}" for _, line in lines_of(fragment.text, "#")]
            tested = run(*self.program, "--test", "--conf-file=/dev/null", *options)
            if not tested.ok:
                raise CheckFailed(f"{fragment.path}: {tested.said}", CURE)

    def hindrances(self, intended: Forwarding) -> Iterator[Finding]:
        disk = self.on_disk()
        yield from self.problems(disk, intended)
        if not intended.is_none:
            yield from self._started_before_init(self.include_file(disk))

    def sources(self) -> tuple[str, ...]:
        """Only each line has one of its own, and ours have none."""
        return ()

    def check_configuration(self) -> None:
        forwarding = read_fragment(self._fragment_on_disk(), str(self.servers_file))
        tested = run(*self.program, "--test", *self._words())
        if not tested.ok:
            raise CheckFailed(
                f"dnsmasq would not start any more: {tested.said}",
                f"correct that line; nothing but {self.static_file} is ours",
            )
        configuration = self.on_disk()
        for problem in self.problems(configuration, forwarding):
            raise CheckFailed(problem.what, problem.cure)

    def problems(self, disk: Configuration, forwarding: Forwarding) -> Iterator[Finding]:
        """What would keep the forwarding from working, although dnsmasq accepts it."""
        if [_real(line.value) for line in disk.of("servers-file")] != [_real(self.servers_file)]:
            yield self._not_included(disk)
        for line in disk.of("no-ident"):
            yield Finding(
                False,
                f"{line.place}: no-ident: nobody could see what dnsmasq has loaded",
                f"remove it, then {RESTART}",
            )
        for line in disk.shadows(forwarding.zones):
            yield Finding(
                False,
                f"{line.place}: {line.key}={line.value} takes questions that are to be forwarded",
                f"remove that line, then {RESTART}",
            )
        yield from self._rebinding(disk, forwarding)
        yield from _dropped(disk, forwarding)
        yield from self._unreadable()

    def reload(self) -> None:
        process = process_of(self.pid_file)
        try:
            process.read_again()
        except OSError as error:
            raise NotTaken(
                f"dnsmasq {process.pid} cannot be sent SIGHUP: {error.strerror}", "run this as root"
            ) from None
        # It is one thread that looks for signals before questions: whoever gets a second answer
        # knows that the signal was heard before it (of 300 reloads, the first answer was too early
        # for 1, the second for none).
        for _ in range(2):
            upstream_servers(self.address, self.port)

    def check_effective(self, forwarding: Forwarding) -> None:
        process_of(self.pid_file)
        wanted = set() if forwarding.is_none else {f"{mark_of(forwarding)}#{MARK_PORT}"}
        wanted |= {f"{address}#{forwarding.port}" for address in forwarding.forwarders if wanted}
        if not comes_true(lambda: self._has_loaded(wanted), RELOAD_PATIENCE):
            raise ReloadFailed(
                f"dnsmasq has not loaded {self.servers_file} as it is: "
                f"of {', '.join(sorted(wanted)) or 'no marks'} it knows "
                f"{', '.join(sorted(self._servers())) or 'no server'}",
                f"if it was started before {self.static_file} was written, {RESTART}; "
                "else look at its log",
            )

    def flush(self, names: Iterable[str]) -> None:
        """It can only forget everything, at SIGHUP. It did so with the reload, too, but an answer
        that was under way from elsewhere may have been kept after it."""
        if tuple(names):
            self.reload()

    def revive(self) -> None:
        start_if_down(self, "dnsmasq")

    def includes(self) -> tuple[Include, ...]:
        """Lines, not a fragment: they never change, and only a restart reads them.
        Raises CheckFailed where the administrator has a servers-file already: dnsmasq would not
        start with two."""
        disk = self.on_disk()
        if any(_real(x.value) != _real(self.servers_file) for x in disk.of("servers-file")):
            found = self._not_included(disk)
            raise CheckFailed(found.what, found.cure)
        is_read = disk.has("servers-file")
        # The first of a Region's zones is above all of its private names.
        zones = (region_zones_of(region)[0] for region in (self.region, *self.other_regions))
        held = [zone for zone in zones if not disk.covering("rebind-domain-ok", zone)]
        lines = (
            *([] if is_read else [f"servers-file={self.servers_file}"]),
            *(f"rebind-domain-ok=/{zone}/" for zone in held),
        )
        return tuple(Include(self.static_file, line, ours=True) for line in lines)

    def hosts_files(self) -> tuple[Path, ...]:
        disk = self.on_disk()
        own = () if disk.has("no-hosts") else (SYSTEM,)
        others = (Path(line.value) for line in disk.of("addn-hosts", "hostsdir") if line.value)
        return in_folders((*own, *others))

    def findings(self, applied: Forwarding | None, intended: Forwarding) -> tuple[Finding, ...]:
        return tuple(findings_of(self, applied, intended))

    def on_disk(self) -> Configuration:
        """Raises CheckFailed."""
        return read_configuration(self._words(), self.configuration)

    def _words(self) -> tuple[str, ...]:
        """How it is started: as it was the last time, else as Debian does."""
        try:
            return process_of(self.pid_file).words
        except (ReloadFailed, OSError):
            return f"--conf-file={self.configuration}", f"--conf-dir={self.directory}{LEFT_OUT}"

    def _started_before_init(self, include: Path) -> Iterator[Finding]:
        """To reload would change nothing, and the failure would count as the document's. A dnsmasq
        that has a mark of ours reads our file, whatever the clock says."""
        try:
            process = process_of(self.pid_file)
            is_read = any(map(_is_mark, self._servers()))
            written = include.stat().st_mtime
        except (ReloadFailed, OSError):
            return  # not running, or included elsewhere: said by others
        # What was written later than now says nothing: the clock was set back.
        if process.started < written - 1 and written < time.time() and not is_read:
            yield Finding(
                False,
                f"dnsmasq {process.pid} was started before {include} was written, and "
                f"does not read {self.servers_file} yet",
                RESTART,
            )

    def _fragment_on_disk(self) -> str:
        try:
            return text_of(self.servers_file)
        except (OSError, ValueError) as error:
            raise CheckFailed(f"{self.servers_file}: {error}", CURE) from None

    def _has_loaded(self, wanted: set[str]) -> bool:
        known = self._servers()
        marks = {server for server in known if _is_mark(server)}
        return known >= wanted and marks <= wanted

    def _servers(self) -> frozenset[str]:
        return upstream_servers(self.address, self.port)

    def _not_included(self, disk: Configuration) -> Finding:
        ours = _real(self.servers_file)
        others = [x for x in disk.of("servers-file") if _real(x.value) != ours]
        if others:
            return Finding(
                False,
                f"{others[0].place}: servers-file={others[0].value}: dnsmasq takes only one",
                f"move what is in there to a file in {self.directory}, and remove that line",
            )
        if self._is_initialised():
            words = " ".join(self._words())
            return Finding(
                False,
                f"dnsmasq, as it is started (`dnsmasq {words}`), does not read {self.static_file}",
                "set `configuration` and `directory` under [dnsmasq] to what it reads, or add "
                f"`conf-file={self.static_file}` to a file that it reads; then {RESTART}",
            )
        return Finding(
            False,
            f"no configuration of dnsmasq says servers-file={self.servers_file}",
            f"`ecs-anywhere-dns init` writes it to {self.static_file}; then {RESTART}",
        )

    def _is_initialised(self) -> bool:
        """Whether our include file says what `init` writes, whoever reads it."""
        try:
            return f"servers-file={self.servers_file}" in text_of(self.static_file)
        except (OSError, ValueError):
            return False

    def _rebinding(self, disk: Configuration, forwarding: Forwarding) -> Iterator[Finding]:
        for zone in forwarding.zones if disk.has("stop-dns-rebind") else ():
            if not disk.covering("rebind-domain-ok", zone):
                domain = region_parent(zone)
                yield Finding(
                    False,
                    f"stop-dns-rebind is on, and would drop the private addresses of {zone}",
                    f"add rebind-domain-ok=/{domain}/ to {self.static_file}, then {RESTART}",
                )

    def _unreadable(self) -> Iterator[Finding]:
        try:
            hindrance = process_of(self.pid_file).unreadable(self.servers_file)
        except (Stop, OSError):
            return  # not running, or not there: said elsewhere
        if hindrance is not None:
            yield Finding(
                False,
                f"dnsmasq may not read {hindrance}: it would keep what it has, without a word",
                f"chmod o+{'r' if hindrance == self.servers_file else 'x'} {hindrance}",
            )


def _dropped(disk: Configuration, forwarding: Forwarding) -> Iterator[Finding]:
    """Yield the lines that take the private addresses out of answers. That the endpoints' lie where
    the resolver's do is the most that can be known here."""
    hidden = [
        line
        for line in disk.of("bogus-nxdomain", "ignore-address")
        if any(holds(line.value, address) for address in forwarding.forwarders)
    ]
    for line in (*hidden, *(disk.of("filter-A") if not forwarding.is_none else ())):
        said = f"{line.key}={line.value}" if line.value else line.key
        yield Finding(
            False,
            f"{line.place}: {said} takes the private addresses out of answers",
            f"remove it, or leave the VPC's networks out, then {RESTART}",
        )


def _real(path: str | Path) -> Path:
    """Return the path without links: a folder may be named by one."""
    return Path(path).resolve()


def _is_mark(server: str) -> bool:
    address, _, port = server.partition("#")
    return port == str(MARK_PORT) and MARK.fullmatch(address) is not None
