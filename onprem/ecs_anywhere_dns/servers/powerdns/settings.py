"""What of PowerDNS Recursor depends on the form of its settings: the old style, or YAML."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.servers.contract import Finding, Fragment, Include
from ecs_anywhere_dns.servers.powerdns.configuration import Configuration
from ecs_anywhere_dns.subprocesses import Ran


class Settings(Protocol):
    """Settings of either form."""

    @property
    def file(self) -> Path:
        """Our fragment with the exemptions from validation. Raises CheckFailed."""
        ...

    def fragment(self, forwarding: Forwarding) -> Fragment:
        """Raises CheckFailed."""
        ...

    def exempt_in(self, text: str) -> list[str]:
        """Return the zones in such a fragment. Raises CheckFailed where it is not as written."""
        ...

    def in_force(self) -> Configuration:
        """Return what is set. Raises CheckFailed where it cannot be read."""
        ...

    def check_read(self, tested: Ran) -> None:
        """Raises CheckFailed where what the server's own check said is no success."""
        ...

    def problems(self, disk: Configuration, *, swapped: bool) -> Iterator[Finding]:
        """Yield why our fragments would not be read; `swapped`: they are there already."""
        ...

    def includes(self, disk: Configuration) -> tuple[Include, ...]:
        """Return the lines that are missing. Raises CheckFailed."""
        ...

    def not_included(self, disk: Configuration) -> Finding: ...
