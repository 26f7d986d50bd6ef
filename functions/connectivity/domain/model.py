"""What AWS shows us, as values. States are lower case (AWS varies it), addresses are IPv4."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Vpc:
    id: str
    cidrs: tuple[str, ...]
    tags: Mapping[str, str] = field(default_factory=dict)
    tenancy: str = "default"


@dataclass(frozen=True)
class Subnet:
    id: str
    zone: str
    free_addresses: int
    owner: str = ""


@dataclass(frozen=True)
class OfferedService:
    """An interface endpoint service that a region offers."""

    name: str
    private_names: tuple[str, ...]
    zones: frozenset[str]


@dataclass(frozen=True)
class InterfaceEndpoint:
    """A VPC endpoint of either type; a gateway endpoint has no subnets and no interfaces."""

    id: str
    service_name: str
    state: str
    type: Literal["Interface", "Gateway"] = "Interface"
    private_dns: bool = False
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()
    owner: str | None = None
    failure: str = ""

    @property
    def exists(self) -> bool:
        return self.state not in {"deleting", "deleted"}


@dataclass(frozen=True, order=True)
class Rule:
    """One ingress rule: ports of a protocol, opened to a CIDR or to a security group."""

    protocol: Literal["tcp", "udp"]
    port: int
    source: str
    last_port: int = 0
    """Of a range; 0 for the one port."""


@dataclass(frozen=True)
class SecurityGroup:
    id: str
    name: str
    rules: frozenset[Rule] = frozenset()
    owner: str | None = None


@dataclass(frozen=True)
class ResolverIp:
    ip: str
    subnet: str
    status: str


@dataclass(frozen=True)
class InboundResolver:
    """A Route 53 Resolver inbound endpoint. `status` as AWS writes it, in lower case."""

    id: str
    vpc: str
    status: str
    ips: tuple[ResolverIp, ...] = ()
    security_groups: tuple[str, ...] = ()
    name: str = ""
    creator_request_id: str = ""
    message: str = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(sorted(ip.ip for ip in self.ips))


@dataclass(frozen=True)
class RouteTable:
    """The routes of a route table that leave the VPC for on-premises."""

    id: str
    subnets: tuple[str, ...]
    main: bool
    onprem_routes: tuple[str, ...]
    """Destinations whose target is a virtual private gateway or a transit gateway."""
