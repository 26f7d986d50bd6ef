"""Survey a VPC: everything that deciding needs to know, read once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from connectivity.domain import adoption, answered_elsewhere, catalogue, routes
from connectivity.domain.derivation import wanted
from connectivity.domain.doubt import PATIENCE, UNASKED
from connectivity.domain.hub_resolver import may_be_served_by_a_hub
from connectivity.domain.ledger import REBUILT, RESOLVER, known_id
from connectivity.domain.model import HostedZone, InboundResolver, OfferedService
from connectivity.domain.ownership import Ownership
from connectivity.domain.policy_presets import is_organization
from connectivity.domain.resolver_adoption import candidates, is_serving
from connectivity.domain.survey import Survey
from connectivity.domain.wish import Options
from connectivity.usecases.asked import Wished
from connectivity.usecases.aws import Aws
from connectivity.usecases.ports import HostedZones, Vpcs
from connectivity.usecases.run import Run


def survey_vpc(wished: Wished, run: Run, aws: Aws) -> Survey:
    """Return everything that the preconditions look at, of a VPC that was just read."""
    vpc, entry, options = wished.vpc, wished.entry, wished.options
    vpc_id, region = vpc.id, aws.settings.region
    ownership = aws.ownership(entry)
    names = (
        *catalogue.REQUIRED,
        *catalogue.REQUIRED_WHERE_OFFERED,
        *catalogue.requested(options.services, region),
    )
    full_names = [full for name in names for full in catalogue.service_names(name, region)]
    resolvers = _resolvers(wished, ownership, aws)
    shared = candidates(resolvers, ownership, options.resolver)
    ours = ownership.resolver(resolvers)
    survey = Survey(
        owner=aws.settings.us,
        account=aws.settings.account,
        region=region,
        vpc=vpc,
        dns_support=aws.vpcs.dns_support(vpc_id),
        dns_hostnames=aws.vpcs.dns_hostnames(vpc_id),
        subnets=aws.vpcs.subnets(vpc_id),
        offered=aws.endpoints.offered(full_names),
        endpoints=aws.endpoints.all_in(vpc_id),
        groups=aws.groups.all_in(vpc_id),
        resolvers=tuple(
            replace(r, ips=aws.resolvers.addresses(r.id)) if r in shared or r == ours else r
            for r in resolvers
        ),
        hosted_zones=aws.hosted_zones.associated_with(vpc_id),
        resolver_rules=aws.resolvers.rules_of(vpc_id),
        profile=aws.hosted_zones.profile_of(vpc_id) if _may_be_of_a_profile(wished) else None,
        route_tables=aws.vpcs.route_tables(vpc_id),
        taken=frozenset() if shared else _taken(wished, resolvers, aws),
        entry=entry,
        named_resolver=options.resolver,
        organization=_organization(options, aws),
    )
    survey = _with_other_vpcs(_with_answers(survey, wished, run, aws), wished.options, aws)
    return replace(survey, prefix_lists=_prefix_lists(survey, aws.vpcs))


def _organization(options: Options, aws: Aws) -> str | None:
    """Ask for the account's organization only where one is chosen."""
    return aws.organizations.own() if is_organization(options.endpoint_policy) else None


def _with_answers(survey: Survey, wished: Wished, run: Run, aws: Aws) -> Survey:
    """Add what is known of names that something else answers for; nothing stands before private
    DNS as a rule, and then nothing is looked for."""
    services = wanted(survey, wished.options)
    names = {name for service in services.values() for name in service.private_names}
    if not any(answered_elsewhere.sources(survey, name) for name in names):
        return survey
    known = survey.entry.answers if _are_believed(wished, run) else {}
    survey = replace(survey, answers=known)
    answered = [s for s in services.values() if answered_elsewhere.answered_names(survey, s)]
    survey = replace(survey, hosted_zones=_read_zones(survey, wished.options, aws.hosted_zones))
    if not answered or not known:
        return _with_what_records_name(survey, answered, wished, aws)
    asked = (answered_elsewhere.as_asked(survey, n) for s in answered for n in s.private_names)
    ips = {ip for name in asked if name in known for ip in known[name].addresses}
    addresses = aws.endpoints.interfaces_at(ips)
    there = aws.endpoints.of_services([s.name for s in answered]) if addresses else ()
    led_to = tuple(e for e in there if addresses.keys() & {*e.interfaces})
    return replace(survey, led_to=led_to, addresses=addresses)


def _with_what_records_name(
    survey: Survey, answered: list[OfferedService], wished: Wished, aws: Aws
) -> Survey:
    """Add the interface endpoints that records of zones name, before anybody has asked what the
    names answer: so that a plan can tell from where they are served. Whoever enables asks."""
    ids = answered_elsewhere.endpoints_named(survey.hosted_zones)
    there = aws.endpoints.of_services([s.name for s in answered]) if ids and answered else ()
    led_to = tuple(e for e in there if e.id in ids)
    interfaces = [i for e in led_to for i in e.interfaces] if wished.only_plan else []
    return replace(survey, led_to=led_to, addresses=aws.endpoints.addresses(interfaces))


def _with_other_vpcs(survey: Survey, options: Options, aws: Aws) -> Survey:
    """Add what decides, and what is told, of the other VPCs from which something is used or may be:
    the one of the inbound resolver that is named, and those to which names lead."""
    shared = candidates(survey.resolvers, survey.ownership, options.resolver)
    stand_in = {*(e.vpc for e in survey.led_to), *(resolver.vpc for resolver in shared)}
    vpcs = sorted(stand_in - {survey.vpc.id})
    if not vpcs:
        return survey
    hubs = vpcs if may_be_served_by_a_hub(survey, options) else []
    there = (resolver for vpc in hubs for resolver in aws.resolvers.in_vpc(vpc))
    return replace(
        survey,
        other_groups=tuple(group for vpc in vpcs for group in aws.groups.all_in(vpc)),
        other_routes={vpc: aws.vpcs.route_tables(vpc) for vpc in vpcs},
        hub_resolvers=tuple(r for r in there if is_serving(r)),
    )


def _resolvers(wished: Wished, ownership: Ownership, aws: Aws) -> tuple[InboundResolver, ...]:
    """Return the resolvers in the VPC, and the one that its tag names, where that stands in another
    VPC and may be used."""
    here, named = aws.resolvers.in_vpc(wished.vpc.id), wished.options.resolver
    is_elsewhere = named and named not in {each.id for each in here}
    if not is_elsewhere or known_id(wished.entry, RESOLVER) or ownership.resolver(here):
        return here
    return (*here, *(each for each in aws.resolvers.of_region() if each.id == named))


def with_resolvers_of_region(survey: Survey, aws: Aws) -> Survey:
    """Return the survey with the Region's resolvers, which the quota counts, where one is to be
    made. AWS lists a hundred a call, and takes five calls a second from a whole account: it is
    asked only where the answer decides."""
    ownership, resolvers = survey.ownership, survey.resolvers
    shared = candidates(resolvers, ownership, survey.named_resolver)
    if shared or survey.named_resolver or ownership.resolver(resolvers):
        return survey
    ids = tuple(each.id for each in aws.resolvers.of_region())
    return replace(survey, resolvers_of_region=ids)


def _may_be_of_a_profile(wished: Wished) -> bool:
    """Tell whether to look for the VPC's Profile: not at every look at a VPC that is connected
    without one. Its next verification looks again."""
    entry = wished.entry
    is_known = entry.served.wish not in ("", REBUILT)
    return bool(not is_known or entry.answers or entry.doubt or wished.verifies)


def _are_believed(wished: Wished, run: Run) -> bool:
    """Tell whether what names answered is believed without asking again: in the same round; of a
    connected VPC until it is verified again, or fails; and by sweeps for as long as what failed
    rests."""
    entry = wished.entry
    if entry.answered_in == f"{run.execution}#{entry.knocks}":
        return True
    if wished.verifies or entry.doubt:
        return False
    rests = run.now - entry.answered_at < PATIENCE.total_seconds()
    return bool(entry.served.wish) or (wished.because in UNASKED and rests)


def _read_zones(
    survey: Survey, options: Options, hosted_zones: HostedZones
) -> tuple[HostedZone, ...]:
    """Look into the zones that answer for names of ours: those of this account, as AWS shows the
    records of no other. None are there as a rule, and then nothing is asked."""
    answering = answered_elsewhere.zones_of(survey.hosted_zones, wanted(survey, options))
    return tuple(
        replace(zone, leads_to=hosted_zones.leads_to(zone))
        if zone in answering and zone.owner == survey.account
        else zone
        for zone in survey.hosted_zones
    )


def _prefix_lists(survey: Survey, vpcs: Vpcs) -> dict[str, tuple[str, ...]]:
    """Read the prefix lists by which somebody else's things admit on-premises, or routes lead to
    it: one call for each, and none where there are none."""
    answering = (
        *(e for e in survey.endpoints if e.private_dns and e.service_name in survey.offered),
        *survey.led_to,
    )
    theirs = (e.security_groups for e in answering if not survey.ownership.of_endpoint(e))
    shared = candidates(survey.resolvers, survey.ownership, survey.named_resolver)
    groups = {g for each in (*theirs, *(r.security_groups for r in shared)) for g in each}
    named = adoption.prefix_lists_of(survey, groups) | routes.prefix_lists_of(
        survey.route_tables, survey.endpoints
    )
    read = {prefix_list: vpcs.prefix_list(prefix_list) for prefix_list in sorted(named)}
    return {prefix_list: networks for prefix_list, networks in read.items() if networks is not None}


def _taken(wished: Wished, resolvers: Iterable[InboundResolver], aws: Aws) -> frozenset[str]:
    """Return the promised and the chosen addresses that something else holds. Asked for only while
    there is no resolver that could hold its addresses itself. The ledger alone does not say so:
    somebody may have deleted the one that it names."""
    entry = wished.entry
    addresses = frozenset({*entry.resolver_ips, *wished.options.resolver_ips})
    there = aws.ownership(entry).resolver(resolvers, also_deleting=True)
    if there or not addresses:
        return frozenset()
    return aws.vpcs.addresses_in_use(entry.vpc_id, addresses) & addresses
