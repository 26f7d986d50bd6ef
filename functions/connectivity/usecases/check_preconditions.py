"""Check the preconditions: survey the VPC, decide what shall be there, plan what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectivity.domain import catalogue, plan, publication, status
from connectivity.domain.acknowledgement import Acknowledgements, read_acknowledgements
from connectivity.domain.derivation import our_resolver
from connectivity.domain.desired import Desired
from connectivity.domain.doubt import rests
from connectivity.domain.errors import UnknownVpc
from connectivity.domain.ledger import RESOLVER, Entry
from connectivity.domain.preconditions import prepare
from connectivity.domain.status import Status
from connectivity.domain.steps import Plan, RemoveEndpoint, describe
from connectivity.domain.survey import Survey
from connectivity.domain.wish import Options
from connectivity.usecases.ports import (
    Clock,
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


@dataclass(frozen=True)
class Check:
    """What shall be there, and what it takes."""

    desired: Desired
    steps: tuple[str, ...]
    surplus: bool
    """Some of the steps remove what is no longer asked for."""
    warnings: tuple[str, ...]
    converged: bool
    """Nothing to do: it is all there, verified, and published."""
    rests: bool
    """Not to be tried again yet: exactly this failed its verification."""
    monthly_dollars: float
    entry: Entry
    acknowledgements: Acknowledgements
    """Of what is published, if it is what shall be."""

    @property
    def private_names(self) -> tuple[str, ...]:
        """The names that change their answer for every workload in the VPC."""
        return tuple(name for endpoint in self.desired.ours for name in endpoint.private_names)

    @property
    def status(self) -> Status:
        """What there is to say if the run ends here."""
        if self.rests:
            return Status(self.entry.status, self.entry.detail)
        if self.converged:
            services = [endpoint.service for endpoint in self.desired.endpoints]
            ips = self.entry.resolver_ips
            return status.connected(
                services, ips, self.entry.generation, self.warnings, self.acknowledgements
            )
        return status.planned(self.steps, self.monthly_dollars, self.private_names)

    def as_json(self) -> dict[str, Any]:
        return {
            "desired": self.desired.as_json(),
            "steps": list(self.steps),
            "surplus": self.surplus,
            "warnings": list(self.warnings),
            "converged": self.converged,
            "rests": self.rests,
            "monthly_dollars": round(self.monthly_dollars, 2),
            "private_names": list(self.private_names),
        } | self.status.as_json()


def check_preconditions(
    vpc_id: str, options: Options, because: str, world: World, clock: Clock, settings: Settings
) -> Check:
    """Raises PreconditionsNotMet with every problem, and UnknownVpc if the VPC went away."""
    survey = survey_vpc(vpc_id, options, world, settings)
    prepared = prepare(survey, options, settings.us, settings.limits)
    steps = _whole_plan(prepared.desired, survey, settings.us)
    published = None if steps else _published(prepared.desired, survey, world, settings)
    return Check(
        desired=prepared.desired,
        steps=tuple(map(describe, steps)),
        surplus=any(isinstance(step, RemoveEndpoint) for step in steps),
        warnings=prepared.warnings,
        rests=rests(survey.entry, prepared.desired.fingerprint, because, clock.now()),
        converged=published is not None,
        monthly_dollars=plan.monthly_dollars(prepared.desired),
        entry=survey.entry,
        acknowledgements=read_acknowledgements(published or {}, settings.parameter_path, vpc_id),
    )


def survey_vpc(vpc_id: str, options: Options, world: World, settings: Settings) -> Survey:
    entry, region = world.ledger.read(vpc_id), settings.region
    vpc = world.vpcs.find(vpc_id)
    if vpc is None:
        raise UnknownVpc(f"{vpc_id} has just been deleted")
    names = (
        *catalogue.REQUIRED,
        *catalogue.REQUIRED_WHERE_OFFERED,
        *catalogue.requested(options.services),
    )
    candidates = [full for name in names for full in catalogue.service_names(name, region)]
    return Survey(
        account=settings.account,
        region=region,
        vpc=vpc,
        dns_support=world.vpcs.dns_support(vpc_id),
        dns_hostnames=world.vpcs.dns_hostnames(vpc_id),
        subnets=world.vpcs.subnets(vpc_id),
        offered=world.endpoints.offered(candidates),
        endpoints=world.endpoints.all_in(vpc_id),
        groups=world.groups.all_in(vpc_id),
        resolvers=world.resolvers.all_of_region(),
        hosted_zones=world.hosted_zones.associated_with(vpc_id),
        route_tables=world.vpcs.route_tables(vpc_id),
        taken=_taken(entry, world),
        entry=entry,
    )


def _taken(entry: Entry, world: World) -> frozenset[str]:
    """Asked for only while there is no resolver that could hold its addresses itself."""
    if not entry.resolver_ips or RESOLVER in entry.held:
        return frozenset()
    in_use = world.vpcs.addresses_in_use(entry.vpc_id, entry.resolver_ips)
    return in_use & entry.resolver_ips.keys()


def _whole_plan(desired: Desired, survey: Survey, us: str) -> Plan:
    entry, groups = survey.entry, survey.groups
    return (
        *plan.plan_endpoints(desired, survey.endpoints, groups, entry, us),
        *plan.plan_resolver(desired, survey.resolvers, groups, entry, us),
        *plan.plan_private_dns(desired, survey.endpoints, entry, us),
        *plan.plan_surplus(desired, survey.endpoints, entry, us),
    )


def _published(
    desired: Desired, survey: Survey, world: World, settings: Settings
) -> Mapping[str, str] | None:
    """The VPC's parameters, the acknowledgements among them; None unless on-premises reads what was
    verified for exactly these endpoints."""
    wanted = [
        plan.endpoint_for(e, survey.endpoints, survey.entry, settings.us) for e in desired.endpoints
    ]
    available = {e.id for e in wanted if e and e.state == "available"}
    if available != survey.entry.verified_endpoints or not _resolver_serves(survey):
        return None
    path, vpc_id = settings.parameter_path, desired.vpc_id
    list_name, document_name = publication.parameter_names(path, vpc_id)
    parameters = world.parameters.below(publication.folder(path, vpc_id))
    document = parameters.get(document_name, "")
    intact = list_name in parameters and publication.is_intact(document)
    if intact and publication.fingerprint_of(document) == survey.entry.verified:
        return parameters
    return None


def _resolver_serves(survey: Survey) -> bool:
    ours = our_resolver(survey)
    return any(r.id == ours and r.status == "operational" for r in survey.resolvers)
