"""Can an answer find back to on-premises? AWS shows only the VPC's half, so this is a warning."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from connectivity.domain.desired import Desired
from connectivity.domain.model import RouteTable
from connectivity.domain.survey import Survey


def route_warnings(survey: Survey, desired: Desired) -> Iterator[str]:
    """At most one: the networks on-premises that no route table leads to."""
    tables = [_table_of(subnet, survey.route_tables) for subnet in desired.subnets]
    lost = [
        cidr
        for cidr in desired.onprem_cidrs
        if not any(table and _routes(table, cidr) for table in tables)
    ]
    if lost:
        yield (
            f"no route towards {', '.join(lost)} through a virtual private gateway or a transit "
            f"gateway from {', '.join(sorted(desired.subnets))}"
        )


def _table_of(subnet: str, tables: tuple[RouteTable, ...]) -> RouteTable | None:
    explicit = next((table for table in tables if subnet in table.subnets), None)
    return explicit or next((table for table in tables if table.main), None)


def _routes(table: RouteTable, cidr: str) -> bool:
    """A route towards the network, or towards a part of it."""
    network = ipaddress.IPv4Network(cidr)
    return any(
        network.overlaps(ipaddress.IPv4Network(destination)) for destination in table.onprem_routes
    )
