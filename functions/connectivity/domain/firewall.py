"""The firewall sheet: what a company's firewalls have to let through, before anything is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from connectivity.domain.answered_elsewhere import (
    addresses_by_records,
    as_asked,
    described,
    sources,
)
from connectivity.domain.desired import Desired, DesiredEndpoint
from connectivity.domain.model import Profile, Subnet
from connectivity.domain.printable import listed
from connectivity.domain.survey import Survey

MOST_ANSWERING = 2
"""Zones, rules and Profiles that a line describes."""


def firewall_sheet(desired: Desired, survey: Survey) -> tuple[str, ...]:
    """Return a line for each flow: from, to, port, and for what. All begin on-premises; what comes
    back belongs to them, and needs a line of its own only where a filter knows no connections."""
    onprem = " ".join(desired.onprem_cidrs)
    resolver = " ".join(_resolver(desired, survey))
    return (
        f"from the DNS hosts in {onprem} to {resolver}: 53/udp and 53/tcp, to ask for the names",
        *(
            f"from the container hosts and the DNS hosts in {onprem} to {to}"
            for to in _calls(desired, survey)
        ),
        f"back, only through a filter that knows no connections: from those to {onprem}, "
        "1024-65535/udp and 1024-65535/tcp",
        "to the internet: nothing, for these names. From AWS to on-premises: nothing",
    )


def _resolver(desired: Desired, survey: Survey) -> Iterator[str]:
    """Yield the addresses as far as they are known, else the networks that they will lie in."""
    adopted = (r for r in survey.resolvers if r.id == desired.adopted_resolver)
    there = next((r.addresses for r in adopted), None) or tuple(
        r for r in survey.entry.resolver_ips if survey.ownership.resolver(survey.resolvers)
    )
    yield from sorted(there or desired.promised)
    if not there:
        rest = [*desired.resolver_subnets]
        for subnet in desired.promised.values():
            if subnet in rest:
                rest.remove(subnet)
        yield from (f"{network} (an address in it)" for network in _networks(rest, survey.subnets))


def _calls(desired: Desired, survey: Survey) -> Iterator[str]:
    """Yield the second half of the lines to interface endpoints: one for all of which it is known
    where they are or will be, and one for names that have to be asked for first."""
    places = {endpoint: _places(endpoint, survey) for endpoint in desired.endpoints}
    there = dict.fromkeys(place for known in places.values() for place in known)
    if there:
        names = _names(endpoint for endpoint, known in places.items() if known)
        yield f"{' '.join(there)}: 443/tcp, for {' '.join(names)}"
    if unknown := _names(endpoint for endpoint, known in places.items() if not known):
        yield _to_ask_first(unknown, survey)


def _places(endpoint: DesiredEndpoint, survey: Survey) -> tuple[str, ...]:
    """Return where an endpoint is, or will be: an adopted one stands where its owner put it. Empty
    where nobody can see where its names lead before they were asked for."""
    if endpoint.addresses:
        return endpoint.addresses
    if endpoint.adopted is None:
        return _networks(endpoint.subnets, survey.subnets)
    here = next((e for e in survey.endpoints if e.id == endpoint.adopted), None)
    if here:
        return _networks(here.subnets, survey.subnets)
    return addresses_by_records(survey, endpoint.service_name, endpoint.private_names)


def _to_ask_first(names: Sequence[str], survey: Survey) -> str:
    """Return the second half of a line to addresses that nobody knows yet, and how to know them. A
    Profile may hold some of the names only."""
    vpc = survey.vpc
    answering = dict.fromkeys(sources(survey, name)[0] for name in names)
    who = listed((described(survey, source) for source in answering), most=MOST_ANSWERING)
    profiles = (source.id for source in answering if isinstance(source, Profile))
    made = (f". What {id_} does not answer for is made in {vpc.id}" for id_ in profiles)
    return (
        f"addresses that are known once they were asked for: 443/tcp, for {' '.join(names)}, "
        f"answered by {who}: enable, or ask in {vpc.id}, as with dig +short @{vpc.dns_server} "
        f"{as_asked(survey, names[0])}{next(made, '')}"
    )


def _names(endpoints: Iterable[DesiredEndpoint]) -> tuple[str, ...]:
    return tuple(name for endpoint in endpoints for name in endpoint.private_names)


def _networks(ids: Iterable[str], subnets: Iterable[Subnet]) -> tuple[str, ...]:
    cidr_of = {subnet.id: subnet.cidr or subnet.id for subnet in subnets}
    return tuple(dict.fromkeys(cidr_of.get(id_, id_) for id_ in ids))
