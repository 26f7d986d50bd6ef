"""Unbound."""

from __future__ import annotations

from ecs_anywhere_dns.servers.unbound.server import Unbound

__all__ = ["Unbound"]
