"""Derivation of the desired resources from the wish, and from what the VPC and the Region offer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from connectivity.domain import catalogue, ledger, placement, policy_presets, routes
from connectivity.domain.adopted_names import adoption_of, is_served
from connectivity.domain.desired import Desired, DesiredEndpoint
from connectivity.domain.model import OfferedService, Subnet
from connectivity.domain.placement import Candidate
from connectivity.domain.resolver_adoption import adopted_resolver
from connectivity.domain.survey import Limits, Survey
from connectivity.domain.wish import Options


def derive(survey: Survey, options: Options, limits: Limits) -> Desired:
    """Return what shall be there, of a VPC that meets every precondition."""
    services = wanted(survey, options)
    chosen = chosen_subnets(survey, options, limits)
    ranked = placement.ranked_zones(chosen, tuple(services.values()))
    endpoints = tuple(
        _endpoint(name, service, _Place(survey, chosen, ranked, limits.zones))
        for name, service in services.items()
    )
    let_in = policy_presets.whose(options.endpoint_policy, survey.account)
    endpoints = tuple(
        replace(each, policy=let_in)
        if each.adopted is None and services[each.service].takes_policy
        else each
        for each in endpoints
    )
    shared = adopted_resolver(survey, options.onprem_cidrs)
    near = _near_promises(survey, chosen, ranked)[: limits.zones]
    stays = shared is not None or our_resolver(survey) is not None
    asked = {} if stays else _asked_for(survey, options)
    resolver_subnets = tuple(asked.values()) or placement.resolver_subnets(
        near, limits.resolver_ips
    )
    promised = {} if stays else asked or _promised_again(survey, resolver_subnets)
    return Desired(
        vpc_id=survey.vpc.id,
        vpc_cidrs=survey.vpc.cidrs,
        onprem_cidrs=options.onprem_cidrs,
        endpoints=endpoints,
        resolver_subnets=resolver_subnets,
        promised=promised,
        given_up=() if stays else tuple(sorted(survey.entry.resolver_ips.keys() - promised.keys())),
        gateway_service=_gateway_service(survey, services),
        adopted_resolver=shared.id if shared else None,
        probe_subnets=placement.clear_of(promised, _candidates(survey, options), limits.zones),
        rules_per_group=limits.rules_per_security_group,
    )


def chosen_subnets(survey: Survey, options: Options, limits: Limits) -> dict[str, Candidate]:
    """Return zone -> the subnet to use in it, of those with room."""
    needed = addresses_needed(survey, options, limits)
    return placement.subnet_per_zone(_candidates(survey, options), needed)


def usable_subnets(survey: Survey) -> tuple[Subnet, ...]:
    return tuple(s for s in survey.subnets if placement.unusable(s, survey.region) is None)


def _candidates(survey: Survey, options: Options) -> Iterator[Candidate]:
    in_use = _in_use(survey)
    for subnet in usable_subnets(survey):
        reached = (routes.leads_towards(survey, subnet.id, c) for c in options.onprem_cidrs)
        yield Candidate(
            subnet,
            in_use=subnet.id in in_use,
            unreached=sum(not each for each in reached),
            public=routes.is_public(survey, subnet.id),
        )


def _in_use(survey: Survey) -> frozenset[str]:
    """Return the subnets that things of ours stand in: what is made later comes beside them."""
    ours = (e for e in survey.endpoints if e.exists and survey.ownership.of_endpoint(e))
    resolver = survey.entry.resolver_ips.values() if our_resolver(survey) else ()
    return frozenset({*(subnet for e in ours for subnet in e.subnets), *resolver})


@dataclass(frozen=True)
class _Place:
    """The place of one interface endpoint."""

    survey: Survey
    chosen: dict[str, Candidate]
    ranked: tuple[str, ...]
    zones: int

    def subnets_for(self, service: OfferedService) -> tuple[str, ...]:
        """Return the subnets of a service's interface endpoint: once made, it stays in its own."""
        entry = self.survey.entry
        zones = placement.zones_for(service, self.ranked, self.zones)
        preferred = tuple(self.chosen[zone].subnet.id for zone in zones)
        ours = [
            e
            for e in self.survey.endpoints
            if e.exists
            and e.type == "Interface"
            and e.service_name == service.name
            and self.survey.ownership.of_endpoint(e)
        ]
        if not ours:
            return preferred
        there = min(ours, key=lambda e: e.id)
        zone_of = {s.id: s.zone for s in self.survey.subnets if s.zone in service.zones}
        before = entry.served.subnets.get(there.id, ())
        return placement.completed(there.subnets, before, preferred, zone_of, self.zones)


def _endpoint(name: str, service: OfferedService, place: _Place) -> DesiredEndpoint:
    found = adoption_of(place.survey, service)
    return DesiredEndpoint(
        service=name,
        service_name=service.name,
        private_names=found.names if found else service.private_names,
        subnets=place.subnets_for(service),
        adopted=found.id if found else None,
        addresses=found.addresses if found else (),
    )


def wanted(survey: Survey, options: Options) -> dict[str, OfferedService]:
    """Return short name -> the service as the Region offers it, the required ones first, in
    order."""
    names = (
        *catalogue.REQUIRED,
        *catalogue.REQUIRED_WHERE_OFFERED,
        *catalogue.requested(options.services, survey.region),
    )
    found = {name: offered(survey, name) for name in names}
    return {name: service for name, service in found.items() if service is not None}


def offered(survey: Survey, name: str) -> OfferedService | None:
    candidates = catalogue.service_names(name, survey.region)
    return next((survey.offered[c] for c in candidates if c in survey.offered), None)


def missing(survey: Survey, options: Options) -> list[str]:
    """Return the wanted services for which nothing is there yet, neither ours nor adopted."""
    return [n for n, service in wanted(survey, options).items() if not is_served(survey, service)]


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
    survey: Survey, chosen: dict[str, Candidate], ranked: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the resolver's subnets; first those in which addresses were promised to on-premises.
    One that somebody took since is no reason for a subnet, which may be full by now."""
    zone_of = {subnet.id: subnet.zone for subnet in usable_subnets(survey)}
    kept = {subnet for ip, subnet in _promises_now(survey).items() if ip not in survey.taken}
    promised = {zone_of[subnet]: subnet for subnet in sorted(kept) if subnet in zone_of}
    zones = sorted(ranked, key=lambda zone: zone not in promised)
    return tuple(promised.get(zone, chosen[zone].subnet.id) for zone in zones)


def _promised_again(survey: Survey, subnets: tuple[str, ...]) -> dict[str, str]:
    """Return address -> subnet of what the resolver is asked to have again: one for each of its
    places, as far as there are places where the addresses belong."""
    places = Counter(subnets)
    again: dict[str, str] = {}
    for ip, subnet in sorted(_promises_now(survey).items()):
        if ip not in survey.taken and places[subnet]:
            places[subnet] -= 1
            again[ip] = subnet
    return again


def _asked_for(survey: Survey, options: Options) -> dict[str, str]:
    """Return address -> subnet of what a person has chosen for the resolver."""
    holders = {ip: placement.holder_of(ip, survey.subnets) for ip in options.resolver_ips}
    return {ip: subnet.id for ip, subnet in holders.items() if subnet}


def _promises_now(survey: Survey) -> dict[str, str]:
    """Return address -> the subnet that holds it now: subnets are replaced by others with the same
    network, and the address is what on-premises knows."""
    promises = survey.entry.resolver_ips.items()
    holders = ((ip, before, placement.holder_of(ip, survey.subnets)) for ip, before in promises)
    return {ip: holder.id if holder else before for ip, before, holder in holders}


def _gateway_service(survey: Survey, services: dict[str, OfferedService]) -> str | None:
    """Return the service for which we keep a gateway endpoint: S3, unless somebody else keeps one,
    or the interface endpoint itself. The one that we have begun is ours, although nobody knows yet
    which it is."""
    service = services.get(catalogue.GATEWAY_FIRST)
    if service is None or adoption_of(survey, service):
        return None
    gateway = catalogue.gateway_name(survey.region)
    begun = ledger.gateway_purpose(gateway) in ledger.begun_endpoints(survey.entry)
    theirs = any(
        endpoint.type == "Gateway"
        and endpoint.service_name == gateway
        and endpoint.exists
        and not survey.ownership.of_endpoint(endpoint)
        for endpoint in survey.endpoints
    )
    return gateway if begun or not theirs else None
