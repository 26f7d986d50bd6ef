"""The wish of a person who runs `init`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ecs_anywhere_dns.servers.layouts import Table
from ecs_anywhere_dns.settings import OF_HOST

KeyStep = Literal["agree", "add", "replace"]
"""The step for a public key: agree with the pinned one, add it, or replace the pinned ones."""


@dataclass(frozen=True)
class Wish:
    """The words of the command line, as they concern the configuration."""

    given: Mapping[str, Any]
    """Keys of the configuration."""
    replace_file: bool = False
    add: bool = False
    """The VPC is to be followed beside those that are followed already."""
    key_step: KeyStep = "agree"
    layout: Table = field(default_factory=dict)
    """The table of the server where this distribution is not as the defaults; for a file that is
    written anew."""

    @property
    def of_vpc(self) -> dict[str, Any]:
        """Return the given keys that are one VPC's."""
        return {key: value for key, value in self.given.items() if key not in OF_HOST}

    @property
    def of_host(self) -> dict[str, Any]:
        return {key: value for key, value in self.given.items() if key in OF_HOST}

    def anew(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Return the content of a new file."""
        server = str(content.get("server", ""))
        return {**content, **({server: dict(self.layout)} if self.layout else {})}
