"""The desired state of a VPC as a value, made once per run and handed from state to state as
JSON."""

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
    """One interface endpoint. Several stand in the order in which private DNS is turned on."""

    service: str
    service_name: str
    private_names: tuple[str, ...]
    subnets: tuple[str, ...]
    adopted: str | None = None
    """The id of somebody else's interface endpoint that is used, and never changed; the id of the
    zone or rule that leads to it, where this account cannot see the endpoint."""
    addresses: tuple[str, ...] = ()
    """The IPv4 addresses that its names have to answer; empty where these are all that an endpoint
    in this VPC has."""
    policy: str = ""
    """Id of the account or organization whose callers the endpoint policy lets in; empty for AWS's
    own policy, and for an adopted endpoint."""


@dataclass(frozen=True)
class Desired:
    """The resources that one VPC shall have, and the networks and limits that they follow from."""

    vpc_id: str
    vpc_cidrs: tuple[str, ...]
    onprem_cidrs: tuple[str, ...]
    endpoints: tuple[DesiredEndpoint, ...]
    resolver_subnets: tuple[str, ...]
    """One subnet id per resolver IP; where the inbound resolver is adopted, the subnets of the
    probe."""
    promised: Mapping[str, str] = field(default_factory=dict)
    """Address once promised to on-premises -> subnet in which the resolver asks for it again."""
    given_up: tuple[str, ...] = ()
    """Addresses promised to on-premises that the resolver cannot have again."""
    gateway_service: str | None = None
    """The full name of the service for which we keep a gateway endpoint; None where we keep
    none."""
    adopted_resolver: str | None = None
    """The id of somebody else's inbound resolver that is used, and never changed."""
    probe_subnets: tuple[str, ...] = ()
    """Subnets of the probe that hold none of the promised addresses; empty for the resolver's own
    subnets."""
    rules_per_group: int = 60
    """The number of rules that AWS lets a security group hold at any moment."""

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
        """The interface endpoints that stand in the VPC, or shall, and answer with all of their
        addresses."""
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
        """Return purpose -> id of each adopted resource, the inbound resolver first."""
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
        """The subnets of the probe."""
        return self.probe_subnets or self.subnets

    @property
    def fingerprint(self) -> str:
        """Return a SHA-256 in hexadecimal, the same where the same services are wanted in the VPC
        for the same networks, whatever stands where."""
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
