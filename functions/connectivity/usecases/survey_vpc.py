"""Survey a VPC: everything that deciding needs to know, read once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from connectivity.domain import catalogue, plan
from connectivity.domain.errors import UnknownVpc
from connectivity.domain.ledger import RESOLVER, Entry
from connectivity.domain.model import InboundResolver
from connectivity.domain.resolver_adoption import candidates
from connectivity.domain.survey import Survey
from connectivity.domain.wish import Options
from connectivity.usecases.ports import (
    Endpoints,
    Groups,
    HostedZones,
    Ledger,
    Parameters,
    Resolvers,
    Vpcs,
)
from connectivity.usecases.settings import Settings


@dataclass(frozen=True)
class World:
    """Everything that can be looked at."""

    vpcs: Vpcs
    endpoints: Endpoints
    groups: Groups
    resolvers: Resolvers
    hosted_zones: HostedZones
    parameters: Parameters
    ledger: Ledger


def survey_vpc(vpc_id: str, options: Options, world: World, settings: Settings) -> Survey:
    """Raises UnknownVpc if it went away."""
    entry, region = world.ledger.read(vpc_id), settings.region
    vpc = world.vpcs.find(vpc_id)
    if vpc is None:
        raise UnknownVpc(f"{vpc_id} has just been deleted")
    names = (
        *catalogue.REQUIRED,
        *catalogue.REQUIRED_WHERE_OFFERED,
        *catalogue.requested(options.services),
    )
    full_names = [full for name in names for full in catalogue.service_names(name, region)]
    resolvers = world.resolvers.all_of_region()
    shared = candidates(resolvers, vpc_id, entry)
    return Survey(
        account=settings.account,
        region=region,
        vpc=vpc,
        dns_support=world.vpcs.dns_support(vpc_id),
        dns_hostnames=world.vpcs.dns_hostnames(vpc_id),
        subnets=world.vpcs.subnets(vpc_id),
        offered=world.endpoints.offered(full_names),
        endpoints=world.endpoints.all_in(vpc_id),
        groups=world.groups.all_in(vpc_id),
        resolvers=tuple(
            replace(r, ips=world.resolvers.addresses(r.id)) if r in shared else r for r in resolvers
        ),
        hosted_zones=world.hosted_zones.associated_with(vpc_id),
        route_tables=world.vpcs.route_tables(vpc_id),
        taken=frozenset() if shared else _taken(entry, resolvers, world),
        entry=entry,
    )


def _taken(entry: Entry, resolvers: Iterable[InboundResolver], world: World) -> frozenset[str]:
    """Asked for only while there is no resolver that could hold its addresses itself. The ledger
    alone does not say so: somebody may have deleted the one that it names."""
    recorded = entry.held.get(RESOLVER, "")
    ours = plan.our_resolver_id(resolvers, recorded, also_deleting=True)
    if ours or not entry.resolver_ips:
        return frozenset()
    in_use = world.vpcs.addresses_in_use(entry.vpc_id, entry.resolver_ips)
    return in_use & entry.resolver_ips.keys()
