"""Knot Resolver 5: a Lua file of ours, which kresd runs at its start and after each change."""

from ecs_anywhere_dns.servers.knot.server import Knot

__all__ = ["Knot"]
