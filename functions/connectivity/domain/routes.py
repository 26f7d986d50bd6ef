"""Routes of answers out of a subnet: towards on-premises, to the internet, or neither.

AWS shows only the VPC's half of the way, so a missing route is a warning and no refusal.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from connectivity.domain.model import InterfaceEndpoint, Route, RouteTable
from connectivity.domain.survey import Survey

_NOT_TOWARDS_ONPREM = ("local", "igw-", "eigw-", "nat-", "cagw-")
"""Targets behind which no host on-premises can be: the VPC itself, the internet, a NAT gateway
(which answers nobody who began), a mobile carrier. Every other target can lead on-premises:
virtual private gateway, transit gateway, AWS Cloud WAN core network, local gateway of an Outpost,
the network interface of an appliance, the endpoint of a firewall or a Gateway Load Balancer,
a peering connection. Source: Amazon VPC user guide, "Example routing options"."""


def route_warnings(survey: Survey, subnets: Sequence[str], cidrs: Iterable[str]) -> Iterator[str]:
    """Yield one warning at most: the networks on-premises that no route of `subnets` leads to."""
    lost = [
        cidr for cidr in cidrs if not any(leads_towards(survey, subnet, cidr) for subnet in subnets)
    ]
    if lost:
        yield (
            f"no route towards {', '.join(lost)} from {', '.join(sorted(subnets))}: their route "
            "tables lead to the VPC itself and to the internet only"
        )


def hub_route_warnings(
    survey: Survey, hub: str, subnets: Sequence[str], cidrs: Iterable[str]
) -> Iterator[str]:
    """Yield one warning at most: the networks on-premises to which no route of `subnets`, which lie
    in another VPC, leads. Its routes into this VPC are none of them, nor those of its gateway
    endpoints, which alone lead to prefix lists through a VPC endpoint."""
    own = [ipaddress.IPv4Network(cidr) for cidr in survey.vpc.cidrs]
    tables = tuple(
        replace(table, routes=tuple(r for r in table.routes if not _is_no_way_out(r, own)))
        for table in survey.other_routes[hub]
    )
    there = replace(survey, route_tables=tables)
    lost = [c for c in cidrs if not any(leads_towards(there, subnet, c) for subnet in subnets)]
    if lost:
        yield (
            f"what is used stands in {hub}, and no route towards {', '.join(lost)} is visible from "
            f"{', '.join(subnets)} there: on-premises has to reach these addresses, and their "
            "answers have to reach on-premises"
        )


def _is_no_way_out(route: Route, own: Sequence[ipaddress.IPv4Network]) -> bool:
    if route.destination.startswith("pl-"):
        return route.target.startswith("vpce-")
    return any(ipaddress.IPv4Network(route.destination).subnet_of(network) for network in own)


def leads_towards(survey: Survey, subnet: str, cidr: str) -> bool:
    """Return whether a route of the subnet may lead to the network, or to a part of it."""
    network, gateways = ipaddress.IPv4Network(cidr), _gateways(survey.endpoints)
    return any(
        network.overlaps(ipaddress.IPv4Network(destination))
        for route in _routes_of(survey, subnet)
        if _may_lead_onprem(route, gateways)
        for destination in _destinations(survey, route)
    )


def ways_to_others(tables: Iterable[RouteTable]) -> tuple[str, ...]:
    """Return what routes lead to other than the VPC itself, the internet and VPC endpoints: through
    a virtual private gateway, a peering connection or a local gateway hosts use what stands in the
    VPC, and have no network interface there."""
    targets = {route.target for table in tables for route in table.routes} - {""}
    return tuple(sorted(t for t in targets if not t.startswith((*_NOT_TOWARDS_ONPREM, "vpce-"))))


def is_public(survey: Survey, subnet: str) -> bool:
    """Return whether the subnet has a route to an internet gateway."""
    return any(route.target.startswith("igw-") for route in _routes_of(survey, subnet))


def prefix_lists_of(
    tables: Iterable[RouteTable], endpoints: Iterable[InterfaceEndpoint]
) -> frozenset[str]:
    """Return the ids of the prefix lists by which a route may lead on-premises: not those of
    gateway endpoints, which hold AWS's own networks."""
    gateways = _gateways(endpoints)
    return frozenset(
        route.destination
        for table in tables
        for route in table.routes
        if route.destination.startswith("pl-") and _may_lead_onprem(route, gateways)
    )


def _routes_of(survey: Survey, subnet: str) -> tuple[Route, ...]:
    tables = survey.route_tables
    explicit = next((table for table in tables if subnet in table.subnets), None)
    table = explicit or next((table for table in tables if table.main), None)
    return table.routes if table else ()


def _may_lead_onprem(route: Route, gateways: frozenset[str]) -> bool:
    target = route.target
    return bool(target) and target not in gateways and not target.startswith(_NOT_TOWARDS_ONPREM)


def _gateways(endpoints: Iterable[InterfaceEndpoint]) -> frozenset[str]:
    return frozenset(endpoint.id for endpoint in endpoints if endpoint.type == "Gateway")


def _destinations(survey: Survey, route: Route) -> tuple[str, ...]:
    """Return the networks of a route. A prefix list that may not be read may hold any network: its
    route is no reason for a warning."""
    if not route.destination.startswith("pl-"):
        return (route.destination,)
    return survey.prefix_lists.get(route.destination, ("0.0.0.0/0",))
