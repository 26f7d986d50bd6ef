"""Infoblox NIOS: forward zones of a Grid, by its WAPI."""

from ecs_anywhere_dns.servers.infoblox.server import Infoblox

__all__ = ["Infoblox"]
