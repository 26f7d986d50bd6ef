"""dnsmasq (measured with 2.90), by a servers-file: the one file of routes that SIGHUP reads again.

Its traps, each measured, and what is done about them:
- `dnsmasq --test` never reads the servers-file: its lines are tested as options, and read back
  (`lines`).
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

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.memory.files import text_of
from ecs_anywhere_dns.outcome import CheckFailed, NotTaken, ReloadFailed, reason_of
from ecs_anywhere_dns.pinned.aws_names import region_zones_of
from ecs_anywhere_dns.servers.contract import HEADER, Finding, Fragment, Include
from ecs_anywhere_dns.servers.dnsmasq.configuration import Configuration, read_configuration
from ecs_anywhere_dns.servers.dnsmasq.findings import findings_of
from ecs_anywhere_dns.servers.dnsmasq.hindrances import (
    RESTART,
    not_included,
    problems,
    real,
    started_before_init,
)
from ecs_anywhere_dns.servers.dnsmasq.limits import overrun_in
from ecs_anywhere_dns.servers.dnsmasq.lines import lines_for, read_fragment
from ecs_anywhere_dns.servers.dnsmasq.process import is_mark, process_of, upstream_servers
from ecs_anywhere_dns.servers.fragment_lines import CURE, lines_of
from ecs_anywhere_dns.servers.hosts_files import SYSTEM, in_folders
from ecs_anywhere_dns.servers.mark import MARK_PORT, mark_of
from ecs_anywhere_dns.servers.starting import start_if_down
from ecs_anywhere_dns.servers.waiting import comes_true
from ecs_anywhere_dns.subprocesses import run

LEFT_OUT = ",.dpkg-dist,.dpkg-old,.dpkg-new"
"""Debian's: every other suffix in dnsmasq.d is read."""
CLOCK = 1.0
"""Seconds: the system knows in whole ones when it was started, and from that when a process was."""
RELOAD_PATIENCE = 2.0
"""Seconds; `reload` has waited for the signal to be heard."""


@dataclass(frozen=True)
class Dnsmasq:
    name = "dnsmasq"
    title = "dnsmasq"
    uses_other_when_silent = False
    reload_patience = 10.0

    region: str
    address: str
    port: int
    configuration: Path = Path("/etc/dnsmasq.conf")
    directory: Path = Path("/etc/dnsmasq.d")
    """The folder of our file with the line that includes our fragment."""
    servers_file: Path = Path("/etc/ecs-anywhere-dns/dnsmasq.servers")
    """Our fragment. Not in `directory`: all that is in there is read as configuration."""
    pid_file: Path = Path("/run/dnsmasq/dnsmasq.pid")
    program: tuple[str, ...] = ("dnsmasq",)
    start: tuple[str, ...] = ("systemctl", "start", "dnsmasq")
    other_regions: tuple[str, ...] = ()
    """The Regions of the other VPCs."""

    @property
    def privileges(self) -> Mapping[str, str]:
        return {"CAP_KILL": "dnsmasq is sent SIGHUP, and is another user's process"}

    @property
    def static_file(self) -> Path:
        return self.directory / "ecs-anywhere.conf"

    def include_file(self, disk: Configuration) -> Path:
        """Return the file that has `servers-file=`: ours, unless an administrator wrote the line
        into another one."""
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
        """Check the lines as options of `dnsmasq --test`, which reads both alike: a copy in another
        folder may be closed to it (AppArmor). Raises CheckFailed."""
        for fragment in fragments:
            read_fragment(fragment.text, str(fragment.path))
            options = [f"--{line}" for _, line in lines_of(fragment.text, "#")]
            tested = run(*self.program, "--test", "--conf-file=/dev/null", *options)
            if not tested.ok:
                raise CheckFailed(f"{fragment.path}: {tested.said}", CURE)

    def hindrances(self, intended: Forwarding) -> Iterator[Finding]:
        disk = self.on_disk()
        yield from problems(self, disk, intended)
        if not intended.is_none:
            yield from started_before_init(self, self.include_file(disk))

    def overrun(self, names: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
        yield from overrun_in(self.on_disk(), len(names))

    def sources(self) -> tuple[str, ...]:
        """Return none: dnsmasq sets a source address line by line, and our lines have none."""
        return ()

    def check_configuration(self) -> None:
        forwarding = read_fragment(self._fragment_on_disk(), str(self.servers_file))
        tested = run(*self.program, "--test", *self.words())
        if not tested.ok:
            raise CheckFailed(
                f"dnsmasq would not start any more: {tested.said}",
                f"correct that line; nothing but {self.static_file} is ours",
            )
        configuration = self.on_disk()
        for problem in problems(self, configuration, forwarding):
            raise CheckFailed(problem.what, problem.cure)

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
                f"{', '.join(sorted(self.upstreams())) or 'no server'}",
                f"if it was started before {self.static_file} was written, {RESTART}; "
                "else look at its log",
            )

    def flush(self, names: Iterable[str]) -> None:
        """Flush the whole cache by SIGHUP: dnsmasq cannot flush single names. The reload did so,
        too, but an answer of a former forwarder that was under way may have been cached after
        it."""
        if tuple(names):
            self.reload()

    def revive(self) -> None:
        start_if_down(self, "dnsmasq")

    def includes(self) -> tuple[Include, ...]:
        """Return the lines of the include file, which never change and are read by a restart only.
        Raises CheckFailed where the administrator has a servers-file already: dnsmasq would not
        start with two."""
        disk = self.on_disk()
        if any(real(x.value) != real(self.servers_file) for x in disk.of("servers-file")):
            found = not_included(self, disk)
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

    def has_read_paths(self) -> bool:
        """Return whether dnsmasq was started after the line with `servers-file=` was written; False
        where the clock, good to a second, leaves it open. Raises CheckFailed."""
        try:
            started = process_of(self.pid_file).started
            written = self.include_file(self.on_disk()).stat().st_mtime
        except (ReloadFailed, OSError):
            return False
        return written + CLOCK < started

    def forwarded(self) -> Forwarding:
        """Return what our files on the disk forward. Raises CheckFailed."""
        return read_fragment(self._fragment_on_disk(), str(self.servers_file))

    def findings(self, applied: Forwarding | None, intended: Forwarding) -> tuple[Finding, ...]:
        return tuple(findings_of(self, applied, intended))

    def on_disk(self) -> Configuration:
        """Return the configuration on the disk. Raises CheckFailed."""
        return read_configuration(self.words(), self.configuration)

    def words(self) -> tuple[str, ...]:
        """Return the options of dnsmasq's command line: those of the running process, else
        Debian's."""
        try:
            return process_of(self.pid_file).words
        except (ReloadFailed, OSError):
            return f"--conf-file={self.configuration}", f"--conf-dir={self.directory}{LEFT_OUT}"

    def _fragment_on_disk(self) -> str:
        try:
            return text_of(self.servers_file)
        except (OSError, ValueError) as error:
            raise CheckFailed(f"{self.servers_file}: {reason_of(error)}", CURE) from None

    def _has_loaded(self, wanted: set[str]) -> bool:
        known = self.upstreams()
        marks = {server for server in known if is_mark(server)}
        return known >= wanted and marks <= wanted

    def upstreams(self) -> frozenset[str]:
        """Return the servers that the running dnsmasq would ask. Raises ReloadFailed."""
        return upstream_servers(self.address, self.port)
