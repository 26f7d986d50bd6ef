"""VPCs that stand on what this same stack made for another VPC: a hub that goes takes their names
with it (docs/decisions/0061-a-hub-that-others-stand-on.md)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
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


def spokes_on(
    hub: str, ids: Collection[str], adopted: Mapping[str, frozenset[str]]
) -> tuple[Spoke, ...]:
    """Return the VPCs other than `hub` that were verified and published with some of these `ids`,
    by their own ids. `adopted` is VPC id -> ids of all that the VPC uses and has not made."""
    found = (
        Spoke(vpc_id, tuple(sorted(used.intersection(ids))))
        for vpc_id, used in sorted(adopted.items())
        if vpc_id != hub
    )
    return tuple(spoke for spoke in found if spoke.uses)


def lost_hubs(vpc_id: str, ids: Collection[str], entries: Iterable[Entry]) -> Iterator[str]:
    """Yield why the VPC may not use these `ids`: each other VPC for which some of them were made,
    and which is being removed, or is not connected. Nobody would keep them for a spoke."""
    for entry in sorted(entries, key=lambda e: e.vpc_id):
        used = sorted({*entry.held.values()} & {*ids})
        if entry.vpc_id == vpc_id or not used or _is_kept(entry):
            continue
        is_going = entry.withdrawn_at or entry.removing
        state = "is being removed" if is_going else "is not connected"
        yield (
            f"{', '.join(used)} would be used, and what was made for {entry.vpc_id} {state} - "
            f"connect {entry.vpc_id}, or wait until it is removed and ask again"
        )


def _is_kept(hub: Entry) -> bool:
    return bool(hub.served.wish) and not hub.withdrawn_at and not hub.removing
