"""The decision whether the VPC is fit: every reason why not, at once, before anything is made.

The answer is either what shall be there (`Desired`) with warnings, or `PreconditionsNotMet` with
all problems. Nothing here changes anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from connectivity.domain import placement, tags
from connectivity.domain.adopted_names import public_name_warnings, unfit_names, unseen_warnings
from connectivity.domain.adoption import foreign_endpoint, unfit
from connectivity.domain.answered_elsewhere import names_to_ask, unasked_warnings
from connectivity.domain.chosen_addresses import near_the_probe, not_as_chosen, place_problems
from connectivity.domain.derivation import (
    addresses_needed,
    chosen_subnets,
    derive,
    missing,
    our_resolver,
    usable_subnets,
    wanted,
)
from connectivity.domain.desired import Desired
from connectivity.domain.document_size import too_large
from connectivity.domain.errors import PreconditionsNotMet
from connectivity.domain.host_networks import host_network_warnings
from connectivity.domain.hub_resolver import hub_problems, hub_warnings, ways_that_are_missing
from connectivity.domain.ip_types import ipv6_warnings
from connectivity.domain.ledger import ENDPOINTS_GROUP, PROBE_GROUP, RESOLVER_GROUP
from connectivity.domain.left_out import leave_out
from connectivity.domain.new_vpc import dns_attributes
from connectivity.domain.onprem_networks import overlap_problems, rule_problems
from connectivity.domain.organization import organization_problems, organization_warnings
from connectivity.domain.ownership import group_name
from connectivity.domain.plan import shut_in
from connectivity.domain.policies import policy_lines, policy_warnings
from connectivity.domain.promises import broken_promises
from connectivity.domain.resolver_adoption import candidates, unfit_resolvers
from connectivity.domain.service_problems import required_problems
from connectivity.domain.survey import Limits, Survey
from connectivity.domain.unread_tags import unread_tags
from connectivity.domain.wish import Options


@dataclass(frozen=True)
class Prepared:
    desired: Desired
    warnings: tuple[str, ...]
    placement: tuple[str, ...] = ()
    """A line for each subnet that is used, or left out, and why."""
    to_ask: tuple[str, ...] = ()
    """Names to ask the VPC's own DNS server for before anything is made."""
    policies: tuple[str, ...] = ()
    """Endpoint policies that there shall be, and why; empty where AWS's own ones do."""
    elsewhere: tuple[str, ...] = ()
    """Problems of services of other Regions, which are left out, and for which a plan is
    refused."""


def prepare(survey: Survey, options: Options, limits: Limits) -> Prepared:
    """Return what shall be there. Raises PreconditionsNotMet naming every problem and its cure. A
    service that cannot be had is left out, with a warning, where nothing goes by that."""
    left = leave_out(survey, options, limits)
    options = left.options
    checked = (problem for check in _CHECKS for problem in check(survey, options, limits))
    if problems := [*left.losses, *checked]:
        told = [*problems, *left.warnings, *unread_tags(survey.vpc.tags)]
        raise PreconditionsNotMet("; ".join(told))
    desired = derive(survey, options, limits)
    for problem in too_large(survey, desired, options):
        raise PreconditionsNotMet(problem)
    services = wanted(survey, options)
    to_ask = names_to_ask(survey, services)
    needed = addresses_needed(survey, options, limits)
    used = [subnet for subnet in survey.subnets if subnet.id in _standing_in(desired)]
    return Prepared(
        desired,
        (
            *unread_tags(survey.vpc.tags),
            *left.warnings,
            *broken_promises(survey, desired),
            *not_as_chosen(survey, options),
            *near_the_probe(survey, desired, to_ask),
            *placement.named_in_vain(survey.subnets, survey.region, needed),
            *organization_warnings(survey, options),
            *policy_warnings(survey, desired),
            *ipv6_warnings(survey),
            *unasked_warnings(survey, services),
            *unseen_warnings(survey, services),
            *public_name_warnings(survey, services),
            *host_network_warnings(used),
            *ways_that_are_missing(survey, desired),
            *hub_warnings(survey, options),
            *_strays(survey),
        ),
        (
            *(
                f"{zone}: {c.subnet.id}, because {c.reason}"
                for zone, c in sorted(chosen_subnets(survey, options, limits).items())
                if c.subnet.id in _standing_in(desired)
            ),
            *(f"left out: {line}" for line in placement.left_out(survey.subnets, survey.region)),
        ),
        to_ask,
        tuple(policy_lines(survey, desired, options)),
        left.elsewhere,
    )


def _standing_in(desired: Desired) -> frozenset[str]:
    """Return the subnets that interface endpoints or the inbound resolver of ours stand in."""
    return frozenset(subnet for e in desired.ours for subnet in e.subnets) | {*desired.subnets}


def _strays(survey: Survey) -> Iterator[str]:
    """Warn of what looks like ours and is not, also where it is used: of ours, of which the ledger
    was lost, nobody would remove anything."""
    strays = set(survey.ownership.strays(survey.endpoints, survey.groups, survey.resolvers))
    if strays:
        yield (
            f"{_names(strays)} looks like ours by its tag {tags.OWNER} or its name, and is not in "
            "our ledger: whose is it? If ours, make rebuild-ledger writes it down"
        )


def _out_of_reach(survey: Survey, *_: object) -> Iterator[str]:
    lost = survey.ownership.out_of_reach(survey.endpoints, survey.groups)
    yield from (f"{id_}: {why}" for id_, why in sorted(lost.items()))


def _shut_in(survey: Survey, *_: object) -> Iterator[str]:
    """The wrong answers of a probe that cannot ask would look like those of the resolver."""
    probe = survey.ownership.groups(survey.groups).get(PROBE_GROUP)
    if probe and (shut := shut_in(probe)):
        yield (
            f"the probe's security group {probe.id} has no outbound rule for {', '.join(shut)}, so "
            "that nothing can be verified: aws ec2 authorize-security-group-egress --group-id "
            f"{probe.id} --protocol all --cidr 0.0.0.0/0"
        )


def _another_stack(survey: Survey, *_: object) -> Iterator[str]:
    """Yield a problem where another stack was first: both would publish to the same parameters."""
    if survey.entry.held:
        return
    names = tuple(group_name(survey.vpc.id, p) for p in (ENDPOINTS_GROUP, RESOLVER_GROUP))
    for group in survey.groups:
        if group.name.startswith(names) and group.owner not in {None, survey.owner}:
            yield (
                f"{survey.vpc.id} is connected by another stack: its security group {group.id} "
                f"({group.name}) carries {tags.OWNER} = {group.owner}. Connect it by one stack "
                "only, or delete that group if nobody needs it"
            )


def _sharing(survey: Survey, *_: object) -> Iterator[str]:
    if survey.vpc.owner not in {"", survey.account}:
        yield (
            f"{survey.vpc.id} is shared by account {survey.vpc.owner}, and only the owner can put "
            "a Route 53 Resolver endpoint into it: deploy the stack in that account"
        )


def _tenancy(survey: Survey, *_: object) -> Iterator[str]:
    if survey.vpc.tenancy == "dedicated":
        yield (
            f"{survey.vpc.id} has dedicated instance tenancy, in which Route 53 Resolver makes no "
            "endpoints: use a VPC with default tenancy"
        )


def _zones(survey: Survey, options: Options, limits: Limits) -> Iterator[str]:
    zones = {subnet.zone for subnet in usable_subnets(survey)}
    left_out = placement.left_out(survey.subnets, survey.region)
    unused = "".join(f" - not counted: {line}" for line in left_out)
    if len(zones) < limits.zones:
        yield (
            f"{survey.vpc.id} has subnets in {_count(len(zones), 'Availability Zone')}"
            f"{_listed(zones)}, and {limits.zones} are needed: add a subnet in another one{unused}"
        )
        return
    roomy = set(chosen_subnets(survey, options, limits))
    if len(roomy) < limits.zones:
        needed = addresses_needed(survey, options, limits)
        yield (
            f"{_count(len(roomy), 'Availability Zone')}{_listed(roomy)} of {survey.vpc.id} "
            f"{'has' if len(roomy) == 1 else 'have'} a subnet with {needed} free addresses, and "
            f"{limits.zones} zones are needed: free addresses or add a subnet"
            f"{placement.short_of_room(usable_subnets(survey), needed)}{unused}"
        )
        return
    for name, service in wanted(survey, options).items():
        if len(roomy & service.zones) < limits.zones:
            yield (
                f"{name} supports {_count(len(service.zones), 'Availability Zone')}"
                f"{_listed(service.zones)}, and the usable subnets are in {_names(roomy)}: add a "
                f"subnet so that {limits.zones} are shared"
            )


def _quotas(survey: Survey, options: Options, limits: Limits) -> Iterator[str]:
    there = sum(e.type == "Interface" and e.exists for e in survey.endpoints)
    more = len(missing(survey, options))
    if there + more > limits.interface_endpoints_per_vpc:
        yield (
            f"{survey.vpc.id} has {there} interface endpoints, {more} more are needed and the "
            f"quota is {limits.interface_endpoints_per_vpc} per VPC: ask AWS for more, and tell "
            "the stack's parameter InterfaceEndpointQuota"
        )
    if our_resolver(survey) or survey.named_resolver:
        return  # there is one, or one is named, which is used or refused
    if candidates(survey.resolvers, survey.ownership):
        return  # there is one, which is used or refused, and none is made
    if len(survey.resolvers_of_region) < limits.resolver_endpoints_per_region:
        return
    yield (
        f"{survey.region} holds {len(survey.resolvers_of_region)} Route 53 Resolver endpoints "
        f"({_names(survey.resolvers_of_region)}) and the quota is "
        f"{limits.resolver_endpoints_per_region} per Region: remove one, or ask AWS for more and "
        "tell the stack's parameter ResolverEndpointQuota"
    )


def _conflicts(survey: Survey, options: Options, _: Limits) -> Iterator[str]:
    for name, service in wanted(survey, options).items():
        foreign = foreign_endpoint(survey, service)
        if foreign is not None and (reason := unfit(foreign, survey, options.onprem_cidrs)):
            yield (
                f"the existing interface endpoint {foreign.id} for {name} has private DNS on but "
                f"{reason}: ask its owner to mend it - it is not ours, so it is not changed"
            )
        yield from unfit_names(survey, name, service, options.onprem_cidrs)


def _inbound_resolvers(survey: Survey, options: Options, *_: object) -> Iterator[str]:
    yield from unfit_resolvers(survey, options.onprem_cidrs)


_CHECKS: tuple[Callable[[Survey, Options, Limits], Iterator[str]], ...] = (
    _out_of_reach,
    _shut_in,
    _another_stack,
    _sharing,
    dns_attributes,
    _tenancy,
    required_problems,
    _zones,
    _quotas,
    rule_problems,
    overlap_problems,
    _conflicts,
    _inbound_resolvers,
    hub_problems,
    place_problems,
    organization_problems,
)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _listed(names: Iterable[str]) -> str:
    text = _names(names)
    return f" ({text})" if text else ""


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
