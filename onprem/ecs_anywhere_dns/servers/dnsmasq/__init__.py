"""dnsmasq."""

from __future__ import annotations

from ecs_anywhere_dns.servers.dnsmasq.server import Dnsmasq

__all__ = ["Dnsmasq"]
