"""PowerDNS Recursor (measured with 4.8.8 and 5.2.13, with settings in the old style and in YAML).

Two fragments: the zones, for `forward-zones-file`, and one that exempts them from validation, in
Lua (`old_settings`) or in YAML (`yaml_settings`).
Its traps, each measured, and what is done about them:
- Its own check never opens the forward-zones-file: the file is read back here, strictly.
- `rec_control reload-zones` ends with 0 although it failed: its words count. And they do not say
  which file was read, nor whether it is the server that answers at our address. So that one is
  asked for a name below our mark (`mark`), and has to note that it tried the mark's address.
  A forwarding that is none has no mark: there its words have to do, and the verification.
- Only one forward-zones-file may be set; the last one counts.
- Exemptions are read at the start only. So negative trust anchors are set in the running server by
  rec_control, and stand in the second fragment for the next start.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.memory.files import text_of
from ecs_anywhere_dns.outcome import CheckFailed, ReloadFailed, reason_of
from ecs_anywhere_dns.servers.contract import HEADER, Finding, Fragment, Include
from ecs_anywhere_dns.servers.fragment_lines import CURE
from ecs_anywhere_dns.servers.mark import MARK_PORT, MARK_ZONE, ipv4_among, mark_of
from ecs_anywhere_dns.servers.powerdns.configuration import Configuration
from ecs_anywhere_dns.servers.powerdns.control import Control, ours_of
from ecs_anywhere_dns.servers.powerdns.findings import findings_of
from ecs_anywhere_dns.servers.powerdns.limits import too_low
from ecs_anywhere_dns.servers.powerdns.lines import lines_for, read_zones
from ecs_anywhere_dns.servers.powerdns.old_settings import INIT, OldSettings
from ecs_anywhere_dns.servers.powerdns.settings import Settings
from ecs_anywhere_dns.servers.powerdns.yaml_settings import YamlSettings, yaml_of
from ecs_anywhere_dns.servers.process import differ
from ecs_anywhere_dns.servers.starting import start_if_down
from ecs_anywhere_dns.subprocesses import run


@dataclass(frozen=True)
class PowerDns:
    name = "powerdns"
    title = "PowerDNS Recursor"
    uses_other_when_silent = True
    reload_patience = 30.0

    region: str
    address: str
    port: int
    configuration: Path = Path("/etc/powerdns/recursor.conf")
    zones_file: Path = Path("/etc/powerdns/ecs-anywhere.zones")
    """Our fragment; the one with the exemptions is beside it, or in the YAML's include_dir."""
    program: tuple[str, ...] = ("pdns_recursor",)
    rec_control: tuple[str, ...] = ("rec_control",)
    start: tuple[str, ...] = ("systemctl", "start", "pdns-recursor")

    @property
    def privileges(self) -> Mapping[str, str]:
        return {}

    @property
    def settings(self) -> Settings:
        """Return the settings in the form that they have: old style or YAML."""
        yaml = yaml_of(self.configuration)
        if yaml is None:
            return OldSettings(self.configuration, self.zones_file)
        return YamlSettings(yaml, self.zones_file, self.control)

    @property
    def control(self) -> Control:
        return Control(self.rec_control)

    def fragments(self, forwarding: Forwarding) -> tuple[Fragment, ...]:
        zones = [f"# {HEADER}", f"# {forwarding.label}", *lines_for(forwarding)]
        text = "".join(f"{line}\n" for line in zones)
        return Fragment(self.zones_file, text), self.settings.fragment(forwarding)

    def is_running(self) -> bool:
        return self.control.answers()

    def check_fragments(self, fragments: Sequence[Fragment], scratch: Path) -> None:  # noqa: ARG002
        texts = {fragment.path: fragment.text for fragment in fragments}
        self._check(texts[self.zones_file], texts[self.settings.file])

    def hindrances(self, intended: Forwarding) -> Iterator[Finding]:
        yield from self._wrong_configuration()
        yield from self.problems(self.on_disk(), intended, swapped=False)

    def sources(self) -> tuple[str, ...]:
        return ipv4_among(re.split(r"[,\s]+", self.on_disk().value("query-local-address")))

    def check_configuration(self) -> None:
        forwarding = self._check(_text(self.zones_file), self._exemptions())
        disk = self.on_disk()
        tested = run(*self.program, "--config=check", *self._where())
        if not tested.ok:
            raise CheckFailed(
                f"PowerDNS Recursor would not start any more: {tested.said}", "correct that setting"
            )
        self.settings.check_read(tested)
        for problem in self.problems(disk, forwarding, swapped=True):
            raise CheckFailed(problem.what, problem.cure)

    def problems(
        self, disk: Configuration, forwarding: Forwarding, *, swapped: bool
    ) -> Iterator[Finding]:
        """Yield every problem that keeps the forwarding from working, although the check accepts
        it."""
        yield from self.settings.problems(disk, swapped=swapped)
        prefix = disk.value("dns64-prefix")
        if prefix and not forwarding.is_none:
            yield Finding(
                False,
                f"dns64-prefix={prefix} (DNS64): it makes IPv6 addresses from the private IPv4 "
                "ones, and agents would use those",
                "let the hosts of the agents ask a server without DNS64",
            )
        yield from () if forwarding.is_none else too_low(disk)
        for setting in disk.shadows(forwarding.zones):
            yield Finding(
                False,
                f"{setting.place}: {setting.key} takes names that are to be forwarded: "
                f"{setting.value}",
                "remove those zones from it",
            )

    def reload(self) -> None:
        self.control.reload_zones()
        self.control.exempt_only(frozenset(self._exempt_on_disk()))

    def check_effective(self, forwarding: Forwarding) -> None:
        self._check_file_in_use()
        self._check_anchors(frozenset(forwarding.zones))
        if forwarding.is_none:
            return
        if not self.control.forwards_to_mark(mark_of(forwarding), self.address, self.port):
            raise ReloadFailed(
                f"who answers at {self.address}:{self.port} has not loaded {self.zones_file}: "
                f"it did not try {mark_of(forwarding)}:{MARK_PORT} for {MARK_ZONE}",
                "see that address, port and rec_control in the configuration of this tool mean "
                "the same server, and look at its log",
            )

    def flush(self, names: Iterable[str]) -> None:
        wanted = tuple(names)
        if wanted:
            self.control.wipe(wanted)

    def revive(self) -> None:
        start_if_down(self, "PowerDNS Recursor")

    def includes(self) -> tuple[Include, ...]:
        """Return the lines that are missing. Raises CheckFailed where the administrator has a
        forward-zones-file already: ours would take its place."""
        disk, settings = self.on_disk(), self.settings
        if disk.value("forward-zones-file") not in ("", str(self.zones_file)):
            found = settings.not_included(disk)
            raise CheckFailed(found.what, found.cure)
        return settings.includes(disk)

    def forwarded(self) -> Forwarding:
        """Return what our files on the disk forward. Raises CheckFailed."""
        return read_zones(_text(self.zones_file), str(self.zones_file))

    def findings(self, applied: Forwarding | None, intended: Forwarding) -> tuple[Finding, ...]:
        return tuple(findings_of(self, applied, intended))

    def on_disk(self) -> Configuration:
        """Return the settings on the disk. Raises CheckFailed."""
        return self.settings.in_force()

    def _wrong_configuration(self) -> Iterator[Finding]:
        """Yield the finding that the Recursor runs with another file than `configuration`; nothing
        where it does not answer, which is another finding."""
        try:
            folder, name = map(self.control.parameter, ("config-dir", "config-name"))
        except ReloadFailed:
            return
        stem = f"recursor-{name}" if name else "recursor"
        files = [Path(folder) / f"{stem}{suffix}" for suffix in (".conf", ".yml")]
        there = [file for file in files if folder and file.exists()]
        if there and all(differ(file, self.configuration) for file in there):
            yield Finding(
                False,
                f"PowerDNS Recursor runs with {there[0]}, not with {self.configuration}",
                "correct `configuration` under [powerdns] in the configuration of this tool",
            )

    def _where(self) -> tuple[str, ...]:
        """Return the options that lead the Recursor's check to `configuration`: `recursor.conf`, or
        `recursor-<name>.conf` of a named instance."""
        name = self.configuration.stem.removeprefix("recursor").removeprefix("-")
        named = (f"--config-name={name}",) if name else ()
        return f"--config-dir={self.configuration.parent}", *named

    def _check(self, zones: str, exemptions: str) -> Forwarding:
        forwarding = read_zones(zones, str(self.zones_file))
        exempt = self.settings.exempt_in(exemptions)
        if exempt != list(forwarding.zones):
            raise CheckFailed(
                f"{self.settings.file} exempts {exempt} from validation, "
                f"{self.zones_file} forwards {list(forwarding.zones)}",
                CURE,
            )
        return forwarding

    def _exemptions(self) -> str:
        """Return the text of our file of exemptions; empty where it is missing. Raises
        CheckFailed."""
        file = self.settings.file
        return _text(file) if file.exists() else ""

    def _exempt_on_disk(self) -> list[str]:
        """Return the zones that our file on the disk exempts. Raises ReloadFailed."""
        try:
            return self.settings.exempt_in(self._exemptions())
        except CheckFailed as problem:
            raise ReloadFailed(problem.message, problem.cure) from None

    def _check_file_in_use(self) -> None:
        used = self.control.parameter("forward-zones-file")
        if not used and self.control.tells_its_start("forward-zones-file"):
            return  # `reload-zones` has read what the files name now; the answers prove it
        if used != str(self.zones_file):
            raise ReloadFailed(
                f"the running PowerDNS Recursor has forward-zones-file={used!r}, "
                f"not {self.zones_file}",
                f"{INIT}; then restart PowerDNS Recursor once",
            )

    def _check_anchors(self, wanted: frozenset[str]) -> None:
        there = self.control.exempt()
        if there is None:
            return
        missing, left = wanted - there.keys(), ours_of(there) - wanted
        if missing or left:
            raise ReloadFailed(
                "its negative trust anchors are not those of the forwarding: "
                f"missing {sorted(missing)}, too many {sorted(left)}",
                "`ecs-anywhere-dns apply` sets them",
            )


def _text(file: Path) -> str:
    """Return the text of a file. Raises CheckFailed."""
    try:
        return text_of(file)
    except (OSError, ValueError) as error:
        raise CheckFailed(f"{file}: {reason_of(error)}", CURE) from None
