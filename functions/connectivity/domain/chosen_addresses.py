"""Addresses of the inbound resolver that a person has chosen before it is there, because firewall
tickets are filed first: `ecs-anywhere:resolver-ips` on the VPC.

AWS keeps the first four addresses of a subnet and the last one (Amazon VPC user guide, "Subnet
CIDR blocks").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network

from connectivity.domain import placement, tags
from connectivity.domain.derivation import our_resolver
from connectivity.domain.desired import Desired
from connectivity.domain.model import Subnet
from connectivity.domain.resolver_adoption import adopted_resolver
from connectivity.domain.survey import Limits, Survey
from connectivity.domain.wish import Options


def place_problems(survey: Survey, options: Options, limits: Limits) -> Iterator[str]:
    """Yield why the resolver cannot be made with the chosen addresses, where it is to be made."""
    if not options.resolver_ips or _is_there(survey, options):
        return
    holders = {ip: placement.holder_of(ip, survey.subnets) for ip in options.resolver_ips}
    for ip, subnet in holders.items():
        if problem := _place_problem(ip, subnet, survey):
            yield f"tag {tags.RESOLVER_IPS}: {ip} {problem}"
    zones = {subnet.zone if subnet else None for subnet in holders.values()}
    if None not in zones and len(zones) < limits.zones:
        yield (
            f"tag {tags.RESOLVER_IPS}: the addresses lie in {len(zones)} Availability Zone: choose "
            f"some in {limits.zones}, so that one may fail"
        )


def _is_there(survey: Survey, options: Options) -> bool:
    return bool(our_resolver(survey) or adopted_resolver(survey, options.onprem_cidrs))


def _place_problem(ip: str, subnet: Subnet | None, survey: Survey) -> str:
    if subnet is None:
        return f"lies in no subnet of {survey.vpc.id}"
    unusable = placement.unusable(subnet, survey.region)
    if unusable:
        return f"lies in {subnet.id}, which cannot be used: {unusable}"
    network, address = IPv4Network(subnet.cidr), IPv4Address(ip)
    if int(address) - int(network[0]) < 4 or address == network[-1]:
        return f"is kept by AWS in {subnet.id} ({subnet.cidr}): its first four and its last one"
    if ip in survey.taken:
        return f"belongs to something else in {subnet.id} already"
    return ""


def not_as_chosen(survey: Survey, options: Options) -> Iterator[str]:
    """Yield a warning where the resolver that is there has other addresses."""
    shared, ours = adopted_resolver(survey, options.onprem_cidrs), our_resolver(survey)
    has = set(shared.addresses if shared else survey.entry.resolver_ips)
    chosen, used = set(options.resolver_ips), shared.id if shared else ours
    if chosen and used and has and has != chosen:
        yield (
            f"the tag {tags.RESOLVER_IPS} asks for {_listed(chosen)} and {used} has "
            f"{_listed(has)}: an inbound resolver keeps its addresses until it is made anew"
        )


def near_the_probe(survey: Survey, desired: Desired, to_ask: Sequence[str]) -> Iterator[str]:
    """Yield a warning where the probe is asked before the resolver is there, and every subnet holds
    an address that the resolver shall have."""
    if to_ask and desired.promised and not desired.probe_subnets:
        ip, subnet = min(desired.promised.items())
        yield (
            f"names are asked for before the inbound resolver is made, by a probe to which AWS may "
            f"give {_listed(desired.promised)}, because every subnet of {survey.vpc.id} holds one "
            "of these: reserve each first (aws ec2 create-subnet-cidr-reservation --subnet-id "
            f"{subnet} --cidr {ip}/32 --reservation-type explicit)"
        )


def _listed(ips: Iterable[str]) -> str:
    return " ".join(sorted(ips, key=IPv4Address))
