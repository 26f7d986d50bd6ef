"""An inbound resolver IP of the VPC: what Route 53 Resolver answers, and what may go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from tests.onprem.lab.messages import PUBLIC_ADDRESS, Exchange, exchange_of
from tests.onprem.lab.serving import Said

Behaviour = Literal[
    "right",
    "silent",  # nothing comes back, as from an address that nobody has
    "silent-udp",
    "silent-tcp",  # as behind a security group that allows UDP only
    "servfail",
    "refused",
    "nxdomain",
    "public",  # right, but without the private names: as without private DNS
    "wrong-vpc",  # private addresses, of another VPC (10.99.0.0/16)
    "cname-escape",  # api.ecr leads to a name that nobody forwards
    "soa-above",  # empty answers come from the zone of the Region, not from the name's own
    "slow",
    "lying",  # right for the private names; all else leads to somebody's own host
    "missing",  # `missing_name` does not exist
]
DELAY = 0.3
"""Seconds, of a slow one."""
ESCAPE = "outside.example"
LIE = "10.66.6.6"
RCODES = {"servfail": "SERVFAIL", "refused": "REFUSED", "nxdomain": "NXDOMAIN"}


class FakeResolver:
    """Private names as in the VPC's private hosted zones, everything else as on the internet."""

    def __init__(self, region: str, names: Mapping[str, tuple[str, ...]]) -> None:
        self.behaviour: Behaviour = "right"
        self.cut_off = False
        """True where nothing reaches the resolver, however it behaves."""
        self.missing_name = f"ecs-t.{region}.amazonaws.com"
        self.queries: list[tuple[str, str, str]] = []
        """Name, type, transport of each."""
        self._turn: tuple[int, Behaviour] | None = None
        self._region_zone = f"{region}.amazonaws.com"
        self._ecr = f"ecr.{self._region_zone}"
        self._zones = {**names, self._ecr: names[f"api.{self._ecr}"]}

    def turn(self, behaviour: Behaviour, *, after: int) -> None:
        """Behaves so from then on, when it was asked that many more questions."""
        self._turn = (len(self.queries) + after, behaviour)

    def serve(self, name: str, addresses: tuple[str, ...]) -> None:
        """One more private name."""
        self._zones[name] = addresses

    def respond(self, wire: bytes, transport: str) -> Said:
        exchange = exchange_of(wire)
        if exchange is None or self.cut_off:
            return Said(None)
        if self._turn and len(self.queries) >= self._turn[0]:
            self.behaviour, self._turn = self._turn[1], None
        self.queries.append((exchange.name, exchange.type, transport))
        if self.behaviour in ("silent", f"silent-{transport}"):
            return Said(None)
        self._answer(exchange)
        return Said(exchange.wire(transport), DELAY if self.behaviour == "slow" else 0.0)

    def _answer(self, exchange: Exchange) -> None:
        if self.behaviour in RCODES:
            exchange.fails(RCODES[self.behaviour])
        elif self.behaviour == "missing" and exchange.name == self.missing_name:
            exchange.fails("NXDOMAIN")
            exchange.has_nothing(self._region_zone)
        else:
            self._answer_from_zones(exchange)

    def _answer_from_zones(self, exchange: Exchange) -> None:
        owner = self._follow_alias(exchange)
        zone = self._zone(owner)
        if zone and not self._exists(owner, zone):
            exchange.fails("NXDOMAIN")
        elif exchange.type == "A":
            exchange.has((owner, "A", address) for address in self._addresses(zone))
            return
        apex = zone if zone and self.behaviour != "soa-above" else self._region_zone
        exchange.has_nothing(apex)

    def _follow_alias(self, exchange: Exchange) -> str:
        """Public DNS makes `api.ecr.<region>` an alias of `ecr.<region>`."""
        if exchange.name != f"api.{self._ecr}":
            return exchange.name
        target = ESCAPE if self.behaviour == "cname-escape" else self._ecr
        exchange.has([(exchange.name, "CNAME", f"{target}.")])
        return target

    def _zone(self, name: str) -> str | None:
        """The private hosted zone that answers for `name`; each private name is one's apex."""
        labels = name.split(".")
        parents = (".".join(labels[start:]) for start in range(len(labels)))
        return next((parent for parent in parents if parent in self._zones), None)

    def _exists(self, name: str, zone: str) -> bool:
        """The one zone with a wildcard has a name for each account's registry."""
        return name == zone or zone == f"dkr.{self._ecr}"

    def _addresses(self, zone: str | None) -> tuple[str, ...]:
        if zone is None or self.behaviour == "public":
            return (LIE if self.behaviour == "lying" else PUBLIC_ADDRESS,)
        addresses = self._zones[zone]
        if self.behaviour == "wrong-vpc":
            return tuple(f"10.99.0.{host}" for host, _ in enumerate(addresses, 1))
        return addresses
