"""A port for the settings of PowerDNS Recursor, which have two forms: the old style, and YAML."""

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
        """Return the path of our fragment with the exemptions from validation. Raises
        CheckFailed."""
        ...

    def fragment(self, forwarding: Forwarding) -> Fragment:
        """Return our fragment with the exemptions from validation. Raises CheckFailed."""
        ...

    def exempt_in(self, text: str) -> list[str]:
        """Return the zones in the text of that fragment. Raises CheckFailed where it is not as we
        write it."""
        ...

    def in_force(self) -> Configuration:
        """Return the settings that are in force. Raises CheckFailed where they cannot be read."""
        ...

    def check_read(self, tested: Ran) -> None:
        """Check the output of the Recursor's own check. Raises CheckFailed where it shows an error,
        or that our file is not read."""
        ...

    def problems(self, disk: Configuration, *, swapped: bool) -> Iterator[Finding]:
        """Yield every reason why our fragments would not be read. `swapped`: they are on the disk
        already."""
        ...

    def includes(self, disk: Configuration) -> tuple[Include, ...]:
        """Return the lines that are missing. Raises CheckFailed."""
        ...

    def not_included(self, disk: Configuration) -> Finding: ...
