"""Knot Resolver 5 (measured with 5.6), by a Lua file that kresd.conf runs with `dofile`.

What is known of it, each measured:
- The configuration is a program. A control socket runs more of it in a kresd that works, so a
  change needs no restart, and loses no question: our file takes out the policies that it added
  before, and adds others. Each process is told.
- It has no checker. A file is compiled by a kresd that runs, not run: what fails only when it is
  run is seen at the next start.
- All processes keep one cache, which outlives a restart. `cache.clear(name)` forgets what is at and
  below a name in it.
- A silent forwarder costs two seconds, again and again; the SERVFAIL of a failing one is handed on,
  although the other would answer.
- The module rebinding refuses private addresses, and knows no exemption for a name.
Knot Resolver 6 has another configuration and another control: it is not supported.
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
from ecs_anywhere_dns.servers.knot.configuration import problems_of, reads
from ecs_anywhere_dns.servers.knot.control import KnotControl, quoted
from ecs_anywhere_dns.servers.knot.findings import findings_of, hindrances_of
from ecs_anywhere_dns.servers.knot.lines import read_fragment, text_for
from ecs_anywhere_dns.servers.mark import ipv4_among, mark_of
from ecs_anywhere_dns.servers.starting import start_if_down

LOADED = """(function()
 local ours, there = ecs_anywhere_dns or {}, {}
 for place in ipairs(ours.rules or {}) do
  there[place] = policy.rules[place] and policy.rules[place].id or 0
 end
 return { mark = ours.mark or '', rules = ours.rules or {}, first = there }
end)()""".replace("\n", " ")
"""The mark of what is loaded, the ids of our rules, and the ids of as many that come first."""
CLEARED_AT_ONCE = 100_000
"""Records; what is left is cleared a little later."""


@dataclass(frozen=True)
class Knot:
    name = "knot"
    title = "Knot Resolver"
    uses_other_when_silent = False
    reload_patience = 15.0

    region: str
    address: str
    port: int
    configuration: Path = Path("/etc/knot-resolver/kresd.conf")
    fragment: Path = Path("/etc/knot-resolver/ecs-anywhere.lua")
    control: Path = Path("/run/knot-resolver/control")
    start: tuple[str, ...] = ("systemctl", "start", "kresd@1")

    @property
    def privileges(self) -> Mapping[str, str]:
        return {}

    @property
    def running(self) -> KnotControl:
        return KnotControl(self.control)

    @property
    def include(self) -> str:
        return f"dofile('{self.fragment}')"

    def fragments(self, forwarding: Forwarding) -> tuple[Fragment, ...]:
        """Return our file. Raises CheckFailed for a zone, an address or a label that is none."""
        return (Fragment(self.fragment, text_for(harmless(forwarding))),)

    def is_running(self) -> bool:
        return self.running.is_running()

    def check_fragments(self, fragments: Sequence[Fragment], scratch: Path) -> None:  # noqa: ARG002
        for fragment in fragments:
            read_fragment(fragment.text, str(fragment.path))
            refused = self.running.compile_error(fragment.text, str(fragment.path))
            if refused:
                raise CheckFailed(f"kresd would refuse our file: {refused}", "report this defect")

    def hindrances(self, intended: Forwarding) -> Iterator[Finding]:
        yield from problems_of(self)
        if not intended.is_none and self.is_running():
            yield from hindrances_of(self, intended)

    def sources(self) -> tuple[str, ...]:
        return ipv4_among(str(said) for said in self.running.values_of("net.outgoing_v4() or ''"))

    def check_configuration(self) -> None:
        self.on_disk()
        for problem in problems_of(self):
            raise CheckFailed(problem.what, problem.cure)

    def reload(self) -> None:
        try:
            self.running.values_of(f"dofile({quoted(str(self.fragment))}) or true")
        except ReloadFailed as problem:
            raise NotTaken(problem.message, problem.cure) from None

    def check_effective(self, forwarding: Forwarding) -> None:
        wanted = "" if forwarding.is_none else mark_of(forwarding)
        for loaded in self.running.values_of(LOADED):
            if loaded["mark"] != wanted:
                raise ReloadFailed(
                    f"kresd has not loaded {self.fragment} as it is", "look at the log of kresd"
                )
            # An empty table of Lua is an object in JSON.
            if list(loaded["rules"]) != list(loaded["first"]):
                raise ReloadFailed(
                    "a policy was put before ours, and may answer our names",
                    "`ecs-anywhere-dns apply` puts ours first again; whatever adds policies to a "
                    "kresd that runs has to add them at the end",
                )

    def flush(self, names: Iterable[str]) -> None:
        for name in names:
            self.running.values_of(
                f"cache.clear({quoted(f'{name}.')}, false, nil, {CLEARED_AT_ONCE})"
            )

    def revive(self) -> None:
        start_if_down(self, "kresd")

    def includes(self) -> tuple[Include, ...]:
        if reads(self.configuration, self.fragment):
            return ()
        return (Include(self.configuration, self.include),)

    def forwarded(self) -> Forwarding:
        """Return what our files on the disk forward. Raises CheckFailed."""
        return self.on_disk()

    def findings(self, applied: Forwarding | None, intended: Forwarding) -> tuple[Finding, ...]:
        return tuple(findings_of(self, applied, intended))

    def on_disk(self) -> Forwarding:
        """Return the forwarding of our file. Raises CheckFailed."""
        state_of(self.fragment)
        try:
            return read_fragment(text_of(self.fragment), str(self.fragment))
        except (OSError, ValueError) as error:
            raise CheckFailed(
                f"{self.fragment}: {reason_of(error)}", "`ecs-anywhere-dns apply` writes it anew"
            ) from None

    def forwarding_if_readable(self) -> Forwarding:
        """Return the forwarding of our file; an empty one where it is missing or damaged."""
        try:
            return self.on_disk()
        except CheckFailed:
            return NOTHING
