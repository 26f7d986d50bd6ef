"""systemd-resolved from 258 on: the resolver of one host, by delegates of its own."""

from ecs_anywhere_dns.servers.resolved.server import Resolved

__all__ = ["Resolved"]
