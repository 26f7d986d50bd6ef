"""The hidden hosted zone of each interface endpoint's private names, and when a VPC has it.

AWS associates it some time after private DNS is turned on, and takes it away some time after
it is turned off or the endpoint is deleted (minutes, its users report). Meanwhile its names have
the addresses of nobody, and nobody else can have them; it can outlast the endpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from local.clock import Clock
from local.interface_endpoints.record import Endpoint
from local.private_dns import VpcAnswers
from local.requester_interfaces import LOCK


@dataclass
class Zones:
    """The zones that are associated with a VPC. `delay` is called at every change."""

    clock: Clock
    delay: Callable[[], float]
    answers: VpcAnswers
    _endpoints: dict[str, Endpoint] = field(default_factory=dict)
    """The owners of the zones, by the endpoints' ids."""
    _changes: dict[str, object] = field(default_factory=dict)
    """The change that is under way for an endpoint; a later one takes its place."""

    def change(self, endpoint: Endpoint) -> None:
        """Let the zone follow the endpoint's private DNS, as that is a delay from now."""
        change = object()
        self._changes[endpoint.record.id] = change
        self.clock.after(self.delay(), lambda: self._make(endpoint, change))

    def are_changing(self, endpoint: Endpoint) -> bool:
        return endpoint.record.id in self._changes

    def in_vpc(self, vpc_id: str) -> list[Endpoint]:
        """Return the endpoints whose names the VPC knows."""
        return [each for each in list(self._endpoints.values()) if each.vpc.id == vpc_id]

    def _make(self, endpoint: Endpoint, change: object) -> None:
        with LOCK:
            if self._changes.get(endpoint.record.id) is not change:
                return
            self._endpoints.pop(endpoint.record.id, None)
            if endpoint.record.private_dns_enabled and endpoint.record.state != "deleting":
                self._endpoints[endpoint.record.id] = endpoint
        self.answers.publish(endpoint.vpc)
        with LOCK:
            if self._changes.get(endpoint.record.id) is change:
                del self._changes[endpoint.record.id]
