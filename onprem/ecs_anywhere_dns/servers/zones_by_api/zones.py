"""Forward zones as an API has them, and the port to such an API."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ecs_anywhere_dns.servers.mark import lies_within


@dataclass(frozen=True)
class Zone:
    """One zone that the DNS server has."""

    name: str
    """Lower case, without a final dot."""
    reference: str
    """The key of the zone in the API."""
    is_forward: bool = False
    forwarders: frozenset[str] = frozenset()
    """IPv4 addresses."""
    is_only: bool = False
    """The mode "forward only": no other server is asked where no forwarder answers."""
    is_active: bool = True
    is_served: bool = True
    """The zone is served by every DNS server that has to serve it."""
    is_marked: bool = True
    """The zone has our comment, where the API has comments."""

    @property
    def may_be_deleted(self) -> bool:
        """Return whether the zone is of the kind that we make. A zone with data is another user's,
        even by the name of one of ours."""
        return self.is_forward and self.is_marked

    def forwards(self, forwarders: Collection[str]) -> bool:
        """Return whether the zone forwards to these servers only."""
        is_in_force = self.is_forward and self.is_only and self.is_active and self.is_served
        return is_in_force and self.forwarders == frozenset(forwarders)

    def answers_for(self, zone: str) -> bool:
        """Return whether this zone may answer names of `zone`: it is that zone, or lies below it;
        or it has data, and lies above it."""
        below = lies_within(self.name, zone)
        return below or (not self.is_forward and lies_within(zone, self.name))


class ZoneApi(Protocol):
    """The API of a DNS server. Each call raises ReloadFailed where it is not answered, or refused,
    and CheckFailed where this host may not ask it."""

    def zones(self) -> Sequence[Zone]:
        """Return every zone, of whatever kind."""
        ...

    def create(self, zone: str, forwarders: Sequence[str]) -> None: ...

    def change(self, zone: Zone, forwarders: Sequence[str]) -> None: ...

    def delete(self, zone: Zone) -> None: ...

    def put_in_force(self) -> None:
        """Make the DNS servers load the changes, and wait until they have."""
        ...

    def forget(self, names: Iterable[str]) -> None:
        """Flush the caches of the DNS servers at and below `names`."""
        ...
