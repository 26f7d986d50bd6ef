"""The findings of `doctor` about Knot Resolver."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.outcome import CheckFailed, ReloadFailed
from ecs_anywhere_dns.servers.contract import Finding
from ecs_anywhere_dns.servers.knot.configuration import unreadable
from ecs_anywhere_dns.servers.knot.control import CURE
from ecs_anywhere_dns.servers.knot.policies import overruled

if TYPE_CHECKING:
    from ecs_anywhere_dns.servers.knot.server import Knot

_RENUMBERED = """(function()
 if not renumber then return false end
 local _, add = debug.getupvalue(renumber.config, 1)
 local name, rules = debug.getupvalue(add, 1)
 local place = 1
 while name and name ~= 'prefixes_global' do
  place = place + 1
  name, rules = debug.getupvalue(add, place)
 end
 local record = { type = kres.type.A, rdata = kres.str2ip('ADDRESS'), owner = '' }
 for _, rule in ipairs(rules or {}) do
  if rule[2] and renumber.match_subnet(rule[1], rule[2], rule[4], record) then return true end
 end
 return false
end)""".replace("\n", " ")
"""A function that tells whether the module renumber changes an address. Its rules are kept where
only the debugger of Lua finds them (5.6); where it does not, nothing is said."""
RENUMBERED = f"({{pcall({_RENUMBERED})}})[2] == true"

NEEDED = {"policy": "our file is written for", "iterate": "asks other servers"}
"""The modules that kresd forwards with; it loads them by itself, unless they are unloaded."""


def findings_of(
    server: Knot, applied: Forwarding | None, intended: Forwarding
) -> Iterator[Finding]:
    running = _running(server)
    yield running
    wanted = server.forwarding_if_readable() if intended.is_none else intended
    try:
        found = tuple(server.hindrances(wanted))
    except (CheckFailed, ReloadFailed) as refused:
        yield Finding(False, refused.message, refused.cure)
        return
    said = f"{len(wanted.zones)} zones are to stand in {server.fragment}, and nothing hinders"
    yield from found or (Finding(True, said),)
    if running.ok:
        yield from _of_what_runs(server, applied)


def hindrances_of(server: Knot, intended: Forwarding) -> Iterator[Finding]:
    """Yield the settings of the running kresd that keep our names from being answered. Raises
    ReloadFailed."""
    yield from unreadable(server)
    for said in server.running.values_of("package_version()"):
        if not str(said).startswith("5."):
            yield Finding(
                False,
                f"Knot Resolver {said} runs, and this tool knows only version 5",
                "`ecs-anywhere-dns render --server unbound` shows zones and addresses; add them "
                "by hand to `forward:` of its configuration",
            )
    if not all(server.running.values_of("net.ipv4")):
        yield Finding(
            False,
            "net.ipv4 is false: kresd would never ask the resolver IPs, which are IPv4 (SERVFAIL)",
            "take `net.ipv4 = false` out of its configuration, then restart kresd",
        )
    for address in intended.forwarders:
        if any(server.running.values_of(RENUMBERED.replace("ADDRESS", address))):
            yield Finding(
                False,
                f"the module renumber puts other addresses in the place of the VPC's, as of "
                f"{address}",
                "leave the VPC's networks out of `renumber.config`, then restart kresd",
            )
            break
    yield from _of_modules(server.running.values_of("modules.list()"))
    if all(server.running.values_of("policy ~= nil")):
        yield from overruled(server.running, intended, server.address)


def _of_modules(of_each: Iterable[Collection[str]]) -> Iterator[Finding]:
    """Yield what is wrong with the modules that the processes have."""
    lists = tuple(of_each)
    for name, need in NEEDED.items():
        if not all(name in modules for modules in lists):
            yield Finding(
                False,
                f"the module {name} is not loaded, which {need}",
                f"take `modules.unload('{name}')` out of its configuration, then restart kresd",
            )
    if any("rebinding" in modules for modules in lists):
        yield Finding(
            False,
            "the module rebinding refuses the private addresses of our names, and knows no "
            "exemption",
            "take 'rebinding < iterate' out of modules, then restart kresd",
        )


def _running(server: Knot) -> Finding:
    try:
        versions = {str(said) for said in server.running.values_of("package_version()")}
    except ReloadFailed as problem:
        return Finding(False, problem.message, CURE)
    pids = ", ".join(str(pid) for pid in server.running.pids())
    return Finding(True, f"Knot Resolver {', '.join(versions)} runs, and answers (pid {pids})")


def _of_what_runs(server: Knot, applied: Forwarding | None) -> Iterator[Finding]:
    try:
        for modules in server.running.values_of("modules.list()"):
            for name in ("view", "renumber"):
                if name in modules:
                    yield Finding(
                        True,
                        f"the module {name} is there: clients that it treats otherwise are not "
                        "asked for by this tool",
                    )
        if applied is not None:
            server.check_effective(applied)
            yield Finding(True, "kresd has loaded what was applied last")
    except ReloadFailed as problem:
        yield Finding(False, problem.message, problem.cure)
