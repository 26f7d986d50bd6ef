"""systemd-resolved (measured with 262), by delegates: for a host that resolves for itself.

What is known of it, each measured:
- From 258 on, a delegate sends the names below its domains to its servers, and to nobody else: both
  silent is a timeout, both failing is SERVFAIL, and no question went to the public server. Before
  that there are the settings of all, where `DNS=` with `Domains=~…` got all other questions, too
  (252), and those of a link, where they displace what the link has from DHCP.
- A reload (SIGHUP) reads delegates and negative trust anchors anew and forgets the whole cache. It
  ignores what it does not understand, with a line in its log. There is no checker: what it took is
  read back with `resolvectl --json=short status`.
- It asks the other server when one answers SERVFAIL, but waits five seconds for one that is silent.
- It sends nothing while the host has no address outside of loopback.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecs_anywhere_dns.forwarding import NOTHING, Forwarding
from ecs_anywhere_dns.memory.files import state_of, text_of
from ecs_anywhere_dns.outcome import CheckFailed, NotTaken, ReloadFailed, reason_of
from ecs_anywhere_dns.servers.contract import Finding, Fragment, Include
from ecs_anywhere_dns.servers.harmless import harmless
from ecs_anywhere_dns.servers.hosts_files import SYSTEM, in_folders
from ecs_anywhere_dns.servers.resolved.findings import findings_of, hindrances_of
from ecs_anywhere_dns.servers.resolved.lines import (
    ANCHORS,
    BUILT_IN,
    DELEGATES,
    SUFFIX,
    fragments_for,
    read_anchors,
    read_delegates,
)
from ecs_anywhere_dns.servers.resolved.status import Resolvectl
from ecs_anywhere_dns.servers.starting import start_if_down
from ecs_anywhere_dns.servers.waiting import comes_true
from ecs_anywhere_dns.subprocesses import PATIENCE, run

RELOAD_PATIENCE = 10.0
"""Seconds; a SIGHUP is heard some time later."""
WROTE_ANEW = "`ecs-anywhere-dns apply` writes it anew"


@dataclass(frozen=True)
class Resolved:
    name = "resolved"
    title = "systemd-resolved"
    uses_other_when_silent = False
    reload_patience = PATIENCE + RELOAD_PATIENCE

    region: str
    address: str
    port: int
    delegates: Path = Path("/etc/systemd/dns-delegate.d")
    anchors: Path = Path("/etc/dnssec-trust-anchors.d")
    resolvectl: tuple[str, ...] = ("resolvectl",)
    reread: tuple[str, ...] = ("systemctl", "reload", "systemd-resolved")
    start: tuple[str, ...] = ("systemctl", "start", "systemd-resolved")

    @property
    def privileges(self) -> Mapping[str, str]:
        return {}

    @property
    def running(self) -> Resolvectl:
        return Resolvectl(self.resolvectl)

    def fragments(self, forwarding: Forwarding) -> tuple[Fragment, ...]:
        """Return our files. Raises CheckFailed for a zone, an address or a label that is none."""
        return tuple(fragments_for(harmless(forwarding), self.delegates, self.anchors))

    def is_running(self) -> bool:
        return self.running.is_running()

    def check_fragments(self, fragments: Sequence[Fragment], scratch: Path) -> None:  # noqa: ARG002
        """Read the files back strictly, because systemd-resolved has no checker. Raises
        CheckFailed."""
        texts = {fragment.path: fragment.text for fragment in fragments}
        self._read(texts)

    def hindrances(self, intended: Forwarding) -> Iterator[Finding]:
        if not intended.is_none:
            yield from hindrances_of(self, intended)

    def sources(self) -> tuple[str, ...]:
        return ()

    def check_configuration(self) -> None:
        held = self.on_disk()
        if self.is_running():
            for problem in self.hindrances(held):
                raise CheckFailed(problem.what, problem.cure)

    def reload(self) -> None:
        ran = run(*self.reread)
        if not ran.ok:
            raise NotTaken(
                f"systemd-resolved does not reload: {ran.said}",
                "start it, or look at its log: `journalctl -u systemd-resolved`",
            )

    def check_effective(self, forwarding: Forwarding) -> None:
        wanted = {
            zone: frozenset((address, forwarding.port) for address in forwarders)
            for zone, forwarders in forwarding.targets.items()
        }

        def is_in_force() -> bool:
            status = self.running.status()
            return status.forwarded == wanted and set(wanted) <= status.exempt

        if not comes_true(is_in_force, RELOAD_PATIENCE):
            has = ", ".join(sorted(self.running.status().forwarded)) or "nothing"
            raise ReloadFailed(
                f"systemd-resolved has not loaded our files as they are: it delegates {has}",
                "look at its log: `journalctl -u systemd-resolved`",
            )

    def flush(self, names: Iterable[str]) -> None:
        """Flush the whole cache: systemd-resolved cannot flush single names."""
        if tuple(names):
            self.running.flush()

    def revive(self) -> None:
        start_if_down(self, "systemd-resolved", RELOAD_PATIENCE)

    def includes(self) -> tuple[Include, ...]:
        """Return no lines: systemd-resolved reads all files of its folders."""
        return ()

    def hosts_files(self) -> tuple[Path, ...]:
        """Return /etc/hosts, also where ReadEtcHosts=no: the programs of the host read it first."""
        return in_folders((SYSTEM,))

    def forwarded(self) -> Forwarding:
        """Return what our files on the disk forward. Raises CheckFailed."""
        return self.on_disk()

    def findings(self, applied: Forwarding | None, intended: Forwarding) -> tuple[Finding, ...]:
        return tuple(findings_of(self, applied, intended))

    def on_disk(self) -> Forwarding:
        """Return the forwarding of our files. Raises CheckFailed."""
        texts = {}
        for fragment in self.fragments(NOTHING):
            state_of(fragment.path)
            try:
                texts[fragment.path] = text_of(fragment.path)
            except (OSError, ValueError) as error:
                raise CheckFailed(f"{fragment.path}: {reason_of(error)}", WROTE_ANEW) from None
        return self._read(texts)

    def forwarding_if_readable(self) -> Forwarding:
        """Return the forwarding of our files; an empty one where a file is missing or damaged."""
        try:
            return self.on_disk()
        except CheckFailed:
            return NOTHING

    def _read(self, texts: Mapping[Path, str]) -> Forwarding:
        ours = [texts[self.delegates / f"{name}{SUFFIX}"] for name in DELEGATES]
        forwarding = read_delegates(ours, str(self.delegates))
        file = self.anchors / ANCHORS
        wanted = set() if forwarding.is_none else {*forwarding.zones, *BUILT_IN}
        if read_anchors(texts[file], str(file)) != wanted:
            raise CheckFailed(f"{file}: it was edited: it does not fit our delegates", WROTE_ANEW)
        return forwarding
