"""Knot Resolver 5: a Lua file of ours, which kresd reads at its start and when it is told to."""

from ecs_anywhere_dns.servers.knot.server import Knot

__all__ = ["Knot"]
