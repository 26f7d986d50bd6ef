"""Adoption of an interface endpoint that is not ours: used as it is if it fits, else the reason why
not."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence

from connectivity.domain import endpoint_policy
from connectivity.domain.ip_types import ipv6_alone
from connectivity.domain.model import InterfaceEndpoint, OfferedService, Rule
from connectivity.domain.survey import Survey


def foreign_endpoint(survey: Survey, service: OfferedService) -> InterfaceEndpoint | None:
    """Return the interface endpoint that answers for the service already and is not ours."""
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
    """Return why somebody else's interface endpoint cannot be used as it is; None if it can."""
    if endpoint.state != "available":
        return f"its state is {endpoint.state}"
    if reason := ipv6_alone(endpoint):
        return reason
    zone_of = {subnet.id: subnet.zone for subnet in survey.subnets}
    # Of another VPC only the ids of the subnets are known; each lies in a zone of its own.
    if len({zone_of.get(subnet, subnet) for subnet in endpoint.subnets}) < 2:
        return "it is in one Availability Zone only"
    if endpoint_policy.denies_everything(endpoint.policy):
        return (
            "its endpoint policy allows nothing (aws ec2 modify-vpc-endpoint "
            f"--vpc-endpoint-id {endpoint.id} --reset-policy)"
        )
    shut = not_admitted(survey, endpoint.security_groups, "tcp", 443, onprem_cidrs)
    if not shut:
        return None
    return shut_out(survey, endpoint.security_groups, "tcp", 443, sorted(shut))


def not_admitted(
    survey: Survey, groups: Iterable[str], protocol: str, port: int, cidrs: Iterable[str]
) -> list[str]:
    """Return those of `cidrs` that these security groups, taken together, do not admit wholly.
    Networks side by side count as the wider one; prefix lists count by their entries."""
    sources = _sources(survey, groups, protocol, port)
    networks = (
        ipaddress.IPv4Network(cidr)
        for source in sources
        for cidr in survey.prefix_lists.get(source, (source,))
        if "/" in cidr and ":" not in cidr
    )
    admitted = list(ipaddress.collapse_addresses(networks))
    return [c for c in cidrs if not any(ipaddress.IPv4Network(c).subnet_of(a) for a in admitted)]


def shut_out(
    survey: Survey, groups: Sequence[str], protocol: str, port: int, shut: Sequence[str]
) -> str:
    """Return why these groups admit none of `shut`: which group, which command opens it, and which
    prefix lists could not be read."""
    unread = sorted(
        source
        for source in _sources(survey, groups, protocol, port)
        if source.startswith("pl-") and source not in survey.prefix_lists
    )
    limit = f" as far as can be seen ({', '.join(unread)} could not be read)" if unread else ""
    which, group = (f"{groups[0]} does", groups[0]) if groups else ("it has none and does", "...")
    return (
        f"its security group {which} not admit {port}/{protocol} from {', '.join(shut)}{limit} "
        f"(aws ec2 authorize-security-group-ingress --group-id {group} --protocol {protocol} "
        f"--port {port} --cidr {shut[0].split(' ')[0]})"
    )


def prefix_lists_of(survey: Survey, groups: Iterable[str]) -> frozenset[str]:
    """Return the ids of the prefix lists that rules of these security groups name."""
    sources = (rule.source for rule in _rules(survey, groups))
    return frozenset(source for source in sources if source.startswith("pl-"))


def _sources(survey: Survey, groups: Iterable[str], protocol: str, port: int) -> frozenset[str]:
    return frozenset(r.source for r in _rules(survey, groups) if r.admits(protocol, port))


def _rules(survey: Survey, groups: Iterable[str]) -> Iterator[Rule]:
    held, there = set(groups), (*survey.groups, *survey.other_groups)
    return (rule for group in there if group.id in held for rule in group.rules)
