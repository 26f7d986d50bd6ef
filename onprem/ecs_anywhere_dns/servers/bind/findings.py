"""The findings of `doctor` about BIND."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.outcome import CheckFailed, ReloadFailed
from ecs_anywhere_dns.servers.apparmor import confining, may_read
from ecs_anywhere_dns.servers.bind.named_conf import View, find
from ecs_anywhere_dns.servers.bind.views import covers, shadows_below
from ecs_anywhere_dns.servers.contract import Finding
from ecs_anywhere_dns.subprocesses import run

if TYPE_CHECKING:
    from ecs_anywhere_dns.servers.bind import Bind

PROFILE = "usr.sbin.named"
PID_FILE = "/run/named/named.pid"
"""Debian's default."""


def findings_of(
    server: Bind, applied: Forwarding | None, intended: Forwarding
) -> Iterator[Finding]:
    yield _installed(server)
    yield _running(server)
    try:
        views = server.disk.views()
        wanted = server.disk.on_disk() if intended.is_none else intended
        found = tuple(server.hindrances(wanted))
    except CheckFailed as problem:
        yield Finding(False, problem.message, problem.cure)
        return
    yield from found or (Finding(True, _unhindered(wanted)),)
    for view in views:
        yield from _of_view(view, wanted)
    yield from _loaded(server, applied)
    yield from _readable(server, views)


def _installed(server: Bind) -> Finding:
    ran = run(*server.disk.checker, "-v")
    if not ran.ok:
        return Finding(False, ran.said, "install bind9-utils, or set checkconf under [bind]")
    return Finding(True, f"named-checkconf {ran.output.strip()}")


def _running(server: Bind) -> Finding:
    try:
        return Finding(True, f"named runs, and answers rndc: {server.control.status().version}")
    except ReloadFailed as problem:
        return Finding(
            False,
            problem.message,
            "start named; rndc needs `controls` in named.conf, and a key: `rndc-confgen -a`",
        )


def _unhindered(intended: Forwarding) -> str:
    if intended.is_none:
        return "nothing is to be forwarded, so nothing can be in its way"
    return f"{len(intended.zones)} zones are to be forwarded, and nothing in the way is seen"


def _of_view(view: View, wanted: Forwarding) -> Iterator[Finding]:
    if not view.recurses:
        yield Finding(True, f"{view.title} does no recursion: its clients are not forwarded")
        return
    if view.label:
        yield Finding(True, f"{view.title} does recursion, and has to include our zones")
    yield _validation(view, wanted)
    yield from shadows_below(view, wanted)
    yield from _synthesis(view)
    policy = view.option("response-policy")
    if policy is not None:
        yield Finding(
            True,
            f"{view.title} has response policies ({', '.join(s.value for s in policy.block)}): "
            "they must not rewrite our names",
        )


def _synthesis(view: View) -> Iterator[Finding]:
    dns64 = view.option("dns64")
    if dns64 is not None and find(dns64.block, "mapped") is None:
        yield Finding(
            True,
            f"{view.title} has dns64: for its clients it makes IPv6 addresses from private ones",
        )


def _validation(view: View, wanted: Forwarding) -> Finding:
    if not view.validates:
        return Finding(True, f"{view.title} does not validate DNSSEC")
    bare = [zone for zone in wanted.zones if not covers(view.exempt, zone)]
    said = "not all of our zones are exempt yet" if bare else "our zones are exempt from it"
    # With its cure among the hindrances, where it is one.
    return Finding(True, f"{view.title} validates DNSSEC; {said}")


def _loaded(server: Bind, forwarding: Forwarding | None) -> Iterator[Finding]:
    if forwarding is None or not server.is_running():
        return
    try:
        server.check_effective(forwarding)
        yield Finding(True, "named has read what was applied last")
    except ReloadFailed as problem:
        yield Finding(False, problem.message, problem.cure)


def _readable(server: Bind, views: Sequence[View]) -> Iterator[Finding]:
    """Yield the files that named may not read: it would keep the former configuration, with an
    error."""
    pid = _pid(views)
    if pid is None or not confining(pid):
        yield Finding(True, "named is not confined by AppArmor, as far as can be seen")
        return
    for path in (server.zones, server.options):
        if not may_read(PROFILE, path):
            yield Finding(
                False,
                f"AppArmor does not let named read {path}",
                f"move it to /etc/bind, or add `{path} r,` to /etc/apparmor.d/local/{PROFILE}, "
                "then reload that profile with apparmor_parser -r",
            )


def _pid(views: Sequence[View]) -> int | None:
    said = next((view.option("pid-file") for view in views), None)
    try:
        return int(Path(said.value if said else PID_FILE).read_text())
    except (OSError, ValueError):
        return None
