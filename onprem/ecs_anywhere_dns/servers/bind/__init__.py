"""BIND 9."""

from __future__ import annotations

from ecs_anywhere_dns.servers.bind.server import Bind

__all__ = ["Bind"]
