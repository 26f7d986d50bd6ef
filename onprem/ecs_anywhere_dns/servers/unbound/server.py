"""Unbound (measured with 1.17), by a file of its own that unbound.conf includes.

What is known of it, each measured:
- `unbound-control reload` says `ok`, and then Unbound ends if it cannot use the file. So the file
  is checked before, also whether Unbound's own user may read it; and that it lives is seen after.
  An answer of the control channel after that `ok` is one of the new configuration: the old one
  stops listening with it.
- unbound-control reads the configuration itself, and does nothing while that is broken.
- unbound-checkconf accepts a zone that is there twice, with a line that says so, and a zone without
  forwarders, which is SERVFAIL.
- A reload forgets the cache and all that was added by unbound-control.
- `list_forwards` shows zones and addresses, but neither ports nor `forward-first`. As each of our
  zones is there once only, and our file says `forward-first: no`, that holds.
- local-zones and auth-zones at or above a name answer before any forwarding.
With which configuration file it runs is read from its command line (`running`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecs_anywhere_dns.forwarding import DNS_PORT, NOTHING, Forwarding
from ecs_anywhere_dns.outcome import CheckFailed, NotTaken, ReloadFailed
from ecs_anywhere_dns.pinned.aws_names import is_below, suffixes_of
from ecs_anywhere_dns.servers.contract import HEADER, Finding, Fragment, Include
from ecs_anywhere_dns.servers.harmless import harmless
from ecs_anywhere_dns.servers.mark import has_mark, ipv4_among, mark_in
from ecs_anywhere_dns.servers.starting import start_if_down
from ecs_anywhere_dns.servers.unbound.control import UnboundControl
from ecs_anywhere_dns.servers.unbound.disk import WROTE_ANEW, Disk, forwarding_in
from ecs_anywhere_dns.servers.unbound.findings import findings_of, hindrances_of
from ecs_anywhere_dns.servers.unbound.limits import RESTARTS, overrun_in, unfollowed_in
from ecs_anywhere_dns.servers.unbound.running import wrong_configuration
from ecs_anywhere_dns.servers.unbound.shadows import blocking
from ecs_anywhere_dns.servers.waiting import comes_true
from ecs_anywhere_dns.subprocesses import PATIENCE, run

RELOAD_PATIENCE = 10.0
"""Seconds; 16 ms were measured. Large lists of local data take longer."""
BRING_BACK = "`ecs-anywhere-dns apply` starts it with the former forwarding; look at its log"


@dataclass(frozen=True)
class Unbound:
    name = "unbound"
    title = "Unbound"
    uses_other_when_silent = True
    reload_patience = PATIENCE + RELOAD_PATIENCE

    region: str
    address: str
    port: int
    configuration: Path = Path("/etc/unbound/unbound.conf")
    fragment: Path = Path("/etc/unbound/unbound.conf.d/ecs-anywhere.conf")
    control: tuple[str, ...] = ("unbound-control",)
    checkconf: tuple[str, ...] = ("unbound-checkconf",)
    start: tuple[str, ...] = ("systemctl", "start", "unbound")
    other_regions: tuple[str, ...] = ()
    """The Regions of the other VPCs."""

    @property
    def privileges(self) -> Mapping[str, str]:
        return {"AF_NETLINK": "unbound-checkconf lists the network interfaces"}

    @property
    def running(self) -> UnboundControl:
        return UnboundControl(self.control)

    @property
    def disk(self) -> Disk:
        return Disk(self.checkconf, self.configuration, self.fragment, self._include)

    def fragments(self, forwarding: Forwarding) -> tuple[Fragment, ...]:
        """Return our file. Raises CheckFailed for a zone, an address or a label that is none."""
        harmless(forwarding)
        lines = [f"# {HEADER}", f"# {forwarding.label}", *_lines(forwarding, self.fragment)]
        return (Fragment(self.fragment, "".join(f"{line}\n" for line in lines)),)

    def is_running(self) -> bool:
        return self.running.is_running()

    def check_fragments(self, fragments: Sequence[Fragment], scratch: Path) -> None:
        for fragment in fragments:
            forwarding_in(fragment.text, str(fragment.path))
            copy, whole = scratch / fragment.path.name, scratch / "unbound.conf"
            copy.write_text(fragment.text, "utf-8")
            # Else it looks for the user and the chroot that this build has by default.
            settings = f'server:\n  username: ""\n  chroot: ""\n  directory: "{scratch}"\n'
            whole.write_text(f'{settings}include: "{copy}"\n', "utf-8")
            checked = run(*self.checkconf, whole)
            if not checked.ok:
                raise CheckFailed(f"Unbound would refuse our file: {checked.said}", WROTE_ANEW)

    def hindrances(self, intended: Forwarding) -> Iterator[Finding]:
        pid = self.running.pid()
        if pid is not None:
            yield from wrong_configuration(pid, self.configuration, self.checkconf)
        try:
            yield from self.disk.problems(intended, pid, swapped=False)
        except CheckFailed as refused:
            # What is wrong with our own file is mended by the swap, and checked after it.
            if str(self.fragment) not in refused.message:
                raise
            return
        if pid is not None:
            yield from hindrances_of(self, intended)

    def overrun(self, names: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
        yield from overrun_in(self.disk.lines(), len(names))

    def may_refuse_aliases(self) -> bool:
        return any(line.key == RESTARTS for line in self.disk.lines())

    def refused(self, aliases: Mapping[str, str]) -> Iterator[Finding]:
        yield from unfollowed_in(self.disk.lines(), aliases)

    def sources(self) -> tuple[str, ...]:
        return ipv4_among(self.disk.option("outgoing-interface"))

    def check_configuration(self) -> None:
        disk = self.disk
        for problem in disk.problems(disk.forwarding(), self.running.pid(), swapped=True):
            raise CheckFailed(problem.what, problem.cure)

    def reload(self) -> None:
        process = _process(self.running.pid())
        ran = self.running.ask("reload")
        if not ran.ok:
            raise NotTaken(f"Unbound does not reload: {ran.said}", "look at the log of Unbound")

        def is_decided() -> bool:
            return self.is_running() or (process is not None and not process.exists())

        if not comes_true(is_decided, RELOAD_PATIENCE) or not self.is_running():
            raise ReloadFailed(
                f"Unbound said ok and ended: {self.running.ask('status').said}", BRING_BACK
            )

    def check_effective(self, forwarding: Forwarding) -> None:
        self._check_forwards(forwarding)
        self._check_exemptions(forwarding)
        for zone, local, kind in blocking(self.running.local_zones(), forwarding.zones):
            raise ReloadFailed(
                f"{zone} is not forwarded: local-zone {local} ({kind}) answers it",
                f'remove it, or add `local-zone: "{zone}" transparent`',
            )

    def flush(self, names: Iterable[str]) -> None:
        """Flush the names, and what Unbound remembers of the forwarders: it would not ask one that
        was slow or dead for up to 15 s more. (Only at port 53: the memory of other ports cannot be
        flushed.)"""
        deep = "cachedb" in self.running.modules()
        for name in names:
            self.running.forget(name, deep=deep)
        for address in {ip for ips in self.running.forwards().values() for ip in ips}:
            self.running.ask("flush_infra", address)

    def revive(self) -> None:
        start_if_down(self, "Unbound", RELOAD_PATIENCE)

    def includes(self) -> tuple[Include, ...]:
        """Return the line that is missing. None is missing where the checker reads the fragment
        already, in whatever form it is included: read twice, its zones would be there twice. None
        is returned, either, for a file of an older version, of which the checker cannot tell."""
        if self.fragment.exists() and not has_mark(self.fragment):
            return ()
        try:
            is_read = self.disk.times_read() or self.disk.insecure() & {
                *self.forwarding_if_readable().zones
            }
        except CheckFailed:
            is_read = False  # whoever adds the line has it checked
        return () if is_read else (Include(self.configuration, self._include),)

    def forwarded(self) -> Forwarding:
        """Return what our files on the disk forward. Raises CheckFailed."""
        return self.disk.forwarding()

    def findings(self, applied: Forwarding | None, intended: Forwarding) -> tuple[Finding, ...]:
        return tuple(findings_of(self, applied, intended))

    def forwarding_if_readable(self) -> Forwarding:
        """Return the forwarding of our file; an empty one where it is missing or damaged."""
        try:
            return self.disk.forwarding()
        except CheckFailed:
            return NOTHING

    @property
    def _include(self) -> str:
        return f'include-toplevel: "{self.fragment.parent}/*.conf"'

    def _check_forwards(self, forwarding: Forwarding) -> None:
        running = self.running.forwards()
        for zone, forwarders in forwarding.targets.items():
            if zone not in running:
                raise ReloadFailed(f"the running Unbound does not forward {zone}", self._cure)
            if running[zone] != frozenset(forwarders):
                raise ReloadFailed(
                    f"the running Unbound forwards {zone} to {', '.join(sorted(running[zone]))} "
                    f"and not to {', '.join(forwarders)}",
                    self._cure,
                )

    def _check_exemptions(self, forwarding: Forwarding) -> None:
        if "validator" in self.running.modules():
            self._check_insecure(frozenset(forwarding.zones))
        for zone in sorted(set(forwarding.zones) - self.running.private_domains()):
            raise ReloadFailed(f"private-domain of {zone} is not in force", self._cure)

    def _check_insecure(self, ours: frozenset[str]) -> None:
        """Check that Unbound has the entries domain-insecure that are on the disk. Each of our
        zones has one, so an entry that is in force, but not on the disk any more, shows a reload
        that was not done. Without the validator module Unbound lists none, and needs none
        (measured). Raises ReloadFailed."""
        running = {n for n in self.running.insecure() if n in ours or self._is_of_aws(n)}
        disk = {n for n in self._on_disk() if n in ours or self._is_of_aws(n)}
        differing = (running ^ disk) | (ours - running)
        if differing:
            raise ReloadFailed(
                f"domain-insecure of {min(differing)} differs between the disk and what runs",
                self._cure,
            )

    def _on_disk(self) -> frozenset[str]:
        try:
            return self.disk.insecure()
        except CheckFailed as refused:
            raise ReloadFailed(refused.message, refused.cure) from None

    def _is_of_aws(self, name: str) -> bool:
        """Return whether the name may have been ours once: names with and without a Region are
        published."""
        regions = (self.region, *self.other_regions)
        return any(is_below(name, domain) for each in regions for domain in suffixes_of(each))

    @property
    def _cure(self) -> str:
        return f"`unbound-control reload`; if that does not help, add `{self._include}`"


def _process(pid: int | None) -> Path | None:
    """Return the path in /proc that vanishes when the process ends; None for a process in a
    container of its own."""
    process = Path(f"/proc/{pid}")
    return process if pid is not None and process.exists() else None


def _lines(forwarding: Forwarding, fragment: Path) -> list[str]:
    """Return the clauses of our file, with the mark that shows who reads it."""
    port = "" if forwarding.port == DNS_PORT else f"@{forwarding.port}"
    lines = ["server:", f'  domain-insecure: "{mark_in(fragment)}"']
    for zone in forwarding.zones:
        lines += [f'  domain-insecure: "{zone}"', f'  private-domain: "{zone}"']
    for zone, forwarders in forwarding.targets.items():
        lines += ["forward-zone:", f'  name: "{zone}"']
        lines += [f"  forward-addr: {address}{port}" for address in forwarders]
        lines += ["  forward-first: no"]
    return lines
