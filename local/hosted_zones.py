"""Private hosted zones as answers: what a customer's zones say in the VPCs that have them.

AWS: a private hosted zone answers in every VPC that it is associated with, of its own account or of
another, at the VPC's own DNS server and at its inbound resolvers; for a name that it has no record
of the answer is NXDOMAIN, also where the public DNS knows the name. Of several zones the most
specific one answers (Route 53 developer guide, "Considerations when working with a private hosted
zone"). ListHostedZonesByVPC names the zones of every account. moto 5.2.5: zones are rows in a
table, and each account sees its own.

What an alias leads to may stand in another VPC: it can be reached from here where a route of this
VPC leads there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

from moto.ec2.models import ec2_backends
from moto.route53.models import Route53Backend, route53_backends

from local.contracts import NetworkState
from local.networks.site import address
from local.networks.workloads import DNS_HOST
from local.private_dns import VpcAnswers, answers_of

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

ELSEWHERE = ("transit_gateway", "vpc_pcx")
"""The attributes of moto's routes that lead to another VPC."""
CHANGES = (
    "create_hosted_zone",
    "associate_vpc_with_hosted_zone",
    "disassociate_vpc_from_hosted_zone",
    "change_resource_record_sets",
    "delete_hosted_zone",
)

_stock = {name: getattr(Route53Backend, name) for name in CHANGES}
Addresses = tuple[str, ...]


@dataclass
class HostedZones:
    """The private hosted zones of all accounts."""

    answers: VpcAnswers
    endpoints: Any
    """The part that is the interface endpoints: it knows their public names."""

    def in_vpc(self, vpc_id: str) -> list[tuple[str, Any]]:
        """Return the zones that are associated with the VPC, each with its account."""
        return [
            (account, zone)
            for account, zone in _private_zones()
            if any(vpc.get("vpc_id") == vpc_id for vpc in zone.vpcs)
        ]

    def add_answers(self, vpc_id: str, state: NetworkState) -> NetworkState:
        """Add the answers of the zones in the VPC, as far as their targets can be reached."""
        zones = [zone for _, zone in self.in_vpc(vpc_id)]
        if not zones:
            return state
        names = {name: ips for zone in zones for name, ips in self._records(zone)}
        return self.with_names(vpc_id, state, names, (_text(zone.name) for zone in zones))

    def with_names(
        self,
        vpc_id: str,
        state: NetworkState,
        names: Mapping[str, Addresses],
        zones: Iterable[str],
    ) -> NetworkState:
        """Return the state with these names and zones, too, and with those endpoints of other VPCs
        that the names lead to and that a route leads to."""
        led_to = {ip for ips in names.values() for ip in ips} - state.tls.keys()
        return replace(
            state,
            names={**state.names, **names},
            zones=state.zones | frozenset(zones),
            own_dns=address(state.cidrs[0], DNS_HOST),
            tls={**state.tls, **self._reached(vpc_id, led_to)},
        )

    def zone(self, zone_id: str) -> tuple[str, dict[str, Addresses]]:
        """Return the name of a private hosted zone, whoever's it is, and what it says."""
        zone = next(zone for _, zone in _private_zones() if zone.resource_id == zone_id)
        return _text(zone.name), dict(self._records(zone))

    def _records(self, zone: Any) -> Iterator[tuple[str, Addresses]]:
        for record in zone.rrsets:
            if record.type == "A":
                yield _text(record.name), tuple(self._addresses(record))

    def _addresses(self, record: Any) -> Iterable[str]:
        if record.alias_target:
            target = _text(record.alias_target["DNSName"])
            yield from self.endpoints.addresses_of(target)
        else:
            yield from map(str, record.records)

    def _reached(self, vpc_id: str, led_to: set[str]) -> Mapping[str, Addresses]:
        certified = self.endpoints.certificates_elsewhere(vpc_id)
        networks = [ip_network(cidr) for cidr in routed_elsewhere(vpc_id)]
        return {
            ip: certified[ip]
            for ip in led_to & certified.keys()
            if any(ip_address(ip) in network for network in networks)
        }

    def followers(self, vpc_id: str) -> Iterator[Any]:
        """Yield the other VPCs with zones: what these lead to may stand in the VPC that changed."""
        others = {v["vpc_id"] for _, zone in _private_zones() for v in zone.vpcs if "vpc_id" in v}
        yield from filter(None, map(vpc_of, sorted(others - {vpc_id})))

    def publish(self, vpc_ids: Iterable[str]) -> None:
        for vpc in filter(None, map(vpc_of, vpc_ids)):
            self.answers.publish(vpc)


def vpc_of(vpc_id: str) -> Any:
    """Return moto's VPC of this id, of whichever account; None if it is gone."""
    for account in list(ec2_backends):
        for backend in list(ec2_backends[account].values()):
            if vpc_id in backend.vpcs:
                return backend.vpcs[vpc_id]
    return None


def _private_zones() -> list[tuple[str, Any]]:
    return [
        (str(account), zone)
        for account in list(route53_backends)
        for backend in list(route53_backends[account].values())
        for zone in list(backend.zones.values())
        if zone.private_zone
    ]


def routed_elsewhere(vpc_id: str) -> Iterator[str]:
    """Yield the networks for which a route of the VPC leads to other VPCs."""
    vpc = vpc_of(vpc_id)
    for table in list(vpc.ec2_backend.route_tables.values()) if vpc else ():
        for route in list(table.routes) if table.vpc_id == vpc_id else ():
            leads_there = any(getattr(route, target, None) for target in ELSEWHERE)
            if leads_there and route.destination_cidr_block:
                yield str(route.destination_cidr_block)


def _text(name: str) -> str:
    """Return a record's name as questions write it; Route 53 writes a wildcard as `\\052`."""
    return name.rstrip(".").replace("\\052", "*").lower()


def install(aws: EmbeddedAws) -> None:
    answers = answers_of(aws)
    part = HostedZones(answers, aws.interface_endpoints)
    aws.hosted_zones = part
    answers.sources.append(part.add_answers)
    answers.followers.append(part.followers)

    def listed(_: Route53Backend, vpc_id: str) -> list[dict[str, Any]]:
        return [
            {
                "HostedZoneId": zone.resource_id,
                "Name": zone.name,
                "Owner": {"OwningAccount": account},
            }
            for account, zone in part.in_vpc(vpc_id)
        ]

    Route53Backend.list_hosted_zones_by_vpc = listed
    for name in CHANGES:
        setattr(Route53Backend, name, _published(_stock[name], part))


def _published(change: Callable[..., Any], part: HostedZones) -> Callable[..., Any]:
    """Return a change after which the VPCs that it touches answer as it says."""

    def changed(*arguments: Any, **named: Any) -> Any:
        before = _associations()
        result = change(*arguments, **named)
        part.publish(sorted(before | _associations()))
        return result

    return changed


def _associations() -> set[str]:
    return {v["vpc_id"] for _, zone in _private_zones() for v in zone.vpcs if "vpc_id" in v}
