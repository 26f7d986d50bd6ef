"""The configuration of Unbound on the disk: our file, and the checker's result for the whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecs_anywhere_dns.forwarding import DNS_PORT, Forwarding, forwarding_to
from ecs_anywhere_dns.memory.files import state_of, text_of
from ecs_anywhere_dns.outcome import CheckFailed, reason_of
from ecs_anywhere_dns.servers.apparmor import confining, may_read
from ecs_anywhere_dns.servers.contract import Finding
from ecs_anywhere_dns.servers.mark import has_mark, holds, mark_in
from ecs_anywhere_dns.servers.ownership import is_of_others
from ecs_anywhere_dns.servers.process import Process
from ecs_anywhere_dns.servers.unbound.control import plain
from ecs_anywhere_dns.servers.unbound.lines import Line, lines_in
from ecs_anywhere_dns.subprocesses import run

WROTE_ANEW = "`ecs-anywhere-dns apply` writes it anew"
PROFILE = "usr.sbin.unbound"
CLAUSE = re.compile(r"^forward-zone:\n((?:  .*\n)*)", re.MULTILINE)
DUPLICATE = re.compile(r"duplicate forward zone (?P<zone>\S+) ignored")


@dataclass(frozen=True)
class Disk:
    checkconf: tuple[str, ...]
    configuration: Path
    fragment: Path
    include: str
    """The line that includes it, for cures."""

    def problems(self, wanted: Forwarding, pid: int | None, *, swapped: bool) -> Iterator[Finding]:
        """Yield every problem that keeps `wanted` from working, before our file is swapped or after
        it (`swapped`). `pid` is that of the running Unbound; None where none runs. Raises
        CheckFailed where the checker refuses the configuration."""
        twice = {plain(m["zone"]) for m in DUPLICATE.finditer(self.checked())}
        yield from self._doubled(sorted(twice & set(wanted.zones)))
        yield from self._unreachable(wanted)
        missing = sorted(set(wanted.zones) - self.insecure())
        if missing and (swapped or (has_mark(self.fragment) and not self.times_read())):
            yield Finding(
                False,
                f"{self.configuration} does not include {self.fragment}: {missing[0]} would not "
                "be forwarded",
                f"add `{self.include}` to {self.configuration}",
            )
        yield from self._beyond_reach(pid, swapped=swapped)

    def times_read(self) -> int:
        """Return how often the checker reads our file, in whatever way it is included; 0 where it
        does not read it, or the file has no mark. Raises CheckFailed."""
        return [plain(name) for name in self.option("domain-insecure")].count(
            mark_in(self.fragment)
        )

    def checked(self) -> str:
        """Return the output of the checker. Raises CheckFailed where it refuses the
        configuration."""
        self._check_ours()
        ran = run(*self.checkconf, self.configuration)
        if not ran.ok:
            raise CheckFailed(
                f"Unbound would end with this configuration: {ran.said}",
                self._cure_of(ran.everything),
            )
        return ran.everything

    def insecure(self) -> frozenset[str]:
        """Return the domains of `domain-insecure`. Raises CheckFailed."""
        return frozenset(plain(name) for name in self.option("domain-insecure"))

    def option(self, key: str) -> tuple[str, ...]:
        """Return the values of an option, as the checker prints them. Raises CheckFailed."""
        self._check_ours()
        ran = run(*self.checkconf, "-o", key, self.configuration)
        if not ran.ok:
            raise CheckFailed(
                f"{key} cannot be read: {ran.said}",
                f"correct the line that it names, in {self.configuration} or below",
            )
        return tuple(line.strip() for line in ran.output.splitlines() if line.strip())

    def lines(self) -> tuple[Line, ...]:
        """Return the lines of the configuration, those of included files among them."""
        return tuple(lines_in(self.configuration))

    def forwarding(self) -> Forwarding:
        """Return the forwarding of our own file as it is now. Raises CheckFailed."""
        try:
            text = text_of(self.fragment)
        except (OSError, ValueError) as error:
            raise CheckFailed(f"{self.fragment}: {reason_of(error)}", WROTE_ANEW) from None
        return forwarding_in(text, str(self.fragment))

    def _check_ours(self) -> None:
        """Check that our file is no link of another user: the checker would quote the content of
        that user's target. Raises CheckFailed."""
        state_of(self.fragment)

    def _cure_of(self, refusal: str) -> str:
        if f"{self.fragment}:" not in refusal:
            return f"correct the line that it names; only {self.fragment} is ours"
        # Nobody can ask Unbound anything while its control tool cannot read the configuration.
        anew = f"`rm {self.fragment}`, then at once `ecs-anywhere-dns apply`"
        if not is_of_others(state_of(self.fragment)):
            return f"{anew}: it is ours"
        return (
            "its first line is not ours: correct the line that it names if the file is an "
            f"administrator's, and name another `fragment` under [unbound]; else {anew}"
        )

    def _doubled(self, zones: Sequence[str]) -> Iterator[Finding]:
        """Yield why a forward-zone of ours is there twice, of which Unbound ignores one: our file
        is included twice, or the administrator has the zone, too."""
        number = self.times_read()
        if zones and number > 1:
            yield Finding(
                False,
                f"{self.configuration} includes {self.fragment} {number} times",
                f"leave only one of the lines that include {self.fragment.parent}",
            )
            return
        for zone in zones:
            yield Finding(
                False,
                f"the administrator has a forward-zone {zone}, too: Unbound ignores one of them",
                f"remove that one; ours stands in {self.fragment}",
            )

    def _unreachable(self, wanted: Forwarding) -> Iterator[Finding]:
        """Yield the settings that keep Unbound from asking the forwarders, or from asking them as
        needed."""
        if wanted.is_none:
            return
        if "dns64" in " ".join(self.option("module-config")).split():
            yield Finding(
                False,
                "module-config has dns64: it makes IPv6 addresses from the private IPv4 ones, and "
                "agents would use those",
                "let the hosts of the agents ask a server without DNS64",
            )
        if self.option("tls-upstream") == ("yes",):
            yield Finding(
                False,
                "tls-upstream: yes: Unbound would speak TLS to the resolver IPs, which answer "
                "plain DNS (SERVFAIL)",
                "remove it, and write `forward-tls-upstream: yes` into each forward-zone that "
                "needs it",
            )
        for network in self.option("do-not-query-address"):
            shunned = [address for address in wanted.forwarders if holds(network, address)]
            if shunned:
                yield Finding(
                    False,
                    f"do-not-query-address: {network}: Unbound would never ask the resolver IP "
                    f"{shunned[0]} (SERVFAIL)",
                    "replace it by networks that leave the VPC's out",
                )

    def _beyond_reach(self, pid: int | None, *, swapped: bool) -> Iterator[Finding]:
        """Yield the files that Unbound cannot read at a reload: it ends because of such a file. At
        its start it reads as root, at a reload as its own user and within its chroot. The swap
        mends the mode of our file."""
        root = next(iter(self.option("chroot")), "")
        if root and not self.fragment.is_relative_to(root):
            yield Finding(
                False,
                f"{self.fragment} lies outside of the chroot {root}: Unbound would end at a reload",
                f"move it to below {root}, and set `fragment` under [unbound]",
            )
        hindrance = _unreadable(pid, self.fragment) if pid else None
        if hindrance and (swapped or hindrance != self.fragment):
            yield Finding(
                False,
                f"the user of Unbound may not read {hindrance}: Unbound would end at a reload",
                f"chmod o+{'r' if hindrance == self.fragment else 'x'} {hindrance}",
            )
        if pid and confining(pid) and not may_read(PROFILE, self.fragment):
            yield Finding(
                False,
                f"AppArmor does not let Unbound read {self.fragment}: it would end at a reload",
                f"move it to below /etc/unbound, or add `{self.fragment} r,` to "
                f"/etc/apparmor.d/local/{PROFILE}, then reload that profile",
            )


def forwarding_in(text: str, place: str) -> Forwarding:
    """Return the forwarding of our file, which has one port. Raises CheckFailed."""
    targets: dict[str, list[str]] = {}
    ports: set[str] = set()
    for clause in CLAUSE.finditer(text):
        lines = [line.strip().partition(": ") for line in clause[1].splitlines()]
        values = {key: value.strip('"') for key, _, value in lines}
        addresses = tuple(value for key, _, value in lines if key == "forward-addr")
        zone = plain(values.get("name", ""))
        # The checker accepts a zone without forwarders.
        if values.get("forward-first") != "no" or not addresses:
            raise CheckFailed(
                f"{place}: forward-zone {zone} has no forward-addr, or lacks `forward-first: no`",
                WROTE_ANEW,
            )
        targets[zone] = [address.partition("@")[0] for address in addresses]
        ports |= {address.partition("@")[2] for address in addresses}
    if len(ports) > 1:
        raise CheckFailed(f"{place}: its forwarders have different ports", WROTE_ANEW)
    return forwarding_to(targets, place, int(next(iter(ports), "") or DNS_PORT))


def _unreadable(pid: int, path: Path) -> Path | None:
    try:
        return Process(pid).unreadable(path)
    except OSError:
        return None  # it ended just now, or there is no such file: said elsewhere
