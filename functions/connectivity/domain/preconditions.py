"""Is the VPC fit? Every reason why not, at once, before anything is made.

The answer is either what shall be there (`Desired`) with warnings, or `PreconditionsNotMet` with
all problems. Nothing here changes anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from connectivity.domain import catalogue, placement, tags
from connectivity.domain.adoption import foreign_endpoint, unfit
from connectivity.domain.derivation import (
    addresses_needed,
    derive,
    missing,
    offered,
    our_resolver,
    wanted,
)
from connectivity.domain.desired import Desired
from connectivity.domain.document_size import too_large
from connectivity.domain.errors import PreconditionsNotMet
from connectivity.domain.ledger import ENDPOINTS_GROUP, RESOLVER_GROUP
from connectivity.domain.model import OfferedService
from connectivity.domain.ownership import group_name
from connectivity.domain.resolver_adoption import candidates, unfit_resolvers
from connectivity.domain.routes import route_warnings
from connectivity.domain.survey import Limits, Survey
from connectivity.domain.wish import Options


@dataclass(frozen=True)
class Prepared:
    desired: Desired
    warnings: tuple[str, ...]


def prepare(survey: Survey, options: Options, limits: Limits) -> Prepared:
    """Return what shall be there. Raises PreconditionsNotMet naming every problem and its cure."""
    problems = [problem for check in _CHECKS for problem in check(survey, options, limits)]
    if problems:
        raise PreconditionsNotMet("; ".join(problems))
    desired = derive(survey, options, limits)
    for problem in too_large(survey, desired, options):
        raise PreconditionsNotMet(problem)
    promises = _broken_promises(survey, desired)
    return Prepared(desired, (*promises, *route_warnings(survey, desired), *_strays(survey)))


def _broken_promises(survey: Survey, desired: Desired) -> Iterator[str]:
    """Not while its owner is changing it: its addresses are known when it serves again."""
    shared = (r for r in survey.resolvers if r.id == desired.adopted_resolver)
    used = next((r for r in shared if r.status == "operational"), None)
    lost = survey.entry.resolver_ips.keys() - {ip.ip for ip in used.attached} if used else set()
    if used and lost:
        yield (
            f"{_names(lost)} was an address to forward to and is none of {used.id}: on-premises "
            f"has to forward to {_names(ip.ip for ip in used.attached)}"
        )
    if desired.given_up:
        yield (
            f"{_names(desired.given_up)} was an address of the inbound resolver and belongs to "
            "something else now: on-premises has to forward to the new address"
        )


def _strays(survey: Survey) -> Iterator[str]:
    """Warn of what looks like ours and is not: of ours it would be a loss that nobody sees."""
    strays = _names(survey.ownership.strays(survey.endpoints, survey.groups))
    if strays:
        yield f"{strays} carries our tag {tags.OWNER} and is not in our ledger: whose is it?"


def _out_of_reach(survey: Survey, *_: object) -> Iterator[str]:
    lost = survey.ownership.out_of_reach(survey.endpoints, survey.groups)
    yield from (f"{id_}: {why}" for id_, why in sorted(lost.items()))


def _another_stack(survey: Survey, *_: object) -> Iterator[str]:
    """Two stacks would publish to the same parameters; the one that was first has the VPC."""
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


def _dns_attributes(survey: Survey, *_: object) -> Iterator[str]:
    attributes = {
        "enableDnsSupport": (survey.dns_support, "--enable-dns-support"),
        "enableDnsHostnames": (survey.dns_hostnames, "--enable-dns-hostnames"),
    }
    for attribute, (on, option) in attributes.items():
        if not on:
            yield (
                f"{attribute} of {survey.vpc.id} is false, and private DNS needs it: "
                f"aws ec2 modify-vpc-attribute --vpc-id {survey.vpc.id} {option} Value=true"
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


def _services(survey: Survey, options: Options, *_: object) -> Iterator[str]:
    for name in catalogue.REQUIRED:
        if offered(survey, name) is None:
            yield (
                f"the required interface endpoint service {name} is not offered in "
                f"{survey.region}, so ECS Anywhere cannot be reached privately there"
            )
    for name in catalogue.requested(options.services):
        if unfit := _unfit_service(name, offered(survey, name), survey.region):
            yield f'{tags.SERVICES} asks for "{name}", {unfit}'


def _unfit_service(name: str, service: OfferedService | None, region: str) -> str | None:
    """Return why no connection can be made with this service, and the cure."""
    if spoken := catalogue.NOT_BY_HTTPS.get(name):
        return f"which speaks {spoken}, and only TLS on 443 is admitted and verified: leave it out"
    if service is None:
        return (
            f"which is no interface endpoint service in {region}: correct the name or leave it out"
        )
    if not service.private_names:
        return "which has no private DNS name that on-premises could forward: leave it out"
    if service.needs_acceptance:
        return (
            f"every interface endpoint of which its owner, {service.owner}, has to accept first: "
            "leave it out and make its endpoint by hand"
        )
    return None


def _service_owners(survey: Survey, options: Options, limits: Limits) -> Iterator[str]:
    """A service is a way out of the network to its owner, and its names are published."""
    for name, service in wanted(survey, options).items():
        if service.owner not in limits.service_owners:
            yield (
                f'{tags.SERVICES} asks for "{name}", a service of {service.owner}, and the '
                f"stack's parameter AllowedServiceOwners allows "
                f"{_names(limits.service_owners)}: leave it out, or allow its owner there"
            )


def _zones(survey: Survey, options: Options, limits: Limits) -> Iterator[str]:
    zones = {subnet.zone for subnet in survey.subnets}
    if len(zones) < limits.zones:
        yield (
            f"{survey.vpc.id} has subnets in {_count(len(zones), 'Availability Zone')}"
            f"{_listed(zones)}, and {limits.zones} are needed: add a subnet in another one"
        )
        return
    needed = addresses_needed(survey, options, limits)
    roomy = set(placement.subnet_per_zone(survey.subnets, needed))
    if len(roomy) < limits.zones:
        yield (
            f"only {_count(len(roomy), 'Availability Zone')}{_listed(roomy)} of {survey.vpc.id} "
            f"has a subnet with {needed} free addresses, and {limits.zones} are needed: free "
            "addresses or add a subnet"
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
    if our_resolver(survey) or candidates(survey.resolvers, survey.ownership):
        return  # there is one, which is used or refused, and none is made
    if len(survey.resolvers) < limits.resolver_endpoints_per_region:
        return
    yield (
        f"{survey.region} holds {len(survey.resolvers)} Route 53 Resolver endpoints "
        f"({_names(r.id for r in survey.resolvers)}) and the quota is "
        f"{limits.resolver_endpoints_per_region} per Region: remove one, or ask AWS for more and "
        "tell the stack's parameter ResolverEndpointQuota"
    )


def _rules(_: Survey, options: Options, limits: Limits) -> Iterator[str]:
    """The resolver's group has two rules for each network and two for the probe."""
    most = limits.rules_per_security_group // 2 - 1
    if len(options.onprem_cidrs) > most:
        yield (
            f"{len(options.onprem_cidrs)} networks on-premises are named, and a security group "
            f"holds rules for {most}: summarise them into wider ones"
        )


def _conflicts(survey: Survey, options: Options, _: Limits) -> Iterator[str]:
    for name, service in wanted(survey, options).items():
        foreign = foreign_endpoint(survey, service)
        if foreign is not None and (reason := unfit(foreign, survey, options.onprem_cidrs)):
            yield (
                f"the existing interface endpoint {foreign.id} for {name} has private DNS on but "
                f"{reason}: mend it, or turn its private DNS off"
            )
        zones = {zone.rstrip(".") for zone in survey.hosted_zones}
        for zone in sorted(zones & {n.removeprefix("*.") for n in service.private_names}):
            yield (
                f"a private hosted zone {zone} is associated with {survey.vpc.id} and conflicts "
                f"with the private DNS of {name}: disassociate it"
            )


def _inbound_resolvers(survey: Survey, options: Options, *_: object) -> Iterator[str]:
    yield from unfit_resolvers(survey, options.onprem_cidrs)


_CHECKS: tuple[Callable[[Survey, Options, Limits], Iterator[str]], ...] = (
    _out_of_reach,
    _another_stack,
    _sharing,
    _dns_attributes,
    _tenancy,
    _services,
    _service_owners,
    _zones,
    _quotas,
    _rules,
    _conflicts,
    _inbound_resolvers,
)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _listed(names: Iterable[str]) -> str:
    text = _names(names)
    return f" ({text})" if text else ""


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
