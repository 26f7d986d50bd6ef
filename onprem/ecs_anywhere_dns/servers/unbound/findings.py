"""The findings of `doctor` about Unbound."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.outcome import CheckFailed, ReloadFailed
from ecs_anywhere_dns.servers.contract import Finding
from ecs_anywhere_dns.servers.mark import lies_within
from ecs_anywhere_dns.servers.unbound.answers import replaced, tagged
from ecs_anywhere_dns.servers.unbound.shadows import PASSING, below, blocking
from ecs_anywhere_dns.subprocesses import run

if TYPE_CHECKING:
    from ecs_anywhere_dns.servers.unbound import Unbound

SCRIPTS = ("python", "dynlib")
"""Modules of Unbound that run a program of the administrator's."""


def findings_of(
    server: Unbound, applied: Forwarding | None, intended: Forwarding
) -> Iterator[Finding]:
    yield _installed(server)
    running = _running(server)
    yield running
    wanted = server.forwarding_if_readable() if intended.is_none else intended
    try:
        found = tuple(server.hindrances(wanted))
    except (CheckFailed, ReloadFailed) as refused:
        yield Finding(False, refused.message, refused.cure)
        return
    yield from found or (Finding(True, _unhindered(server, wanted)),)
    yield from _protections(server, wanted, applied)
    yield from _views(server)
    if running.ok:
        yield from _of_what_runs(server, wanted, applied)


def hindrances_of(server: Unbound, intended: Forwarding) -> Iterator[Finding]:
    """Yield the administrator's settings, zones and records that answer for our names, or replace
    our forward-zones. Raises ReloadFailed."""
    lines = server.disk.lines()
    if "respip" in server.running.modules():
        yield from replaced(lines, intended.forwarders)
    yield from tagged(lines, intended.zones, server.address)
    for zone, name, kind in blocking(server.running.local_zones(), intended.zones):
        yield Finding(
            False,
            f"local-zone {name} ({kind}) answers {zone}, which is to be forwarded",
            f'remove it, or add `local-zone: "{zone}" transparent`',
        )
    for name in sorted(server.running.local_data() & set(intended.zones)):
        yield Finding(
            False,
            f"the administrator has local data for {name}, which is to be forwarded",
            "remove that local-data",
        )
    # Ours have a private-domain as well, also where our file was edited or is gone. One of the
    # administrator's with both is found by the checker after the swap, before the reload.
    ours = {*server.forwarding_if_readable().zones, *server.running.private_domains()}
    forwards = set(server.running.forwards()) - ours
    for zone in sorted(forwards & set(intended.zones)):
        yield Finding(
            False,
            f"the administrator has a forward-zone {zone}: Unbound would ignore it or ours",
            "remove that one",
        )


def _unhindered(server: Unbound, intended: Forwarding) -> str:
    return f"{len(intended.zones)} zones are to stand in {server.fragment}, and nothing hinders"


def _installed(server: Unbound) -> Finding:
    # It has no other way to tell its version, and ends with 1 after telling it.
    ran = run(*server.checkconf, "-h")
    version = next((line for line in ran.everything.splitlines() if line.startswith("Version")), "")
    if not version:
        return Finding(False, ran.said, "install unbound, or set checkconf under [unbound]")
    return Finding(True, f"unbound-checkconf {version.lower()}")


def _running(server: Unbound) -> Finding:
    ran = server.running.ask("status")
    if ran.ok:
        return Finding(True, f"Unbound runs, and answers unbound-control (pid {_pid(server)})")
    return Finding(
        False,
        f"Unbound does not answer unbound-control: {ran.said}",
        "start it; `remote-control:` needs `control-enable: yes`, and keys "
        "(`unbound-control-setup`) or a unix socket",
    )


def _pid(server: Unbound) -> str:
    return str(server.running.pid() or "unknown")


def _protections(
    server: Unbound, wanted: Forwarding, applied: Forwarding | None
) -> Iterator[Finding]:
    """Yield how validation, cachedb and rebinding protection are set, and treat our zones."""
    modules = " ".join(server.disk.option("module-config")).split()
    validates = "validator" in modules
    keys = ("auto-trust-anchor-file", "trust-anchor-file", "trust-anchor")
    anchored = any(server.disk.option(key) for key in keys)
    exempt = "our file exempts our zones from it" if wanted.zones else "nothing is to be forwarded"
    said = f"is on; {exempt}" if validates and anchored else "is off"
    yield Finding(True, f"DNSSEC validation {said}")
    if "cachedb" in modules:
        yield Finding(
            True,
            "module-config has cachedb: what its database keeps of our names is removed at a "
            "switch (Unbound 1.20 and later; else empty that database once)",
        )
    yield from _unforeseeable(server, modules, applied)
    private = server.disk.option("private-address")
    if private:
        yield Finding(True, f"rebinding protection is on ({', '.join(private)}); {exempt}")


def _unforeseeable(
    server: Unbound, modules: Collection[str], applied: Forwarding | None
) -> Iterator[Finding]:
    """Yield what may change answers, and shows only once the names are asked for. Where the
    forwarding is in force, it was seen that it changes none."""
    may_change = [f"the module {name}" for name in SCRIPTS if name in modules]
    policy = next((line for line in server.disk.lines() if line.key == "rpz"), None)
    if policy is not None and "respip" in modules:
        may_change.append(f"the response policy (rpz) at {policy.place}")
    for each in may_change:
        yield Finding(
            applied is not None,
            f"{each} may rewrite our names, or answers with the VPC's addresses",
            "see that it lets them pass (rpz: `*.amazonaws.com CNAME rpz-passthru.`); "
            "`ecs-anywhere-dns apply` tries, and puts back what was before if it does not",
        )


def _views(server: Unbound) -> Iterator[Finding]:
    for line in server.disk.option("access-control-view"):
        yield Finding(
            True,
            f"clients of access-control-view {line} are served by a view of their own, which this "
            "tool does not ask: its local-zones must not answer our names",
        )


def _of_what_runs(
    server: Unbound, wanted: Forwarding, applied: Forwarding | None
) -> Iterator[Finding]:
    try:
        yield from _shadows(server, wanted)
        if applied is not None:
            server.check_effective(applied)
            yield Finding(True, "Unbound has loaded what was applied last")
    except ReloadFailed as problem:
        yield Finding(False, problem.message, problem.cure)


def _shadows(server: Unbound, wanted: Forwarding) -> Iterator[Finding]:
    local = server.running.local_zones()
    refusing = {name for name, kind in local.items() if kind not in PASSING}
    inner = (refusing | server.running.local_data()) - set(wanted.zones)
    for name in below(inner, wanted.zones):
        yield Finding(
            False,
            f"the administrator has local data for {name}, which is to be forwarded",
            "remove that local-zone or local-data, unless it is meant so",
        )
    # The root as an auth-zone (RFC 8806) is only looked up in.
    authorities = server.running.authorities() - {"."}
    for zone in wanted.zones:
        for name in sorted(name for name in authorities if lies_within(zone, name)):
            yield Finding(
                False,
                f"auth-zone {name} may answer {zone}, which is to be forwarded",
                "remove it, or set `for-downstream: no` and `for-upstream: no` in it",
            )
    yield from _kept_from_ours(server, wanted)


def _kept_from_ours(server: Unbound, wanted: Forwarding) -> Iterator[Finding]:
    for name in below(server.running.stubs(), wanted.zones):
        yield Finding(
            False,
            f"stub-zone {name} of the administrator keeps its names from ours",
            "remove it, unless its names are to be answered from elsewhere",
        )
    forwards = set(server.running.forwards()) - set(wanted.zones)
    for name in below(forwards, wanted.zones):
        yield Finding(
            False,
            f"forward-zone {name} of the administrator keeps its names from ours",
            "remove it, unless its names are to be answered from elsewhere",
        )
