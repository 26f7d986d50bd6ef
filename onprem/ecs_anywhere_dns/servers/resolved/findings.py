"""The findings of `doctor` about systemd-resolved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.outcome import CheckFailed, ReloadFailed
from ecs_anywhere_dns.servers.contract import Finding
from ecs_anywhere_dns.servers.mark import lies_within
from ecs_anywhere_dns.servers.resolved.status import FIRST_VERSION

if TYPE_CHECKING:
    from ecs_anywhere_dns.servers.resolved.server import Resolved

ANOTHER_WAY = (
    "let this host ask a DNS server that this tool configures, as Unbound on this host or a DNS "
    "server of the site"
)


def findings_of(
    server: Resolved, applied: Forwarding | None, intended: Forwarding
) -> Iterator[Finding]:
    version = server.running.version()
    if not server.is_running():
        yield Finding(
            False,
            "systemd-resolved does not run, or resolvectl cannot ask it",
            "start it, or set resolvectl under [resolved]",
        )
        return
    yield Finding(True, f"systemd-resolved {version} runs, and answers resolvectl")
    wanted = server.forwarding_if_readable() if intended.is_none else intended
    try:
        found = tuple(server.hindrances(wanted))
        said = f"{len(wanted.zones)} zones are to stand in {server.delegates}, and nothing hinders"
        yield from found or (Finding(True, said),)
        yield _asked(server)
        if applied is not None:
            server.check_effective(applied)
            yield Finding(True, "systemd-resolved has loaded what was applied last")
    except (CheckFailed, ReloadFailed) as problem:
        yield Finding(False, problem.message, problem.cure)


def hindrances_of(server: Resolved, intended: Forwarding) -> Iterator[Finding]:
    """Yield the settings of the running systemd-resolved that keep our zones from their servers.
    Raises ReloadFailed."""
    version = server.running.version()
    if 0 < version < FIRST_VERSION:
        yield Finding(
            False,
            f"systemd {version} cannot send some names to other servers than all the rest: that "
            f"came with {FIRST_VERSION}",
            ANOTHER_WAY,
        )
        return
    status = server.running.status()
    for scope in status.others:
        where = f"the link or delegate {scope.name}" if scope.name else "resolved.conf"
        for domain in sorted(scope.domains):
            taken = [zone for zone in intended.zones if lies_within(domain, zone)]
            if taken:
                yield Finding(
                    False,
                    f"{where} has the domain {domain}: it is asked for names of {taken[0]} as well",
                    "take that domain out there",
                )
        if not scope.name and scope.over_tls:
            yield Finding(
                False,
                "DNSOverTLS=yes holds for delegates as well, and the resolver IPs answer plain DNS",
                "set DNSOverTLS=opportunistic in resolved.conf, or yes only for single links",
            )


def _asked(server: Resolved) -> Finding:
    """Return the finding whether the programs of this host ask systemd-resolved."""
    mode = server.running.status().resolv_conf
    return Finding(
        mode in {"stub", "static", ""},
        f"/etc/resolv.conf leads to systemd-resolved ({mode})"
        if mode in {"stub", "static"}
        else f"/etc/resolv.conf does not lead to systemd-resolved ({mode}): programs ask others",
        "ln -sf ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf",
    )
