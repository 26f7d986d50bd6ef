"""Windows DNS Server: a PowerShell script that a person, or a scheduled task, runs there."""

from ecs_anywhere_dns.servers.windows.renderer import Windows

__all__ = ["Windows"]
