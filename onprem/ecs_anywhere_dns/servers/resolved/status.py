"""The running systemd-resolved, as `resolvectl --json=short status` shows it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ecs_anywhere_dns.outcome import ReloadFailed
from ecs_anywhere_dns.servers.resolved.lines import DELEGATES
from ecs_anywhere_dns.subprocesses import run

FIRST_VERSION = 258
"""The first version of systemd with delegates (systemd.dns-delegate(5))."""


@dataclass(frozen=True)
class Scope:
    """A scope of systemd-resolved: its own settings, a link, or a delegate."""

    name: str
    """`eth0`, `ecs-anywhere`; empty for the settings of all."""
    domains: frozenset[str]
    servers: frozenset[tuple[str, int]]
    is_ours: bool
    over_tls: bool

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Scope:
        name = str(said.get("delegate") or said.get("ifname") or "")
        listed = said.get("searchDomains") or []
        servers = said.get("servers") or []
        return cls(
            name,
            frozenset(str(each["name"]).lower().rstrip(".") for each in listed),
            frozenset((each["addressString"], int(each.get("port", 53))) for each in servers),
            said.get("delegate") in DELEGATES,
            said.get("dnsOverTLS") == "yes",
        )


@dataclass(frozen=True)
class Status:
    scopes: tuple[Scope, ...]
    exempt: frozenset[str]
    """Negative trust anchors for all."""
    resolv_conf: str
    """The way in which /etc/resolv.conf leads to systemd-resolved: `stub`, `static`, `uplink`,
    `foreign`, `missing`."""

    @property
    def forwarded(self) -> Mapping[str, frozenset[tuple[str, int]]]:
        """Return the zones of our delegates, each with its servers."""
        return {zone: each.servers for each in self.scopes if each.is_ours for zone in each.domains}

    @property
    def others(self) -> Iterator[Scope]:
        return (each for each in self.scopes if not each.is_ours)


@dataclass(frozen=True)
class Resolvectl:
    command: tuple[str, ...]

    def version(self) -> int:
        """Return the version of systemd; 0 where it cannot be read."""
        found = re.match(r"systemd (\d+)", run(*self.command, "--version").output)
        return int(found[1]) if found else 0

    def is_running(self) -> bool:
        return run(*self.command, "status").ok

    def status(self) -> Status:
        """Return the status of systemd-resolved. Raises ReloadFailed."""
        ran = run(*self.command, "--json=short", "status")
        try:
            said = json.loads(ran.output) if ran.ok else None
        except ValueError:
            said = None
        if not isinstance(said, list):
            raise ReloadFailed(
                f"systemd-resolved does not show its status: {ran.said}",
                "start it, or set resolvectl under [resolved]",
            )
        everywhere: Mapping[str, Any] = next(
            (each for each in said if not each.get("ifname") and not each.get("delegate")), {}
        )
        return Status(
            tuple(map(Scope.from_json, said)),
            frozenset(everywhere.get("negativeTrustAnchors") or ()),
            str(everywhere.get("resolvConfMode", "")),
        )

    def flush(self) -> None:
        """Flush the whole cache. Raises ReloadFailed."""
        ran = run(*self.command, "flush-caches")
        if not ran.ok:
            raise ReloadFailed(
                f"systemd-resolved does not flush its cache: {ran.said}",
                "start it, or look at its log: `journalctl -u systemd-resolved`",
            )
