"""The values that this host remembers: forwardings that were applied, a switch that was begun,
documents that it distrusts, the duty of a standby. `forms` writes them as JSON, `state` keeps the
files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.forwarding import NOTHING, Forwarding, merged
from ecs_anywhere_dns.memory.files import FileState
from ecs_anywhere_dns.outcome import BadUsage

ONLY = ""
"""The key in place of a VPC's id: the only VPC of this host, in records that do not name it."""
FOUND = "found-"
"""The begin of a key in place of a VPC's id: what our files forwarded when nothing was remembered
of it, by the forwarders."""
NOTHING_APPLIED = "nothing was applied here"
FOLLOW_FIRST = "follow the publication first: `ecs-anywhere-dns apply`"
"""The cure of it."""


@dataclass(frozen=True)
class Last:
    """The part of one VPC's publication that was applied."""

    document: str = ""
    """The text of the document; empty where none was applied, or a person took it back."""
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
        """Return whether a document of generation `newest` is known to be another one than the
        applied."""
        return self.newest_checksum not in ("", document.checksum)

    def without_document(self) -> Last:
        """Return what stays known where a person took the forwarding back."""
        return replace(self, document="", forwarding=NOTHING)


@dataclass(frozen=True)
class Applied:
    """The forwarding of this host's DNS server, as far as this tool applied it."""

    run: str = ""
    server: str = ""
    """The kind of DNS server, such as `bind`."""
    vpcs: Mapping[str, Last] = field(default_factory=dict)
    """The applied part of each VPC. No zone is forwarded for two of them."""
    at: str = ""
    before: tuple[FileState, ...] = ()
    """The fragments as they were before, for `rollback`."""
    before_that: Mapping[str, Any] | None = None
    """The `Applied` that they belong to, one step back."""

    @property
    def forwarding(self) -> Forwarding:
        """Return all that is forwarded, of every VPC."""
        parts = [last.forwarding for _, last in sorted(self.vpcs.items())]
        return merged(parts) if parts else NOTHING

    @property
    def written(self) -> frozenset[Path]:
        """Return the paths of the files that the last switch wrote."""
        return frozenset(file.path for file in self.before)

    def of(self, vpc: str) -> Last:
        """Return what was applied of this VPC."""
        return self.vpcs.get(vpc) or Last()

    def with_last(self, vpc: str, last: Last) -> Applied:
        """Return the same with this of the VPC."""
        return replace(self, vpcs={**self.vpcs, vpc: last})

    def check_server(self, server: str) -> None:
        """Check that the server is the one that forwards for us. Raises BadUsage for another one:
        the former would keep a forwarding that nobody looks after."""
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
    """The reload was begun: the running server may have the new files."""


@dataclass(frozen=True)
class Distrust:
    """A document that shall not be applied again just like that."""

    checksum: str = ""
    by_hand: bool = False
    """A person rolled it back; otherwise it failed after the reload, `failures` times."""
    failures: int = 0
    at: str = ""
    why: str = ""
    """The last failure in words, for the reports of runs in which the document rests."""


@dataclass(frozen=True)
class Duty:
    """The duty of a standby: whether it serves in the place of another VPC, and how that VPC has
    answered since."""

    serving: bool = False
    since: str = ""
    good: int = 0
    """Looks, one after the other, in which the other VPC answered again."""
    looked: str = ""
    """The time of the last look."""
    went: tuple[str, ...] = ()
    """The times of the last day at which it began to serve, or a way back failed."""
    first: str = ""
    """The other VPC; empty: not known, as in what an older version wrote."""

    def for_vpc(self, first: str) -> Duty:
        """Return the duty if it is one for this VPC, else a new one."""
        return self if self.first in ("", first) else Duty()
