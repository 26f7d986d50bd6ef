"""Somebody else's interface endpoint: used as it is if it does the job, else the reason why not."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from connectivity.domain.model import InterfaceEndpoint, OfferedService, Rule
from connectivity.domain.survey import Survey


def foreign_endpoint(survey: Survey, service: OfferedService) -> InterfaceEndpoint | None:
    """Return the interface endpoint that already answers for the service in this VPC, if it is not
    ours."""
    return next(
        (
            endpoint
            for endpoint in sorted(survey.endpoints, key=lambda e: e.id)
            if endpoint.service_name == service.name
            and endpoint.type == "Interface"
            and endpoint.private_dns
            and endpoint.exists
            and not survey.ownership.of_endpoint(endpoint)
        ),
        None,
    )


def unfit(endpoint: InterfaceEndpoint, survey: Survey, onprem_cidrs: tuple[str, ...]) -> str | None:
    """Why somebody else's interface endpoint cannot be used as it is."""
    if endpoint.state != "available":
        return f"its state is {endpoint.state}"
    zone_of = {subnet.id: subnet.zone for subnet in survey.subnets}
    if len({zone_of.get(subnet) for subnet in endpoint.subnets}) < 2:
        return "it is in one Availability Zone only"
    shut = not_admitted(survey, endpoint.security_groups, "tcp", 443, onprem_cidrs)
    return (
        f"its security group does not admit 443/tcp from {', '.join(sorted(shut))}"
        if shut
        else None
    )


def not_admitted(
    survey: Survey, groups: Iterable[str], protocol: str, port: int, cidrs: Iterable[str]
) -> list[str]:
    """Those of `cidrs` from which these security groups let nobody in."""
    held = set(groups)
    rules = [rule for group in survey.groups if group.id in held for rule in group.rules]
    return [cidr for cidr in cidrs if not _admits(rules, protocol, port, cidr)]


def _admits(rules: Iterable[Rule], protocol: str, port: int, cidr: str) -> bool:
    network = ipaddress.IPv4Network(cidr)
    sources = (r.source for r in rules if r.admits(protocol, port) and "/" in r.source)
    admitted = map(ipaddress.ip_network, sources)
    return any(isinstance(a, ipaddress.IPv4Network) and network.subnet_of(a) for a in admitted)
