"""FreeIPA and Red Hat IdM: forward zones of their integrated DNS, by the JSON-RPC API."""

from ecs_anywhere_dns.servers.freeipa.server import FreeIpa

__all__ = ["FreeIpa"]
