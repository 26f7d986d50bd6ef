"""Survey a VPC: everything that deciding needs to know, read once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from connectivity.domain import catalogue
from connectivity.domain.errors import UnknownVpc
from connectivity.domain.model import InboundResolver
from connectivity.domain.ownership import Ownership
from connectivity.domain.resolver_adoption import candidates
from connectivity.domain.survey import Survey
from connectivity.domain.wish import Options
from connectivity.usecases.aws import Aws


def survey_vpc(vpc_id: str, options: Options, aws: Aws) -> Survey:
    """Return everything that the preconditions look at. Raises UnknownVpc if the VPC went away."""
    entry, region = aws.ledger.read(vpc_id), aws.settings.region
    ownership = aws.ownership(entry)
    vpc = aws.vpcs.find(vpc_id)
    if vpc is None:
        raise UnknownVpc(f"{vpc_id} has just been deleted")
    names = (
        *catalogue.REQUIRED,
        *catalogue.REQUIRED_WHERE_OFFERED,
        *catalogue.requested(options.services),
    )
    full_names = [full for name in names for full in catalogue.service_names(name, region)]
    resolvers = aws.resolvers.all_of_region()
    shared = candidates(resolvers, ownership)
    return Survey(
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
            replace(r, ips=aws.resolvers.addresses(r.id)) if r in shared else r for r in resolvers
        ),
        hosted_zones=aws.hosted_zones.associated_with(vpc_id),
        route_tables=aws.vpcs.route_tables(vpc_id),
        taken=frozenset() if shared else _taken(ownership, resolvers, aws),
        entry=entry,
    )


def _taken(ownership: Ownership, resolvers: Iterable[InboundResolver], aws: Aws) -> frozenset[str]:
    """Return the promised addresses that something else holds. Asked for only while there is no
    resolver that could hold its addresses itself. The ledger alone does not say so: somebody may
    have deleted the one that it names."""
    entry = ownership.entry
    if ownership.resolver(resolvers, also_deleting=True) or not entry.resolver_ips:
        return frozenset()
    in_use = aws.vpcs.addresses_in_use(entry.vpc_id, entry.resolver_ips)
    return in_use & entry.resolver_ips.keys()
