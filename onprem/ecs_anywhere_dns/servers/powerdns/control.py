"""The running PowerDNS Recursor, controlled and asked by `rec_control`.

Its exit code is 0 for what failed, too (measured with 4.8.8): the words count.
"""

from __future__ import annotations

import re
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ecs_anywhere_dns.answers.asking import Asking
from ecs_anywhere_dns.answers.questions import Question
from ecs_anywhere_dns.outcome import NotTaken, ReloadFailed
from ecs_anywhere_dns.servers.mark import MARK_ZONE
from ecs_anywhere_dns.servers.powerdns.told import YAML_NAMES, old_form
from ecs_anywhere_dns.subprocesses import run

CURE = "look at its log (`journalctl -u pdns-recursor`), and at what rec_control says as root"
NTA_REASON = "ecs-anywhere-dns"
PATIENCE = 4.0
"""Seconds. It gives an upstream server 1.5 s; on loopback it hears at once that nobody is there."""


@dataclass(frozen=True)
class Control:
    command: tuple[str, ...]

    def answers(self) -> bool:
        said = run(*self.command, "ping")
        return said.ok and "pong" in said.output

    def reload_zones(self) -> None:
        """Reload the forwarded zones. Raises NotTaken, after which the server has the former
        ones."""
        try:
            self._expect("ok", "reload-zones")
        except ReloadFailed as problem:
            raise NotTaken(problem.message, problem.cure) from None

    def wipe(self, names: tuple[str, ...]) -> None:
        """Flush the cache at and below these names. Raises ReloadFailed."""
        self._expect(r"wiped .*", "wipe-cache", *(f"{name}$" for name in names))

    def parameter(self, name: str) -> str:
        """Return a setting of the running server, by its old name and in the old form; empty where
        it is not set. Raises ReloadFailed."""
        said = self._told_now(name)
        if said is not None:
            return said
        told = run(*self.command, "get-parameter", YAML_NAMES.get(name, name))
        value = old_form(told.output) if told.ok else None
        if value is None:
            raise ReloadFailed(told.said, CURE)
        return value

    def tells_its_start(self, name: str) -> bool:
        """Return whether what it tells of a setting is from its start, whatever it has reloaded
        since, as from 5.4 on."""
        return self._told_now(name) is None

    def _told_now(self, name: str) -> str | None:
        said = run(*self.command, "get-parameter", name)
        old = re.fullmatch(rf'{re.escape(name)}="(.*)"', said.output.strip())
        return old[1] if said.ok and old is not None else None

    def version(self) -> str:
        """Return the version of the Recursor. Raises ReloadFailed."""
        return self._expect(r"([0-9]\S*)", "version")[1]

    def exempt(self) -> dict[str, str] | None:
        """Return the negative trust anchors, zone -> reason; None where DNSSEC is off, and none can
        be added. Raises ReloadFailed."""
        said = run(*self.command, "get-ntas")
        if said.ok and "DNSSEC is disabled" in said.everything:
            return None
        if not said.ok or "Negative Trust Anchors" not in said.output:
            raise ReloadFailed(said.said, CURE)
        entries = (line.partition("\t") for line in said.output.splitlines()[1:])
        return {zone.rstrip(".").lower(): reason for zone, _, reason in entries}

    def exempt_only(self, zones: frozenset[str]) -> None:
        """Exempt exactly these of our zones from validation; the administrator's exemptions stay.
        Raises ReloadFailed."""
        there = self.exempt()
        if there is None:
            return
        for zone in sorted(zones - there.keys()):
            self._expect(r"Added .*", "add-nta", zone, NTA_REASON)
        for zone in sorted(ours_of(there) - zones):
            self._expect(r"Removed .*", "clear-nta", zone)

    def forwards_to_mark(self, mark: str, address: str, port: int) -> bool:
        """Return whether the server at this address forwards the zone of marks to that mark. No
        server answers at a mark, and the Recursor notes that in its "throttle map". A new name
        is asked each time, so that neither cache nor an earlier attempt answers. Raises
        ReloadFailed."""
        name = f"{secrets.token_hex(8)}.{MARK_ZONE}"
        Asking(patience=PATIENCE, tries=1)([Question(address, port, name)])
        noted = (line.split("\t") for line in self._throttle_map().splitlines())
        return any(words[:2] in ([mark, name], [mark, f"{name}."]) for words in noted)

    def _throttle_map(self) -> str:
        """Return the throttle map. rec_control writes it to a file, which must not be there yet."""
        with tempfile.TemporaryDirectory(prefix="ecs-anywhere-dns-") as folder:
            file = Path(folder) / "throttle-map"
            said = run(*self.command, "dump-throttlemap", file)
            if not said.ok or not file.exists():
                raise ReloadFailed(said.said, CURE)
            return file.read_text(errors="replace")

    def _expect(self, expected: str, *words: str) -> re.Match[str]:
        said = run(*self.command, *words)
        answer = re.fullmatch(expected, said.output.strip())
        if not said.ok or answer is None:
            raise ReloadFailed(said.said, CURE)
        return answer


def ours_of(anchors: dict[str, str]) -> frozenset[str]:
    return frozenset(zone for zone, reason in anchors.items() if reason == NTA_REASON)
