"""BIND 9 (measured with 9.18), by zones of type forward in a file that named.conf includes.

What is known of it, each measured:
- `forward only` has to be said: the default asks the internet when the forwarders are silent.
- `rndc reconfig` tells the truth: where it fails, the former configuration stays in force.
- It keeps its cache, negative answers included: whatever was forwarded anew has to be flushed.
- named-checkconf accepts much that would do harm: see `views`. `named-checkconf -p` says what
  it would load, all includes read in.
- No command lists the forwarders that a running named uses. That it uses these is concluded: it
  last read its configuration after our files were written, without an error, it read this
  configuration file, and the checker shows what is in there. What it cannot show: what somebody
  wrote into the administrator's files since named read them. Of the exemption from DNSSEC
  validation named itself tells (`rndc nta -dump`). The verification of answers stands for the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.outcome import CheckFailed, NotTaken, ReloadFailed
from ecs_anywhere_dns.servers.bind.aliases import OPTION, refused_in
from ecs_anywhere_dns.servers.bind.control import RELOAD_PATIENCE, Rndc
from ecs_anywhere_dns.servers.bind.disk import Disk
from ecs_anywhere_dns.servers.bind.findings import findings_of
from ecs_anywhere_dns.servers.bind.fragments import (
    UNKNOWN_OPTION,
    WROTE_ANEW,
    cure_of_copies,
    forwarding_in,
    options_text,
    zones_text,
)
from ecs_anywhere_dns.servers.bind.limits import overrun_in
from ecs_anywhere_dns.servers.bind.views import covers
from ecs_anywhere_dns.servers.contract import HEADER, Finding, Fragment, Include
from ecs_anywhere_dns.servers.harmless import harmless
from ecs_anywhere_dns.servers.mark import ipv4_among, mark_in
from ecs_anywhere_dns.servers.starting import start_if_down
from ecs_anywhere_dns.subprocesses import PATIENCE


@dataclass(frozen=True)
class Bind:
    name = "bind"
    title = "BIND 9"
    uses_other_when_silent = True
    reload_patience = RELOAD_PATIENCE + PATIENCE

    region: str
    address: str
    port: int
    configuration: Path = Path("/etc/bind/named.conf")
    zones: Path = Path("/etc/bind/ecs-anywhere.zones")
    """Our fragment for the top level, or for inside each view."""
    options: Path = Path("/etc/bind/ecs-anywhere.options")
    """Our fragment for inside `options {}`."""
    options_file: Path = Path("/etc/bind/named.conf.options")
    """The administrator's file with `options {}`."""
    rndc: tuple[str, ...] = ("rndc",)
    checkconf: tuple[str, ...] = ("named-checkconf",)
    """The command of the checker, with `-t <folder>` where named runs in a chroot. The paths above
    are outside of it."""
    start: tuple[str, ...] = ("systemctl", "start", "named")

    @property
    def privileges(self) -> Mapping[str, str]:
        if "-t" not in self.checkconf:
            return {}
        return {"CAP_SYS_CHROOT": "named-checkconf -t looks from within named's chroot"}

    @property
    def disk(self) -> Disk:
        return Disk(self.configuration, self.zones, self.options, self.options_file, self.checkconf)

    @property
    def control(self) -> Rndc:
        return Rndc(self.rndc)

    def fragments(self, forwarding: Forwarding) -> tuple[Fragment, ...]:
        """Return our two files, zones and exemptions. Raises CheckFailed for a zone, an address or
        a label that is none."""
        harmless(forwarding)
        head = f"// {HEADER}\n// {forwarding.label}\n"
        return (
            Fragment(self.zones, head + zones_text(forwarding, mark_in(self.zones))),
            Fragment(self.options, head + options_text(forwarding, mark_in(self.options))),
        )

    def is_running(self) -> bool:
        return self.control.ask("status").ok

    def check_fragments(self, fragments: Sequence[Fragment], scratch: Path) -> None:
        for fragment in fragments:
            forwarding_in(fragment.text, str(fragment.path))
        checked = self.disk.checked(fragments, scratch)
        if not checked.ok and UNKNOWN_OPTION in checked.everything and not self.disk.validates():
            # Then nothing is to be exempt, and the file is included by nobody.
            checked = self.disk.checked([f for f in fragments if f.path != self.options], scratch)
        if not checked.ok:
            raise CheckFailed(
                f"named would refuse our files: {checked.said}", cure_of_copies(checked, scratch)
            )

    def hindrances(self, intended: Forwarding) -> Iterator[Finding]:
        yield from self.wrong_configuration()
        try:
            yield from self.disk.problems(intended, swapped=False)
        except CheckFailed as refused:
            # What is wrong with our own files is mended by the swap, and checked after it.
            if str(self.zones) not in refused.message and str(self.options) not in refused.message:
                raise

    def sources(self) -> tuple[str, ...]:
        said = [view.option("query-source") for view in self.disk.views() if view.recurses]
        words = (word for option in said if option for word in option.words)
        return tuple(dict.fromkeys(ipv4_among(words)))

    def policy_zones(self) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(
                zone for view in self.disk.views() if view.recurses for zone in view.policy_zones
            )
        )

    def may_refuse_aliases(self) -> bool:
        return any(view.option(OPTION) for view in self.disk.views() if view.recurses)

    def refused(self, aliases: Mapping[str, str]) -> Iterator[Finding]:
        for view in self.disk.views():
            if view.recurses:
                yield from refused_in(view, aliases)

    def overrun(self, names: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
        for view in self.disk.views():
            if view.recurses:
                yield from overrun_in(view, names)

    def check_configuration(self) -> None:
        for problem in self.disk.problems(self.disk.on_disk(), swapped=True):
            raise CheckFailed(problem.what, problem.cure)

    def wrong_configuration(self) -> Iterator[Finding]:
        """Yield the finding that the running named reads another file than `configuration`; nothing
        where named does not answer, which is another finding."""
        try:
            status = self.control.status()
        except ReloadFailed:
            return
        try:
            status.check_reads(self.configuration, self.disk.as_named_sees(self.configuration))
        except ReloadFailed as problem:
            yield Finding(False, problem.message, problem.cure)

    def reload(self) -> None:
        ran = self.control.ask("reconfig")
        if not ran.ok:
            raise NotTaken(
                f"named did not take the configuration, and keeps the former: {ran.said}",
                "look at the log of named",
            )

    def check_effective(self, forwarding: Forwarding) -> None:
        status = self.control.status()
        status.check_newer_than((self.zones, self.options))
        status.check_reads(self.configuration, self.disk.as_named_sees(self.configuration))
        self._check_disk(forwarding)
        self._check_exemptions(forwarding)

    def flush(self, names: Iterable[str]) -> None:
        """Flush the names in all views, with marks of bad servers, and addresses of name servers
        below."""
        for name in names:
            ran = self.control.ask("flushtree", name)
            if not ran.ok:
                raise ReloadFailed(f"{name} stays cached: {ran.said}", f"`rndc flushtree {name}`")

    def revive(self) -> None:
        start_if_down(self, "named")

    def includes(self) -> tuple[Include, ...]:
        return self.disk.includes()

    def forwarded(self) -> Forwarding:
        """Return what our files on the disk forward. Raises CheckFailed."""
        return self.disk.on_disk()

    def findings(self, applied: Forwarding | None, intended: Forwarding) -> tuple[Finding, ...]:
        return tuple(findings_of(self, applied, intended))

    def _check_disk(self, forwarding: Forwarding) -> None:
        try:
            there = self.disk.on_disk()
            hindrances = tuple(self.disk.problems(forwarding, swapped=True))
        except CheckFailed as refused:
            raise ReloadFailed(refused.message, refused.cure) from None
        if zones_text(there, "") != zones_text(forwarding, ""):
            raise ReloadFailed(f"{self.zones} is not what was applied", WROTE_ANEW)
        for problem in hindrances:
            raise ReloadFailed(problem.what, problem.cure)

    def _check_exemptions(self, forwarding: Forwarding) -> None:
        running = self.control.exempt()
        for view in (view for view in self.disk.views() if view.recurses and view.validates):
            name = view.label.partition(" ")[2].strip('"') or "_default"
            exempt = {zone for zone, where in running if where == name}
            missing = [zone for zone in forwarding.zones if not covers(exempt, zone)]
            if missing:
                raise ReloadFailed(
                    f"the running {view.title} does not exempt {missing[0]} from validation",
                    "`rndc reconfig`, then look at the log of named",
                )
