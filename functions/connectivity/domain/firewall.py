"""The firewall sheet: what a company's firewalls have to let through, before anything is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connectivity.domain.desired import Desired, DesiredEndpoint
from connectivity.domain.model import Subnet
from connectivity.domain.survey import Survey


def firewall_sheet(desired: Desired, survey: Survey) -> tuple[str, ...]:
    """Return a line for each flow: from, to, port, and for what. All begin on-premises; what comes
    back belongs to them, and needs a line of its own only where a filter knows no connections."""
    sources = " ".join(desired.onprem_cidrs)
    resolver = " ".join(_resolver(desired, survey))
    subnets = dict.fromkeys(n for e in desired.endpoints for n in _places(e, survey))
    names = " ".join(name for e in desired.endpoints for name in e.private_names)
    return (
        f"from the DNS hosts in {sources} to {resolver}: 53/udp and 53/tcp, to ask for the names",
        f"from the container hosts and the DNS hosts in {sources} to {' '.join(subnets)}: 443/tcp, "
        f"for {names}",
        f"back, only through a filter that knows no connections: from those to {sources}, "
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


def _places(endpoint: DesiredEndpoint, survey: Survey) -> tuple[str, ...]:
    """Return where an endpoint is, or will be: an adopted one stands where its owner put it."""
    if endpoint.addresses:
        return endpoint.addresses
    adopted = (e.subnets for e in survey.endpoints if e.id == endpoint.adopted)
    return _networks(next(adopted, endpoint.subnets), survey.subnets)


def _networks(ids: Iterable[str], subnets: Iterable[Subnet]) -> tuple[str, ...]:
    cidr_of = {subnet.id: subnet.cidr or subnet.id for subnet in subnets}
    return tuple(dict.fromkeys(cidr_of.get(id_, id_) for id_ in ids))
