"""The values that this host remembers: forwardings that were applied, a switch that was begun,
documents that it distrusts, the duty of a standby. `forms` writes them as JSON, `state` keeps the
files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.forwarding import NOTHING, Forwarding, together
from ecs_anywhere_dns.memory.files import FileState
from ecs_anywhere_dns.outcome import BadUsage

ONLY = ""
"""In place of a VPC's id: the only one that this host followed, where nothing says its name."""


@dataclass(frozen=True)
class Last:
    """The part of one VPC's publication that was applied."""

    document: str = ""
    """Its text; empty where nothing was applied, or a person took it back."""
    known: str = ""
    """The last document that named addresses: where Parameter Store was to be found."""
    newest: int = 0
    """The highest generation that was ever applied."""
    newest_checksum: str = ""
    """The checksum of the document with that generation; empty where it is not known."""
    forwarding: Forwarding = NOTHING
    """The part of it in what this host forwards."""
    at: str = ""

    def is_another(self, document: Document) -> bool:
        """Whether this document of generation `newest` is known to be not the one applied."""
        return self.newest_checksum not in ("", document.checksum)

    def without_document(self) -> Last:
        """Return what stays known where a person took the forwarding back."""
        return replace(self, document="", forwarding=NOTHING)


@dataclass(frozen=True)
class Applied:
    """The forwarding of this host's DNS server, as far as this tool applied it."""

    run: str = ""
    server: str = ""
    """Which kind of DNS server."""
    vpcs: Mapping[str, Last] = field(default_factory=dict)
    """What was applied of each VPC. No zone is forwarded for two of them."""
    at: str = ""
    before: tuple[FileState, ...] = ()
    """The fragments as they were before, for `rollback`."""
    before_that: Mapping[str, Any] | None = None
    """The `Applied` that they belong to, one step back."""

    @property
    def forwarding(self) -> Forwarding:
        """Return all that is forwarded, of every VPC."""
        parts = [last.forwarding for _, last in sorted(self.vpcs.items())]
        return together(parts) if parts else NOTHING

    def of(self, vpc: str) -> Last:
        """Return what was applied of this VPC."""
        return self.vpcs.get(vpc) or Last()

    def with_last(self, vpc: str, last: Last) -> Applied:
        """Return the same with this of the VPC."""
        return replace(self, vpcs={**self.vpcs, vpc: last})

    def check_server(self, server: str) -> None:
        """Raises BadUsage where it is another one than before: that would be left with a
        forwarding that nobody looks after."""
        if self.server not in ("", server) and not self.forwarding.is_none:
            raise BadUsage(
                f"server is {server!r}, and {self.server} still forwards for us",
                f"with server = {self.server!r} as before: `ecs-anywhere-dns rollback --to-none`; "
                "then change it",
            )


@dataclass(frozen=True)
class Journal:
    """A switch that was begun."""

    run: str
    before: tuple[FileState, ...]
    zones: tuple[str, ...]
    """Every zone and name whose answers may have changed: what to flush."""
    reloading: bool = True
    """Whether a reload was begun, so that the running server may have the new files."""


@dataclass(frozen=True)
class Distrust:
    """A document that shall not be applied again just like that."""

    checksum: str = ""
    by_hand: bool = False
    """A person rolled it back; otherwise it failed after the reload, `failures` times."""
    failures: int = 0
    at: str = ""
    why: str = ""
    """How it failed the last time: the runs that let it rest do not see it themselves."""


@dataclass(frozen=True)
class Duty:
    """Whether a standby serves in the place of another VPC, and what was seen of that since."""

    serving: bool = False
    since: str = ""
    good: int = 0
    """Looks, one after the other, in which the other VPC answered again."""
    looked: str = ""
    """When the last one of them was."""
    went: tuple[str, ...] = ()
    """When it began to serve, and when a way back failed: each time of the last day."""
    first: str = ""
    """The other VPC; empty: not known, as in what an older version wrote."""

    def for_vpc(self, first: str) -> Duty:
        """Return the duty if it is one for this VPC, else a new one."""
        return self if self.first in ("", first) else Duty()
