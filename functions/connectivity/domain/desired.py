"""What a VPC shall have, as a value: made once per run, handed from state to state as JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from connectivity.domain import catalogue, ledger

_SMALLEST_SUBNET = 28
"""Bits of the netmask (VPC user guide, "Subnet CIDR blocks")."""


@dataclass(frozen=True)
class DesiredEndpoint:
    """One interface endpoint, in the place in the order in which private DNS is turned on."""

    service: str
    service_name: str
    private_names: tuple[str, ...]
    subnets: tuple[str, ...]
    adopted: str | None = None
    """The id of somebody else's interface endpoint that does the job: used, never changed. Where
    the endpoint cannot be seen from this account, of what leads its names there."""
    addresses: tuple[str, ...] = ()
    """What its names have to answer, where it does not stand in this VPC."""
    policy: str = ""
    """Id of the account or organization whose callers its endpoint policy lets in; empty
    for AWS's own policy, and where it is not ours."""


@dataclass(frozen=True)
class Desired:
    """Everything that is to be there for one VPC."""

    vpc_id: str
    vpc_cidrs: tuple[str, ...]
    onprem_cidrs: tuple[str, ...]
    endpoints: tuple[DesiredEndpoint, ...]
    resolver_subnets: tuple[str, ...]
    """One entry per resolver IP; where the inbound resolver is adopted, the probe stands here."""
    promised: Mapping[str, str] = field(default_factory=dict)
    """Address once promised to on-premises -> subnet in which the resolver asks for it again."""
    given_up: tuple[str, ...] = ()
    """Addresses promised to on-premises that the resolver cannot have again."""
    gateway_service: str | None = None
    """The service that needs a gateway endpoint beside it; None where one is there already."""
    adopted_resolver: str | None = None
    """The id of somebody else's inbound resolver that does the job: used, never changed."""
    probe_subnets: tuple[str, ...] = ()
    """Where the probe stands, so that it is given none of the promised addresses; empty for the
    resolver's own subnets."""
    rules_per_group: int = 60
    """How many rules AWS lets a security group hold at any moment."""

    @property
    def ours(self) -> tuple[DesiredEndpoint, ...]:
        return tuple(endpoint for endpoint in self.endpoints if endpoint.adopted is None)

    @property
    def gateway_policy(self) -> str:
        """Return `DesiredEndpoint.policy` of the gateway endpoint, which is that of the interface
        endpoint beside it."""
        beside = (each for each in self.ours if each.service == catalogue.GATEWAY_FIRST)
        return next((endpoint.policy for endpoint in beside), "")

    @property
    def in_the_vpc(self) -> tuple[DesiredEndpoint, ...]:
        """Those that stand in the VPC, or shall."""
        return tuple(endpoint for endpoint in self.endpoints if not endpoint.addresses)

    def networks(self, resolver_ips: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the networks that on-premises has to reach: the VPC's, and around each address
        outside of it, also of the inbound resolver, the smallest that a subnet can have, which lies
        in the subnet of that address."""
        served = (ip for endpoint in self.endpoints for ip in endpoint.addresses)
        outside = (ip for ip in (*served, *resolver_ips) if not self.has([ip]))
        around = {IPv4Network(f"{ip}/{_SMALLEST_SUBNET}", strict=False) for ip in outside}
        return (*self.vpc_cidrs, *map(str, sorted(around)))

    def has(self, addresses: Iterable[str]) -> bool:
        """Tell whether all of these addresses lie in the VPC's own networks."""
        own = [IPv4Network(cidr) for cidr in self.vpc_cidrs]
        return all(any(IPv4Address(ip) in network for network in own) for ip in addresses)

    @property
    def adopted(self) -> dict[str, str]:
        """Purpose -> id of what is used and not ours, the inbound resolver first."""
        resolver = {ledger.RESOLVER: self.adopted_resolver} if self.adopted_resolver else {}
        return resolver | {
            ledger.endpoint_purpose(endpoint.service_name): endpoint.adopted
            for endpoint in self.endpoints
            if endpoint.adopted is not None
        }

    @property
    def subnets(self) -> tuple[str, ...]:
        """The resolver's subnets, each once."""
        return tuple(dict.fromkeys(self.resolver_subnets))

    @property
    def subnets_of_probe(self) -> tuple[str, ...]:
        """Where the probe stands."""
        return self.probe_subnets or self.subnets

    @property
    def fingerprint(self) -> str:
        """Equal where the same names are to lead to the same networks, wherever things stand."""
        names = [endpoint.service_name for endpoint in self.endpoints]
        said = json.dumps([self.vpc_id, names, self.vpc_cidrs, self.onprem_cidrs])
        return hashlib.sha256(said.encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Desired:
        return cls(
            vpc_id=document["vpc_id"],
            vpc_cidrs=tuple(document["vpc_cidrs"]),
            onprem_cidrs=tuple(document["onprem_cidrs"]),
            endpoints=tuple(_endpoint(item) for item in document["endpoints"]),
            resolver_subnets=tuple(document["resolver_subnets"]),
            promised=document["promised"],
            given_up=tuple(document["given_up"]),
            gateway_service=document["gateway_service"],
            adopted_resolver=document["adopted_resolver"],
            # Not in what an execution of the release before handed on.
            probe_subnets=tuple(document.get("probe_subnets", ())),
            rules_per_group=document["rules_per_group"],
        )


def _endpoint(document: Mapping[str, Any]) -> DesiredEndpoint:
    return DesiredEndpoint(
        service=document["service"],
        service_name=document["service_name"],
        private_names=tuple(document["private_names"]),
        subnets=tuple(document["subnets"]),
        adopted=document["adopted"],
        addresses=tuple(document.get("addresses", ())),
        policy=document.get("policy", ""),
    )
