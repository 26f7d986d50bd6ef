"""The size of a VPC's document, known before anything is made.

Names are known from what the Region offers, and addresses are bounded by the VPC's networks. Only
CNAMEs, which interface endpoints of AWS's services do not have, are first seen by the probe.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from ipaddress import ip_network

from connectivity.domain import catalogue, tags
from connectivity.domain.desired import Desired, DesiredEndpoint
from connectivity.domain.publication import LARGEST_PARAMETER, Publication, zones_covering
from connectivity.domain.survey import Survey
from connectivity.domain.verification import example
from connectivity.domain.wish import Options


def too_large(survey: Survey, desired: Desired, options: Options) -> Iterator[str]:
    """Yield the problem, with the services to leave out, where what will be published may not fit
    into Parameter Store."""
    size = most_bytes(survey, desired)
    if size <= LARGEST_PARAMETER:
        return
    spared = _to_leave_out(survey, desired, options)
    yield (
        f"the names and addresses of {len(desired.endpoints)} services would be published in up to "
        f"{size} bytes, and a parameter of AWS Systems Manager holds {LARGEST_PARAMETER}: "
        f"leave out {', '.join(spared)} of what {tags.SERVICES} asks for, or as much as that"
    )


def most_bytes(survey: Survey, desired: Desired) -> int:
    """Return the size of the largest document that can be published of what is desired."""
    networks = desired.networks(_adopted_ips(survey, desired))
    widest = max((str(ip_network(cidr)[-1]) for cidr in networks), key=len)
    names = {
        example(name, survey.account, survey.region): (widest,) * _addresses(endpoint, survey)
        for endpoint in desired.endpoints
        for name in endpoint.private_names
    }
    private_names = {name for endpoint in desired.endpoints for name in endpoint.private_names}
    return Publication(
        account=survey.account,
        region=survey.region,
        vpc_id=desired.vpc_id,
        vpc_cidrs=networks,
        resolver_ips=(widest,) * _resolver_ips(survey, desired),
        names=names,
        zones=zones_covering(private_names),
    ).most_bytes


def _addresses(wanted: DesiredEndpoint, survey: Survey) -> int:
    """Return how many addresses an interface endpoint has, or will have."""
    found = (len(e.interfaces) for e in survey.endpoints if e.service_name == wanted.service_name)
    return max((len(wanted.subnets), len(wanted.addresses), *found))


def _adopted_ips(survey: Survey, desired: Desired) -> tuple[str, ...]:
    """Return the addresses of an adopted inbound resolver, which may lie in another VPC."""
    used = (r for r in survey.resolvers if r.id == desired.adopted_resolver)
    return tuple(ip for r in used for ip in r.addresses if ip)


def _resolver_ips(survey: Survey, desired: Desired) -> int:
    ours = survey.ownership.resolver(survey.resolvers)
    serving = desired.adopted_resolver or (ours.id if ours else None)
    there = (len(r.ips) for r in survey.resolvers if r.id == serving)
    return max((len(desired.resolver_subnets), *there))


def _to_leave_out(survey: Survey, desired: Desired, options: Options) -> Sequence[str]:
    """Return options to leave out, the largest first, until the rest fits."""
    asked, left, spared = list(options.services), desired, []
    while asked and most_bytes(survey, left) > LARGEST_PARAMETER:
        smaller = {
            option: _only(desired, [other for other in asked if other != option], survey.region)
            for option in asked
        }
        name = min(asked, key=lambda option: most_bytes(survey, smaller[option]))
        left, asked = smaller[name], [option for option in asked if option != name]
        spared.append(name)
    return spared


def _only(desired: Desired, options: Sequence[str], region: str) -> Desired:
    """Return what would be desired if only these services were asked for."""
    asked = catalogue.requested(options, region)
    kept = {*catalogue.REQUIRED, *catalogue.REQUIRED_WHERE_OFFERED, *asked}
    return replace(desired, endpoints=tuple(e for e in desired.endpoints if e.service in kept))
