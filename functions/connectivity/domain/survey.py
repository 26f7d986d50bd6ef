"""The survey: everything that the preconditions look at, read once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from connectivity.domain.ledger import Entry
from connectivity.domain.model import (
    Answered,
    HostedZone,
    InboundResolver,
    InterfaceEndpoint,
    OfferedService,
    Profile,
    ResolverRule,
    RouteTable,
    SecurityGroup,
    Subnet,
    Vpc,
)
from connectivity.domain.ownership import Ownership
from connectivity.domain.removal import Seen


@dataclass(frozen=True)
class Survey:
    owner: str
    """The value of our owner tag: the stack's name."""
    account: str
    region: str
    vpc: Vpc
    dns_support: bool
    dns_hostnames: bool
    subnets: tuple[Subnet, ...]
    offered: Mapping[str, OfferedService]
    """The offered services by full name; a service that is missing is not offered in the Region."""
    endpoints: tuple[InterfaceEndpoint, ...]
    groups: tuple[SecurityGroup, ...]
    resolvers: tuple[InboundResolver, ...]
    """The Route 53 Resolver endpoints in the VPC, outbound ones too, and the one that the VPC's tag
    names, wherever it stands. With their addresses only ours and those that are in question to be
    adopted."""
    hosted_zones: tuple[HostedZone, ...]
    """The private hosted zones associated with the VPC, without those that AWS made."""
    route_tables: tuple[RouteTable, ...]
    taken: frozenset[str]
    """Addresses once promised to on-premises that something else holds by now."""
    entry: Entry
    resolver_rules: tuple[ResolverRule, ...] = ()
    """The forwarding rules associated with the VPC."""
    resolvers_of_region: tuple[str, ...] = ()
    """Ids of all Route 53 Resolver endpoints of the Region, because the quota counts them; empty
    where none is to be made, or not yet."""
    prefix_lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Id of a prefix list that a route or a rule names -> its IPv4 networks. One that may not be
    read is not in it."""

    profile: Profile | None = None
    """The Route 53 Profile of the VPC, where it was looked for and there is one."""
    answers: Mapping[str, Answered] = field(default_factory=dict)
    """Name as it was asked for -> what the VPC's own DNS server says: of names that something else
    answers for than private DNS."""
    led_to: tuple[InterfaceEndpoint, ...] = ()
    """The account's interface endpoints in any VPC of the Region that these names may lead to."""
    addresses: Mapping[str, str] = field(default_factory=dict)
    """Network interface of `led_to` -> its IPv4 address, where it was asked for: where a name leads
    there, and for a plan that asks no name all of them."""
    other_groups: tuple[SecurityGroup, ...] = ()
    """Security groups of other VPCs, in which `led_to` or the named inbound resolver stand."""
    other_routes: Mapping[str, tuple[RouteTable, ...]] = field(default_factory=dict)
    """Id of each of these VPCs -> its route tables."""
    named_resolver: str = ""
    """Id of the inbound resolver that the VPC's tag names; empty where it names none."""
    hub_resolvers: tuple[InboundResolver, ...] = ()
    """Inbound resolvers of VPCs to which the names of this one lead, where none is used so far."""

    organization: str | None = None
    """Id of the organization that the account is in; empty where it is in none. None where an
    endpoint policy for an organization is not asked for, and where AWS does not say."""

    @property
    def ownership(self) -> Ownership:
        return Ownership(self.owner, self.entry)

    @property
    def seen(self) -> Seen:
        """Return the part of the survey that a removal looks at."""
        return Seen(self.endpoints, self.resolvers, self.groups)

    def vpcs_of(self, ids: Collection[str]) -> frozenset[str]:
        """Return the ids of the VPCs in which these interface endpoints and resolvers stand."""
        endpoints = (e.vpc for e in (*self.endpoints, *self.led_to) if e.id in ids)
        resolvers = (r.vpc for r in (*self.resolvers, *self.hub_resolvers) if r.id in ids)
        return frozenset((*endpoints, *resolvers))


@dataclass(frozen=True)
class Limits:
    """The limits: sizes, quotas and owners, from the stack's parameters and AWS's defaults."""

    zones: int = 2
    resolver_ips: int = 2
    interface_endpoints_per_vpc: int = 50
    resolver_endpoints_per_region: int = 4
    rules_per_security_group: int = 60
    service_owners: tuple[str, ...] = ("amazon",)
    """The owners for whose services interface endpoints may be made."""
