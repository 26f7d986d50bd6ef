"""The resources of AWS, as values. States are lower case (AWS varies it), addresses are IPv4."""

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
    owner: str = ""
    """The account that made the VPC; another one's can be shared with ours."""
    dns_server: str = ""
    """The address of Amazon's DNS server: the first network's base address plus two."""


@dataclass(frozen=True)
class Subnet:
    id: str
    zone: str
    free_addresses: int
    cidr: str = ""
    """The IPv4 network; empty where there is none."""
    named: bool = False
    """True where the subnet has the tag `ecs-anywhere:subnet`."""
    on_outpost: bool = False
    ipv6_only: bool = False


@dataclass(frozen=True)
class OfferedService:
    """An interface endpoint service that a region offers."""

    name: str
    private_names: tuple[str, ...]
    zones: frozenset[str]
    owner: str = "amazon"
    """`amazon`, `aws-marketplace`, or the id of the account whose service it is."""
    needs_acceptance: bool = False
    """True where the owner has to accept each interface endpoint before it serves."""
    takes_policy: bool = True
    """True where endpoints of the service can have an endpoint policy."""


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
    policy: str = ""
    """The JSON text of the endpoint policy."""
    for_inbound_resolver_only: bool = False
    """True where private DNS answers only questions that come through an inbound resolver (Amazon
    S3's)."""
    vpc: str = ""
    route_tables: tuple[str, ...] = ()
    """Ids of the route tables that lead through it; a gateway endpoint's alone."""
    address_type: str = "ipv4"
    """The addresses of its network interfaces: `ipv4`, `ipv6` or `dualstack`."""
    record_type: str = "ipv4"
    """The records of its names: `ipv4`, `ipv6`, `dualstack`; `service-defined` is A records for
    private names."""

    @property
    def exists(self) -> bool:
        return self.state not in {"deleting", "deleted"}

    @property
    def of_ipv6_alone(self) -> tuple[str, ...]:
        """Return what is there for IPv6 alone: `addresses`, `records`; nothing as a rule."""
        types = {"addresses": self.address_type, "records": self.record_type}
        return tuple(what for what, type_ in types.items() if type_ == "ipv6")


ANY_PROTOCOL = "-1"


@dataclass(frozen=True)
class Rule:
    """One ingress rule, as Amazon EC2 has it: ports of a protocol, opened to a source."""

    protocol: str
    """`tcp`, `udp`, `icmp`, a number, or ANY_PROTOCOL."""
    port: int
    source: str
    """A CIDR of IPv4 or IPv6, or the id of a security group or of a prefix list."""
    last_port: int | None = None
    """The last port of a range; None where `port` is the only one."""

    @property
    def traffic(self) -> str:
        """Return what the rule is about, as a person reads it: `443/tcp`, `0-65535/tcp`."""
        if self.protocol == ANY_PROTOCOL:
            return "all traffic"
        if self.protocol not in {"tcp", "udp"}:
            return self.protocol if self.protocol.isalpha() else f"protocol {self.protocol}"
        last = "" if self.last_port is None else f"-{self.last_port}"
        return f"{self.port}{last}/{self.protocol}"

    def admits(self, protocol: str, port: int) -> bool:
        if self.protocol == ANY_PROTOCOL:
            return True
        last = self.port if self.last_port is None else self.last_port
        return self.protocol == protocol and self.port <= port <= last


EVERYWHERE = frozenset({Rule(ANY_PROTOCOL, 0, "0.0.0.0/0")})
"""The outbound rules that AWS gives a security group, which we leave as they are."""


@dataclass(frozen=True)
class SecurityGroup:
    id: str
    name: str
    rules: frozenset[Rule] = frozenset()
    owner: str | None = None
    outbound: frozenset[Rule] = EVERYWHERE

    def lets_out(self, protocol: str, port: int) -> bool:
        """Tell whether an outbound rule lets this through to anybody."""
        return any(rule.admits(protocol, port) for rule in self.outbound)


@dataclass(frozen=True)
class NetworkInterface:
    """A network interface, anybody's, that holds security groups."""

    id: str
    groups: tuple[str, ...] = ()
    kind: str = "interface"
    """The InterfaceType, as AWS writes it."""
    owner: str = ""
    """The id of the account."""
    requester_managed: bool = False
    """True where an AWS service made the interface."""
    instance: str = ""
    """The id of the Amazon EC2 instance that has the interface; empty for none."""
    description: str = ""
    """The description, which the maker of the interface chose."""


@dataclass(frozen=True)
class ResolverIp:
    ip: str
    subnet: str
    status: str

    @property
    def failed(self) -> bool:
        return self.status.startswith("failed")

    @property
    def attached(self) -> bool:
        """True where the resolver answers at this IPv4 address; one of IPv6 alone is none to
        forward to."""
        return self.status == "attached" and bool(self.ip)


@dataclass(frozen=True)
class InboundResolver:
    """A Route 53 Resolver endpoint. `status`, `direction` and `protocols` as AWS writes them, in
    lower case."""

    id: str
    vpc: str
    status: str
    ips: tuple[ResolverIp, ...] = ()
    security_groups: tuple[str, ...] = ()
    name: str = ""
    creator_request_id: str = ""
    message: str = ""
    direction: str = "inbound"
    protocols: tuple[str, ...] = ("do53",)
    modified_at: float = 0.0
    """The time of the last change, in seconds since the epoch, as lists show it."""

    @property
    def attached(self) -> tuple[ResolverIp, ...]:
        return tuple(ip for ip in self.ips if ip.attached)

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(sorted(ip.ip for ip in self.ips))


@dataclass(frozen=True)
class HostedZone:
    """A private hosted zone that somebody associated with the VPC."""

    name: str
    """The name without the dot at its end."""
    id: str = ""
    owner: str = ""
    """The account that made the zone."""
    leads_to: tuple[str, ...] | None = None
    """The values of the record of the zone's own name: the public name of an interface endpoint, or
    addresses; empty where there is no record. None where nobody looked, or may look."""


@dataclass(frozen=True)
class Profile:
    """The Route 53 Profile that is associated with the VPC; what it holds may be another account's,
    which nobody else can read."""

    id: str
    owner: str = ""
    """The account that associated the Profile."""


@dataclass(frozen=True)
class ResolverRule:
    """A Resolver rule of type FORWARD that is associated with the VPC."""

    id: str
    domain: str
    """The name without the dot at its end; empty for the root."""
    owner: str = ""
    targets: tuple[str, ...] = ()
    """Addresses of the DNS servers that the rule forwards to."""


@dataclass(frozen=True)
class Answered:
    """The answer of the VPC's own DNS server for a name, as the probe got it."""

    addresses: tuple[str, ...] = ()
    error: str = ""
    """`NXDOMAIN`, a time-out…; empty where there was an address."""
    shut: str = ""
    """The reason why an address of a private network does not serve the name on 443/tcp; empty
    where all do."""


@dataclass(frozen=True)
class Route:
    """One route of a route table. A blackhole's target is empty: it leads nowhere."""

    destination: str
    """An IPv4 CIDR or the id of a prefix list."""
    target: str
    """An id such as `tgw-…`, the ARN of an AWS Cloud WAN core network, or `local`."""


@dataclass(frozen=True)
class RouteTable:
    id: str
    subnets: tuple[str, ...]
    """The subnets that are associated with this table explicitly."""
    main: bool
    """True for the table of every subnet that has no table of its own."""
    routes: tuple[Route, ...]
