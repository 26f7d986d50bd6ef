"""VPCs that stand on what this same stack made for another VPC: a hub that goes takes their names
with it (docs/decisions/0061-a-hub-that-others-stand-on.md)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from connectivity.domain.ledger import Entry


@dataclass(frozen=True)
class Spoke:
    """A connected VPC, and what it uses of the hub."""

    vpc_id: str
    uses: tuple[str, ...]
    """Ids of interface endpoints, and of the inbound resolver."""

    def __str__(self) -> str:
        return f"{self.vpc_id} ({', '.join(self.uses)})"


def spokes_on(hub: str, ids: Collection[str], entries: Iterable[Entry]) -> tuple[Spoke, ...]:
    """Return the VPCs other than `hub` that were verified and published with some of these `ids`,
    by their own ids."""
    found = (
        Spoke(entry.vpc_id, tuple(sorted({*entry.served.adopted.values()} & {*ids})))
        for entry in entries
        if entry.vpc_id != hub and entry.served.wish
    )
    return tuple(sorted((spoke for spoke in found if spoke.uses), key=lambda s: s.vpc_id))
