"""Is the VPC fit? Every reason why not, at once, before anything is made.

The answer is either what shall be there (`Desired`) with warnings, or `PreconditionsNotMet` with
all problems. Nothing here changes anything.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from connectivity.domain import catalogue, ledger, placement, plan, tags
from connectivity.domain.desired import Desired, DesiredEndpoint
from connectivity.domain.errors import PreconditionsNotMet
from connectivity.domain.model import InterfaceEndpoint, OfferedService, RouteTable, Rule
from connectivity.domain.ownership import is_our_endpoint
from connectivity.domain.survey import Limits, Survey
from connectivity.domain.wish import Options


@dataclass(frozen=True)
class Prepared:
    desired: Desired
    warnings: tuple[str, ...]


def prepare(survey: Survey, options: Options, us: str, limits: Limits) -> Prepared:
    """What shall be there. Raises PreconditionsNotMet naming every problem and its cure."""
    problems = [problem for check in _CHECKS for problem in check(survey, options, us, limits)]
    if problems:
        raise PreconditionsNotMet("; ".join(problems))
    desired = _desired(survey, options, us, limits)
    return Prepared(desired, tuple(_warnings(survey, desired)))


def wanted(survey: Survey, options: Options) -> dict[str, OfferedService]:
    """Short name -> the service as the region offers it, required ones first, in order."""
    names = (
        *catalogue.REQUIRED,
        *catalogue.REQUIRED_WHERE_OFFERED,
        *catalogue.requested(options.services),
    )
    found = {name: _offered(survey, name) for name in names}
    return {name: service for name, service in found.items() if service is not None}


def _offered(survey: Survey, name: str) -> OfferedService | None:
    candidates = catalogue.service_names(name, survey.region)
    return next((survey.offered[c] for c in candidates if c in survey.offered), None)


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


def _tenancy(survey: Survey, *_: object) -> Iterator[str]:
    if survey.vpc.tenancy == "dedicated":
        yield (
            f"{survey.vpc.id} has dedicated instance tenancy, in which Route 53 Resolver makes no "
            "endpoints: use a VPC with default tenancy"
        )


def _services(survey: Survey, options: Options, *_: object) -> Iterator[str]:
    for name in catalogue.REQUIRED:
        if _offered(survey, name) is None:
            yield (
                f"the required interface endpoint service {name} is not offered in "
                f"{survey.region}, so ECS Anywhere cannot be reached privately there"
            )
    for name in catalogue.requested(options.services):
        if _offered(survey, name) is None:
            yield (
                f'{tags.SERVICES} asks for "{name}", which is no interface endpoint service in '
                f"{survey.region}: correct the name or leave it out"
            )


def _zones(survey: Survey, options: Options, us: str, limits: Limits) -> Iterator[str]:
    zones = {subnet.zone for subnet in survey.subnets}
    if len(zones) < limits.zones:
        yield (
            f"{survey.vpc.id} has subnets in {_count(len(zones), 'Availability Zone')}"
            f"{_listed(zones)}, and {limits.zones} are needed: add a subnet in another one"
        )
        return
    needed = _addresses_needed(survey, options, us, limits)
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


def _quotas(survey: Survey, options: Options, us: str, limits: Limits) -> Iterator[str]:
    there = sum(e.type == "Interface" and e.exists for e in survey.endpoints)
    missing = len(_missing(survey, options, us))
    if there + missing > limits.interface_endpoints_per_vpc:
        yield (
            f"{survey.vpc.id} has {there} interface endpoints, {missing} more are needed and the "
            f"quota is {limits.interface_endpoints_per_vpc} per VPC: ask for a higher quota"
        )
    if _our_resolver(survey) or len(survey.resolvers) < limits.resolver_endpoints_per_region:
        return
    yield (
        f"{survey.region} holds {len(survey.resolvers)} Route 53 Resolver endpoints "
        f"({_names(r.id for r in survey.resolvers)}) and the quota is "
        f"{limits.resolver_endpoints_per_region} per Region: ask for a higher quota or remove one"
    )


def _conflicts(survey: Survey, options: Options, us: str, _: Limits) -> Iterator[str]:
    for name, service in wanted(survey, options).items():
        foreign = _foreign_endpoint(survey, service, us)
        if foreign is not None and (reason := _unfit(foreign, survey, options)):
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


_CHECKS: tuple[Callable[[Survey, Options, str, Limits], Iterator[str]], ...] = (
    _dns_attributes,
    _tenancy,
    _services,
    _zones,
    _quotas,
    _conflicts,
)


def _unfit(endpoint: InterfaceEndpoint, survey: Survey, options: Options) -> str | None:
    """Why somebody else's interface endpoint cannot be used as it is."""
    if endpoint.state != "available":
        return f"its state is {endpoint.state}"
    zone_of = {subnet.id: subnet.zone for subnet in survey.subnets}
    if len({zone_of.get(subnet) for subnet in endpoint.subnets}) < 2:
        return "it is in one Availability Zone only"
    held = set(endpoint.security_groups)
    rules = {rule for group in survey.groups if group.id in held for rule in group.rules}
    shut = [cidr for cidr in options.onprem_cidrs if not _admits(rules, 443, cidr)]
    return f"its security group does not admit 443/tcp from {_names(shut)}" if shut else None


def _admits(rules: set[Rule], port: int, cidr: str) -> bool:
    network = ipaddress.IPv4Network(cidr)
    return any(
        rule.port in {port, plan.ANY_PORT}
        and rule.protocol == "tcp"
        and "/" in rule.source
        and network.subnet_of(ipaddress.IPv4Network(rule.source))
        for rule in rules
    )


def _foreign_endpoint(survey: Survey, service: OfferedService, us: str) -> InterfaceEndpoint | None:
    return next(
        (
            endpoint
            for endpoint in sorted(survey.endpoints, key=lambda e: e.id)
            if endpoint.service_name == service.name
            and endpoint.type == "Interface"
            and endpoint.private_dns
            and endpoint.exists
            and not is_our_endpoint(endpoint, us, survey.entry.held)
        ),
        None,
    )


def _missing(survey: Survey, options: Options, us: str) -> list[str]:
    """The wanted services for which nothing is there yet, neither ours nor adopted."""
    there = {
        endpoint.service_name
        for endpoint in survey.endpoints
        if endpoint.exists
        and endpoint.type == "Interface"
        and (endpoint.private_dns or is_our_endpoint(endpoint, us, survey.entry.held))
    }
    return [n for n, service in wanted(survey, options).items() if service.name not in there]


def _our_resolver(survey: Survey) -> str | None:
    recorded = survey.entry.held.get(ledger.RESOLVER, "")
    return plan.our_resolver_id(survey.resolvers, recorded)


def _addresses_needed(survey: Survey, options: Options, us: str, limits: Limits) -> int:
    """Per subnet: one per missing interface endpoint, the resolver's share, one for the probe."""
    resolver = 0 if _our_resolver(survey) else -(-limits.resolver_ips // limits.zones)
    missing = len(_missing(survey, options, us)) + resolver
    return missing + 1 if missing else 0


def _desired(survey: Survey, options: Options, us: str, limits: Limits) -> Desired:
    services = wanted(survey, options)
    needed = _addresses_needed(survey, options, us, limits)
    subnet_of = placement.subnet_per_zone(survey.subnets, needed)
    ranked = placement.ranked_zones(subnet_of, tuple(services.values()))
    endpoints = tuple(
        DesiredEndpoint(
            service=name,
            service_name=service.name,
            private_names=service.private_names,
            subnets=tuple(
                subnet_of[zone] for zone in placement.zones_for(service, ranked, limits.zones)
            ),
            adopted=foreign.id if (foreign := _foreign_endpoint(survey, service, us)) else None,
        )
        for name, service in services.items()
    )
    near = _near_promises(survey, subnet_of, ranked)[: limits.zones]
    return Desired(
        vpc_id=survey.vpc.id,
        vpc_cidrs=survey.vpc.cidrs,
        onprem_cidrs=options.onprem_cidrs,
        endpoints=endpoints,
        resolver_subnets=placement.resolver_subnets(near, limits.resolver_ips),
        gateway_service=_gateway_service(survey, services, us),
    )


def _near_promises(
    survey: Survey, subnet_of: dict[str, str], ranked: tuple[str, ...]
) -> tuple[str, ...]:
    """The resolver's subnets; first those in which addresses were promised to on-premises."""
    zone_of = {subnet.id: subnet.zone for subnet in survey.subnets}
    promised = {zone_of[s]: s for s in sorted(survey.entry.resolver_ips) if s in zone_of}
    zones = sorted(ranked, key=lambda zone: zone not in promised)
    return tuple(promised.get(zone, subnet_of[zone]) for zone in zones)


def _gateway_service(survey: Survey, services: dict[str, OfferedService], us: str) -> str | None:
    """S3's gateway endpoint, unless somebody else keeps one, or the interface endpoint itself."""
    service = services.get(catalogue.GATEWAY_FIRST)
    if service is None or _foreign_endpoint(survey, service, us):
        return None
    theirs = any(
        endpoint.type == "Gateway"
        and endpoint.service_name == service.name
        and endpoint.exists
        and not is_our_endpoint(endpoint, us, survey.entry.held)
        for endpoint in survey.endpoints
    )
    return None if theirs else service.name


def _warnings(survey: Survey, desired: Desired) -> Iterator[str]:
    tables = [_table_of(subnet, survey.route_tables) for subnet in desired.subnets]
    lost = [
        cidr
        for cidr in desired.onprem_cidrs
        if not any(table and _routes(table, cidr) for table in tables)
    ]
    if lost:
        yield (
            f"no route towards {_names(lost)} through a virtual private gateway or a transit "
            f"gateway from {_names(desired.subnets)}"
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


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _listed(names: Iterable[str]) -> str:
    text = _names(names)
    return f" ({text})" if text else ""


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
