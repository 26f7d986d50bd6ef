"""Check the preconditions: survey the VPC, decide what shall be there, plan what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from connectivity.domain import catalogue, pacing, plan, publication, status
from connectivity.domain.acknowledgement import Acknowledgements, read_acknowledgements
from connectivity.domain.derivation import our_resolver
from connectivity.domain.desired import Desired
from connectivity.domain.doubt import rests
from connectivity.domain.drift import is_connected, repairs
from connectivity.domain.errors import UnknownVpc
from connectivity.domain.ledger import RESOLVER, Entry
from connectivity.domain.model import InboundResolver
from connectivity.domain.pacing import Turn
from connectivity.domain.preconditions import prepare
from connectivity.domain.resolver_adoption import candidates
from connectivity.domain.status import Status
from connectivity.domain.steps import (
    MakeGatewayEndpoint,
    MakeInterfaceEndpoint,
    Plan,
    RemoveEndpoint,
    describe,
)
from connectivity.domain.survey import Survey
from connectivity.domain.wish import Options, Wish, read_wish
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
from connectivity.usecases.turns import take_turn


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
    """Some of the steps remove what is no longer asked for, or it has not been written down."""
    warnings: tuple[str, ...]
    repairs: tuple[str, ...]
    """What somebody changed since this was connected, and how it is put right."""
    converged: bool
    """Nothing to do: it is all there, verified, and published."""
    rests: bool
    """Not to be tried again yet: exactly this failed its verification."""
    monthly_dollars: float
    entry: Entry
    acknowledgements: Acknowledgements
    """Of what is published, if it is what shall be."""
    turn: Turn | None = None
    """To make interface endpoints, where some are to be made."""
    turn_seconds: int = 0
    """Until it comes; 0 if it has."""
    overtaken: bool = False
    """While it waited for its turn, the VPC's tag has come to ask for something else."""

    @property
    def is_late(self) -> bool:
        """Its turn is further away than an execution waits."""
        return self.turn_seconds > pacing.LONGEST_WAIT

    @property
    def private_names(self) -> tuple[str, ...]:
        """The names that change their answer for every workload in the VPC."""
        return tuple(name for endpoint in self.desired.ours for name in endpoint.private_names)

    @property
    def status(self) -> Status:
        """What there is to say if the run ends here."""
        if self.rests or self.overtaken:
            return Status(self.entry.status, self.entry.detail)
        if self.turn is not None and self.turn_seconds:
            return status.waiting(self.turn)
        adopted = self.desired.adopted.values()
        if self.converged:
            services = [endpoint.service for endpoint in self.desired.endpoints]
            ips = self.entry.resolver_ips
            return status.connected(
                services,
                ips,
                self.entry.generation,
                self.warnings,
                self.acknowledgements,
                adopted,
            )
        return status.planned(self.steps, self.monthly_dollars, self.private_names, adopted)

    def as_json(self) -> dict[str, Any]:
        return {
            "desired": self.desired.as_json(),
            "steps": list(self.steps),
            "surplus": self.surplus,
            "warnings": list(self.warnings),
            "repairs": list(self.repairs),
            "converged": self.converged,
            "rests": self.rests,
            "overtaken": self.overtaken,
            "turn_seconds": self.turn_seconds,
            "late": self.is_late,
            "monthly_dollars": round(self.monthly_dollars, 2),
            "private_names": list(self.private_names),
        } | self.status.as_json()


def check_preconditions(
    vpc_id: str,
    options: Options,
    because: str,
    world: World,
    clock: Clock,
    settings: Settings,
    now: float,
    only_plan: bool = False,
) -> Check:
    """Reserves a turn to make interface endpoints, from `now` in seconds since the epoch on, unless
    only the plan is asked for. Raises PreconditionsNotMet with every problem, and UnknownVpc if the
    VPC went away."""
    survey = survey_vpc(vpc_id, options, world, settings)
    prepared = prepare(survey, options, settings.us, settings.limits)
    desired = prepared.desired
    steps = _whole_plan(desired, survey, settings.us)
    looks = not steps or is_connected(desired, survey)
    folder = publication.folder(settings.parameter_path, vpc_id)
    parameters = world.parameters.below(folder) if looks else {}
    spoilt = _spoilt(parameters, survey.entry, settings)
    gone = plan.gone_surplus(desired, survey.endpoints, survey.entry)
    done = not steps and not spoilt and not gone
    converged = done and _is_verified(desired, survey, settings.us)
    resting = rests(survey.entry, desired.fingerprint, because, clock.now())
    turn = None if only_plan or resting else _turn(steps, survey.entry, now, world.ledger)
    return Check(
        desired=desired,
        steps=tuple(map(describe, steps)),
        surplus=bool(gone) or any(isinstance(step, RemoveEndpoint) for step in steps),
        warnings=prepared.warnings,
        repairs=repairs(desired, survey, steps, spoilt, settings.us),
        rests=resting,
        converged=converged,
        monthly_dollars=plan.monthly_dollars(desired),
        entry=survey.entry,
        acknowledgements=read_acknowledgements(parameters, settings.parameter_path, vpc_id),
        turn=turn,
        turn_seconds=turn.seconds(now) if turn else 0,
        overtaken=turn is not None and _is_overtaken(turn, survey),
    )


def _turn(steps: Plan, entry: Entry, now: float, ledger: Ledger) -> Turn | None:
    calls = sum(isinstance(step, MakeInterfaceEndpoint | MakeGatewayEndpoint) for step in steps)
    return take_turn(entry, pacing.MAKING, calls, now, ledger) if calls else None


def _is_overtaken(turn: Turn, survey: Survey) -> bool:
    """Whoever had to wait looks again; everybody else has just read the tags."""
    return turn.shared and read_wish(survey.vpc.tags) is not Wish.ENABLED


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


def _whole_plan(desired: Desired, survey: Survey, us: str) -> Plan:
    entry, groups = survey.entry, survey.groups
    return (
        *plan.plan_endpoints(desired, survey.endpoints, groups, entry, us),
        *plan.plan_resolver(desired, survey.resolvers, groups, entry, us),
        *plan.plan_private_dns(desired, survey.endpoints, entry, us),
        *plan.plan_surplus(desired, survey.endpoints, entry, us),
    )


def _is_verified(desired: Desired, survey: Survey, us: str) -> bool:
    """Whether exactly what is there now was verified and published."""
    entry = survey.entry
    wanted = [plan.endpoint_for(e, survey.endpoints, entry, us) for e in desired.endpoints]
    available = {e.id for e in wanted if e and e.state == "available"}
    return (
        available == entry.verified_endpoints
        and desired.adopted == entry.served.adopted
        and _resolver_serves(desired, survey)
    )


def _spoilt(parameters: Mapping[str, str], entry: Entry, settings: Settings) -> tuple[str, ...]:
    """Names of the publication's parameters that do not say what was published last."""
    list_name, document_name = publication.parameter_names(settings.parameter_path, entry.vpc_id)
    document = parameters.get(document_name, "")
    intact = publication.is_intact(document)
    listed = publication.string_list_of(document) if intact else parameters.get(list_name)
    said = {
        list_name: listed is not None and parameters.get(list_name) == listed,
        document_name: intact and publication.fingerprint_of(document) == entry.verified,
    }
    return tuple(name for name, is_so in said.items() if not is_so)


def _resolver_serves(desired: Desired, survey: Survey) -> bool:
    """Its owner may give an adopted one other addresses; ours keeps those it was made with."""
    serving = desired.adopted_resolver or our_resolver(survey)
    return any(
        r.status == "operational"
        and (
            desired.adopted_resolver is None
            or {ip.ip for ip in r.attached} == survey.entry.resolver_ips.keys()
        )
        for r in survey.resolvers
        if r.id == serving
    )
