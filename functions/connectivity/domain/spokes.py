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


def lost_hubs(ids: Collection[str], hubs: Iterable[Entry]) -> Iterator[str]:
    """Yield why these `ids` may not be used: each of the VPCs `hubs` for which some of them were
    made, and which is being removed, or is not connected. Nobody would keep them for a spoke."""
    for hub in sorted(hubs, key=lambda entry: entry.vpc_id):
        used = sorted({*hub.held.values()} & {*ids})
        is_going = bool(hub.withdrawn_at or hub.removing)
        if not used or (hub.served.wish and not is_going):
            continue
        state = "is being removed" if is_going else "is not connected"
        yield (
            f"{', '.join(used)} would be used, and what was made for {hub.vpc_id} {state} - "
            f"connect {hub.vpc_id}, or wait until it is removed and ask again"
        )
