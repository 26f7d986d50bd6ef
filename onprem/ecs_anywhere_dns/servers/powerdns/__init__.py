"""PowerDNS Recursor."""

from __future__ import annotations

from ecs_anywhere_dns.servers.powerdns.server import PowerDns

__all__ = ["PowerDns"]
