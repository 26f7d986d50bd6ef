"""What shall be there follows from what is asked for and what the VPC and the Region offer."""

from __future__ import annotations

from connectivity.domain import catalogue, ledger, placement
from connectivity.domain.adoption import foreign_endpoint
from connectivity.domain.desired import Desired, DesiredEndpoint
from connectivity.domain.model import OfferedService
from connectivity.domain.resolver_adoption import adopted_resolver
from connectivity.domain.survey import Limits, Survey
from connectivity.domain.wish import Options


def derive(survey: Survey, options: Options, limits: Limits) -> Desired:
    """Return what shall be there in a VPC that meets every precondition."""
    services = wanted(survey, options)
    needed = addresses_needed(survey, options, limits)
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
            adopted=foreign.id if (foreign := foreign_endpoint(survey, service)) else None,
        )
        for name, service in services.items()
    )
    shared = adopted_resolver(survey, options.onprem_cidrs)
    near = _near_promises(survey, subnet_of, ranked)[: limits.zones]
    return Desired(
        vpc_id=survey.vpc.id,
        vpc_cidrs=survey.vpc.cidrs,
        onprem_cidrs=options.onprem_cidrs,
        endpoints=endpoints,
        resolver_subnets=placement.resolver_subnets(near, limits.resolver_ips),
        given_up=() if our_resolver(survey) else tuple(sorted(survey.taken)),
        gateway_service=_gateway_service(survey, services),
        adopted_resolver=shared.id if shared else None,
    )


def wanted(survey: Survey, options: Options) -> dict[str, OfferedService]:
    """Short name -> the service as the region offers it, required ones first, in order."""
    names = (
        *catalogue.REQUIRED,
        *catalogue.REQUIRED_WHERE_OFFERED,
        *catalogue.requested(options.services),
    )
    found = {name: offered(survey, name) for name in names}
    return {name: service for name, service in found.items() if service is not None}


def offered(survey: Survey, name: str) -> OfferedService | None:
    candidates = catalogue.service_names(name, survey.region)
    return next((survey.offered[c] for c in candidates if c in survey.offered), None)


def missing(survey: Survey, options: Options) -> list[str]:
    """Return the wanted services for which nothing is there yet, neither ours nor adopted."""
    there = {
        endpoint.service_name
        for endpoint in survey.endpoints
        if endpoint.exists
        and endpoint.type == "Interface"
        and (endpoint.private_dns or survey.ownership.of_endpoint(endpoint))
    }
    return [n for n, service in wanted(survey, options).items() if service.name not in there]


def our_resolver(survey: Survey) -> str | None:
    """Return the id of our inbound resolver, if it is there and is not being deleted."""
    resolver = survey.ownership.resolver(survey.resolvers)
    return resolver.id if resolver else None


def addresses_needed(survey: Survey, options: Options, limits: Limits) -> int:
    """Return the number of free addresses that a subnet needs: one per missing interface endpoint,
    the resolver's share, one for the probe."""
    is_there = our_resolver(survey) or adopted_resolver(survey, options.onprem_cidrs)
    resolver = 0 if is_there else -(-limits.resolver_ips // limits.zones)
    needed = len(missing(survey, options)) + resolver
    return needed + 1 if needed else 0


def _near_promises(
    survey: Survey, subnet_of: dict[str, str], ranked: tuple[str, ...]
) -> tuple[str, ...]:
    """The resolver's subnets; first those in which addresses were promised to on-premises. One
    that somebody took since is no reason for a subnet, which may be full by now."""
    zone_of = {subnet.id: subnet.zone for subnet in survey.subnets}
    kept = {s for ip, s in survey.entry.resolver_ips.items() if ip not in survey.taken}
    promised = {zone_of[subnet]: subnet for subnet in sorted(kept) if subnet in zone_of}
    zones = sorted(ranked, key=lambda zone: zone not in promised)
    return tuple(promised.get(zone, subnet_of[zone]) for zone in zones)


def _gateway_service(survey: Survey, services: dict[str, OfferedService]) -> str | None:
    """Return the service for which we keep a gateway endpoint: S3, unless somebody else keeps one,
    or the interface endpoint itself. The one that we have begun is ours, although nobody knows yet
    which it is."""
    service = services.get(catalogue.GATEWAY_FIRST)
    if service is None or foreign_endpoint(survey, service):
        return None
    begun = ledger.gateway_purpose(service.name) in ledger.begun_endpoints(survey.entry)
    theirs = any(
        endpoint.type == "Gateway"
        and endpoint.service_name == service.name
        and endpoint.exists
        and not survey.ownership.of_endpoint(endpoint)
        for endpoint in survey.endpoints
    )
    return service.name if begun or not theirs else None
