"""Infoblox NIOS, by the WAPI of the Grid Master (2.x, from NIOS 8). Written by its reference, and
tested on a model of it with BIND behind; never run with a Grid.

What its reference says, and the model does:
- A zone that was changed is in force when the DNS service was restarted, which RESTART_IF_NEEDED
  does where it has to be. Until then `restartservicestatus` says so for each member.
- A forward zone is served by the members that it names, each of which may override its forwarders.
- The cache is forgotten for each member by `clear_dns_cache` of its `member:dns`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ecs_anywhere_dns.outcome import CheckFailed
from ecs_anywhere_dns.servers.infoblox.wapi import RESTART_PATIENCE, Grid, Wapi
from ecs_anywhere_dns.servers.zones_by_api.https import PATIENCE, Https, password_in
from ecs_anywhere_dns.servers.zones_by_api.server import ZonesByApi


@dataclass(frozen=True)
class Infoblox(ZonesByApi):
    name = "infoblox"
    title = "Infoblox"
    reload_patience = RESTART_PATIENCE + PATIENCE

    password_file: Path = Path("/etc/ecs-anywhere-dns/infoblox.password")
    zones_file: Path = Path("/etc/ecs-anywhere-dns/infoblox.zones")
    view: str = "default"
    members: tuple[str, ...] = ()
    """Grid members that serve the zones, by their host names."""

    def api(self) -> Wapi:
        for key in ("url", "user", "members"):
            if not getattr(self, key):
                raise CheckFailed(
                    f"[infoblox] has no {key}",
                    'add it, as in url = "https://grid.example.com/wapi/v2.12", user = "ecs-dns", '
                    'members = ["dns1.example.com"]',
                )
        session = Https(self.url.rstrip("/"), self.ca_file, self.name)
        password = password_in(self.password_file, self.name)
        return Wapi(session, (self.user, password), Grid(self.view, self.members))
