"""Names that something else answers in the VPC before private DNS would: private hosted zones,
Resolver rules and Route 53 Profiles. Landing zones serve these very names that way, so that what
they lead to is used as it is, or the run stops
(docs/decisions/0050-names-are-adopted-as-they-are-served.md).

What they answer is asked for by the probe, at the VPC's own DNS server, before anything is made.
Records are read only to say more precisely what is wrong: AWS shows those of no other account.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network

from connectivity.domain.model import HostedZone, OfferedService, Profile, ResolverRule
from connectivity.domain.networks import is_private
from connectivity.domain.survey import Survey
from connectivity.domain.verification import example

Source = HostedZone | ResolverRule | Profile

_ENDPOINT = re.compile(r"vpce-[0-9a-f]+")
_ADDRESS = re.compile(r"[0-9]+(\.[0-9]+){3}")


def sources(survey: Survey, private_name: str) -> tuple[Source, ...]:
    """Return what answers for a private name, or for what its wildcard is below, instead of private
    DNS; the first is the one that wins.

    Of the rules and the private hosted zones of a VPC the most specific name wins, and of the same
    name the rule: a rule or a zone for `amazonaws.com` does no harm. Source: Route 53 developer
    guide, "Considerations when working with a private hosted zone" and "How Resolver determines
    whether the domain name in a query matches any rules".
    """
    name = private_name.removeprefix("*.")
    rules = (r for r in survey.resolver_rules if r.domain == name or r.domain.endswith(f".{name}"))
    zones = (zone for zone in survey.hosted_zones if zone.name == name)
    profile = (survey.profile,) if survey.profile else ()
    by_rule, by_zone = sorted(rules, key=lambda r: r.id), sorted(zones, key=lambda z: z.id)
    return (*by_rule, *by_zone, *profile)


def answered_names(survey: Survey, service: OfferedService) -> tuple[str, ...]:
    """Return the private names of a service that something else answers for. A Profile may hold
    anything: it counts until it was asked, and then where what came is not the public answer."""
    return tuple(
        name
        for name in service.private_names
        if (there := sources(survey, name))
        and not (isinstance(there[0], Profile) and _is_public(survey, name))
    )


def is_inside(survey: Survey, ip: str) -> bool:
    """Tell whether an address is one of a private network, or of the VPC."""
    address = IPv4Address(ip)
    return is_private(ip) or any(address in IPv4Network(cidr) for cidr in survey.vpc.cidrs)


def _is_public(survey: Survey, private_name: str) -> bool:
    """Tell whether a name is known to answer what it answers everywhere."""
    said = survey.answers.get(as_asked(survey, private_name))
    if said is None:
        return False
    public = said.addresses and not any(is_inside(survey, ip) for ip in said.addresses)
    return bool(public) or said.error == "NXDOMAIN"


def names_to_ask(survey: Survey, services: Mapping[str, OfferedService]) -> tuple[str, ...]:
    """Return the names to ask for, if the answers are not all known: none where nothing stands
    before private DNS, which is the usual case."""
    asked = tuple(
        dict.fromkeys(
            as_asked(survey, name)
            for service in services.values()
            for name in service.private_names
            if sources(survey, name)
        )
    )
    return () if survey.answers.keys() >= {*asked} else asked


def as_asked(survey: Survey, private_name: str) -> str:
    """Return the name that stands for a private name in a question."""
    return example(private_name, survey.account, survey.region)


def zones_of(
    zones: tuple[HostedZone, ...], services: Mapping[str, OfferedService]
) -> tuple[HostedZone, ...]:
    """Return the zones whose name is a private name of a service, or what its wildcard is below."""
    names = {n.removeprefix("*.") for service in services.values() for n in service.private_names}
    return tuple(sorted((z for z in zones if z.name in names), key=lambda z: (z.name, z.id)))


def unasked_warnings(survey: Survey, services: Mapping[str, OfferedService]) -> Iterator[str]:
    """Yield a warning, if any, that says of a plan what the probe would be asked first."""
    if names := names_to_ask(survey, services):
        there = {
            described(survey, source): None
            for service in services.values()
            for name in answered_names(survey, service)
            for source in sources(survey, name)[:1]
        }
        yield (
            f"the probe asks for {', '.join(names)} in {survey.vpc.id} before anything is made, "
            f"because of {', '.join(there)}: what fits is used as it is"
        )


def endpoints_named(zones: Iterable[HostedZone]) -> frozenset[str]:
    """Return the ids of the interface endpoints to which the zones' own names lead."""
    targets = (target for zone in zones for target in zone.leads_to or ())
    return frozenset(found[0] for target in targets if (found := _ENDPOINT.search(target)))


def addresses_by_records(
    survey: Survey, service_name: str, names: Iterable[str]
) -> tuple[str, ...]:
    """Return the addresses to which records lead for private names of a service, before anybody has
    asked; empty where somebody may not see, of one of the names, where it leads."""
    found: set[str] = set()
    for name in names:
        first = sources(survey, name)[0]
        targets = (first.leads_to if isinstance(first, HostedZone) else None) or ()
        led_to = [_addresses_at(survey, service_name, target) for target in targets]
        if not led_to or not all(led_to):
            return ()
        found.update(ip for addresses in led_to for ip in addresses)
    return tuple(sorted(found))


def _addresses_at(survey: Survey, service_name: str, target: str) -> tuple[str, ...]:
    """Return the private addresses of a record's target, empty where they cannot be seen."""
    if _ADDRESS.fullmatch(target):
        return (target,) if is_inside(survey, target) else ()
    named = _ENDPOINT.search(target)
    return tuple(
        survey.addresses[interface]
        for endpoint in survey.led_to
        if named and endpoint.id == named[0] and endpoint.exists
        if endpoint.service_name == service_name
        for interface in endpoint.interfaces
        if interface in survey.addresses
    )


def described(survey: Survey, source: Source) -> str:
    """Return what it is, whose it is, and where it leads, as far as that can be seen."""
    whose = f" of account {source.owner}" if source.owner else ""
    match source:
        case ResolverRule():
            where = f" to {' '.join(source.targets)}" if source.targets else ""
            return f"the Resolver rule {source.id}{whose}, which forwards {source.domain}{where}"
        case HostedZone():
            foreign = whose if source.owner != survey.account else ""
            return f"the private hosted zone {source.id}{foreign} ({_leads_to(source)})"
        case Profile():
            return f"the Route 53 Profile {source.id}{whose}"


def how_to_look(source: Source, name: str) -> str:
    """Return the command with which the owner of what answers sees why."""
    match source:
        case ResolverRule():
            return f"aws route53resolver get-resolver-rule --resolver-rule-id {source.id}"
        case HostedZone():
            return (
                f"aws route53 list-resource-record-sets --hosted-zone-id {source.id} "
                f"--start-record-name {name}"
            )
        case Profile():
            return (
                f"aws route53profiles list-profile-resource-associations --profile-id {source.id}"
            )


def _leads_to(zone: HostedZone) -> str:
    if zone.leads_to is None:
        return "its records cannot be seen from here"
    if not zone.leads_to:
        return "no record of its own name"
    endpoints = [m[0] for target in zone.leads_to if (m := _ENDPOINT.search(target))]
    return f"leads to {' '.join(dict.fromkeys(endpoints or zone.leads_to))}"
