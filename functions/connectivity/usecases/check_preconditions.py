"""Check the preconditions: survey the VPC, decide what shall be there, plan what is missing."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from connectivity.domain import pacing, plan, publication, status
from connectivity.domain.acknowledgement import Acknowledgements
from connectivity.domain.convergence import (
    is_signed_as_it_shall_be,
    is_verified,
    spoilt,
    whole_plan,
)
from connectivity.domain.desired import Desired
from connectivity.domain.doubt import rests
from connectivity.domain.drift import is_connected, repairs
from connectivity.domain.errors import NotCompleteYet, PreconditionsNotMet
from connectivity.domain.firewall import firewall_sheet
from connectivity.domain.ledger import Entry
from connectivity.domain.new_vpc import incomplete, unrouted
from connectivity.domain.pacing import Turn
from connectivity.domain.preconditions import Prepared, prepare
from connectivity.domain.printable import first_lines, listed
from connectivity.domain.promises import lost_addresses
from connectivity.domain.refused_deletion import told_of_wished
from connectivity.domain.removal import Removal, plan_surplus, plan_teardown
from connectivity.domain.removal_steps import RemoveEndpoint
from connectivity.domain.status import Status
from connectivity.domain.steps import (
    MakeGatewayEndpoint,
    MakeInterfaceEndpoint,
    MakeResolver,
    Plan,
    SetPolicy,
    describe,
)
from connectivity.domain.survey import Limits, Survey
from connectivity.domain.wish import Options
from connectivity.usecases.acknowledgements import hear_acknowledgements
from connectivity.usecases.asked import Wished
from connectivity.usecases.aws import Aws
from connectivity.usecases.endpoint_policies import note_policies
from connectivity.usecases.idleness import idle_warnings
from connectivity.usecases.ports import Ledger
from connectivity.usecases.removal_valve import check_hubs, check_networks, check_surplus
from connectivity.usecases.run import Run
from connectivity.usecases.survey_vpc import survey_vpc, with_resolvers_of_region
from connectivity.usecases.turns import take_turn

LOOKS_AT_A_NEW_VPC = 20
"""Looks at a VPC that is being made, one every 15 seconds."""
LOOKS_FOR_A_ROUTE = 6
"""The first of these looks, at which a route towards on-premises is waited for."""
MOST_LINES = 50
"""Lines of one kind, such as warnings, that go through the workflow; there may be a thousand."""


@dataclass(frozen=True)
class Check:
    """The desired resources, and the steps to them."""

    desired: Desired
    steps: tuple[str, ...]
    surplus: bool
    """True where some of the steps remove what is no longer asked for, or that has not been written
    down."""
    warnings: tuple[str, ...]
    placement: tuple[str, ...]
    """A line for each subnet that is used or left out, with the reason."""
    policies: tuple[str, ...]
    """Endpoint policies that there shall be, and why; empty where AWS's own ones do."""
    repairs: tuple[str, ...]
    """A line for each change that somebody made since the VPC was connected, with its repair."""
    converged: bool
    """True where nothing is to be done: all resources exist, and are verified and published."""
    rests: bool
    """True where exactly this failed its verification, and is not tried again yet."""
    at_most: Desired
    """The desired resources if a Route 53 Profile that was not asked yet answers for nothing."""
    entry: Entry
    acknowledgements: Acknowledgements
    """The acknowledgements of the DNS hosts; not read where the publication is of another wish."""
    to_ask: tuple[str, ...] = ()
    """Names to ask the VPC's own DNS server for before anything is made."""
    dns_server: str = ""
    """The address of that server."""
    firewall: tuple[str, ...] = ()
    """The firewall sheet; empty where more than the plan is asked for."""
    turn: Turn | None = None
    """The turn to make VPC endpoints or to change their policies, where some are to be."""
    teardown: Removal | None = None
    """The removal if nothing were asked for any more; None where more than the plan is asked
    for."""

    @property
    def reason(self) -> str:
        """The reason why nothing is to be done; empty if something is."""
        if self.rests:
            return "exactly this failed a short while ago"
        return "all is as it shall be" if self.converged else ""

    @property
    def private_names(self) -> tuple[str, ...]:
        """The DNS names whose answers change for every workload in the VPC, at most."""
        return tuple(name for endpoint in self.at_most.ours for name in endpoint.private_names)

    @property
    def monthly_dollars(self) -> float:
        return plan.monthly_dollars(self.desired)

    @property
    def most_monthly_dollars(self) -> float:
        return plan.monthly_dollars(self.at_most)

    @property
    def status(self) -> Status:
        """The status of the VPC if the run ends here."""
        if self.rests:
            return Status(self.entry.status, self.entry.detail)
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
        return status.planned(
            self.steps,
            (self.monthly_dollars, self.most_monthly_dollars),
            self.private_names,
            adopted,
            self.warnings,
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "desired": self.desired.as_json(),
            "steps": list(self.steps),
            "surplus": self.surplus,
            "placement": first_lines(self.placement, MOST_LINES),
            "policies": list(self.policies),
            "warnings": first_lines(self.warnings, MOST_LINES),
            "repairs": first_lines(self.repairs, MOST_LINES),
            "monthly_dollars": round(self.monthly_dollars, 2),
            "most_monthly_dollars": round(self.most_monthly_dollars, 2),
            "private_names": list(self.private_names),
            "to_ask": list(self.to_ask),
            "dns_server": self.dns_server,
            "firewall": list(self.firewall),
            "teardown": _shown(self.teardown) if self.teardown else None,
        }


def check_preconditions(wished: Wished, run: Run, aws: Aws) -> Check:
    """Return the desired resources and the steps to them. Reserves a turn to make interface
    endpoints, unless only the plan is asked for. Raises PreconditionsNotMet with every problem, and
    NotCompleteYet for a VPC that is being made."""
    settings, vpc_id = aws.settings, run.vpc_id
    survey = _survey(wished, run, aws)
    prepared = _prepared(survey, wished, aws)
    _await_route(prepared, survey, wished, run)
    desired = prepared.desired
    if not wished.only_plan:
        note_policies(desired, survey.endpoints, survey.ownership, aws.ledger)
    check_hubs(desired, survey, aws)
    steps = whole_plan(desired, survey)
    check_surplus(desired, [s.endpoint_id for s in steps if isinstance(s, RemoveEndpoint)], aws)
    check_networks(desired, steps, survey.entry, aws)
    looks = not steps or is_connected(desired, survey)
    path = settings.parameter_path
    names = publication.parameter_names(path, vpc_id)
    parameters = aws.parameters.read(names) if looks else {}
    heard = hear_acknowledgements(vpc_id, aws.parameters, path) if looks else Acknowledgements()
    edited = spoilt(parameters, survey.entry, path)
    signed = is_signed_as_it_shall_be(survey.entry, settings.signing_key)
    gone = plan_surplus(desired, survey.seen, survey.ownership).gone
    done = signed and not steps and not edited and not gone
    again = wished.verifies or survey.entry.doubt == desired.fingerprint
    converged = done and is_verified(desired, survey) and not again
    resting = rests(survey.entry, desired.fingerprint, wished.because, aws.clock.now())
    resting = resting and not _is_left_on(survey)
    waits = wished.only_plan or resting or bool(prepared.to_ask)
    turn = None if waits else _turn(steps, survey.entry, run.now, aws.ledger)
    if any(isinstance(step, MakeResolver) for step in steps) and not (
        turn and turn.seconds_to_begin(run.now)
    ):
        prepare(with_resolvers_of_region(survey, aws), wished.options, settings.limits)
    return Check(
        desired=desired,
        steps=tuple(map(describe, steps)),
        surplus=bool(gone) or any(isinstance(step, RemoveEndpoint) for step in steps),
        placement=prepared.placement,
        policies=prepared.policies,
        warnings=(
            *lost_addresses(survey.entry, heard),
            *filter(None, [told_of_wished(survey.entry, run.now)]),
            *idle_warnings(wished, desired, survey, run.now, aws),
            *prepared.warnings,
            *([] if settings.signing_key else [status.UNSIGNED]),
        ),
        repairs=repairs(desired, survey, steps, edited),
        rests=resting,
        converged=converged,
        at_most=_at_most(prepared, survey, wished.options, settings.limits),
        entry=survey.entry,
        acknowledgements=heard,
        to_ask=prepared.to_ask,
        dns_server=wished.vpc.dns_server,
        firewall=firewall_sheet(desired, survey) if wished.only_plan else (),
        turn=turn,
        teardown=plan_teardown(survey.seen, survey.ownership, path) if wished.only_plan else None,
    )


def _shown(removal: Removal) -> dict[str, list[str]]:
    """Return the lines of a removal: all that goes, which is ours and not much, and the first that
    stay."""
    said = removal.as_json()
    return {"goes": said["goes"], "stays": first_lines(said["stays"], MOST_LINES)}


def _prepared(survey: Survey, wished: Wished, aws: Aws) -> Prepared:
    """Return the desired resources. Raises PreconditionsNotMet with every problem. Whoever writes
    another Region means it, and whoever plans asks whether that can be had: so a plan says no."""
    limits = aws.settings.limits
    try:
        prepared = prepare(survey, wished.options, limits)
    except PreconditionsNotMet:
        prepare(with_resolvers_of_region(survey, aws), wished.options, limits)
        raise
    if wished.only_plan and prepared.elsewhere:
        others = "with the wish enabled the other services are connected without it"
        raise PreconditionsNotMet("; ".join([*prepared.elsewhere, others]))
    return prepared


def _at_most(prepared: Prepared, survey: Survey, options: Options, limits: Limits) -> Desired:
    """Return the desired resources if the VPC's Profile answers for nothing: until it was asked,
    nobody knows. The same as otherwise where the VPC would be refused then."""
    if prepared.to_ask and survey.profile:
        with suppress(PreconditionsNotMet):
            return prepare(replace(survey, profile=None), options, limits).desired
    return prepared.desired


def _survey(wished: Wished, run: Run, aws: Aws) -> Survey:
    """Look at the VPC. The tag may be part of a template: then it comes with the VPC, and subnets
    and DNS attributes come some seconds later. That is no failure yet where nobody ever connected
    the VPC, or failed to: it is looked at again, for five minutes."""
    survey = survey_vpc(wished, run, aws)
    lacking = incomplete(survey, aws.settings.limits)
    if lacking and survey.entry.is_new and run.tries < LOOKS_AT_A_NEW_VPC:
        raise NotCompleteYet(f"{run.vpc_id} is being made: it still lacks {', '.join(lacking)}")
    return survey


def _await_route(prepared: Prepared, survey: Survey, wished: Wished, run: Run) -> None:
    """Check that a new VPC, in which something is made now, has a route towards on-premises. Names
    are asked for first: what they answer says whether anything is made. Raises NotCompleteYet, for
    a minute and a half; then the connection goes on, with its warning."""
    is_made_now = not wished.only_plan and not prepared.to_ask
    is_waited_for = survey.entry.is_new and run.tries < LOOKS_FOR_A_ROUTE
    if is_made_now and is_waited_for and (networks := unrouted(survey, prepared.desired)):
        raise NotCompleteYet(
            f"{run.vpc_id} is being made, as it seems: no route leads towards {listed(networks)} "
            "yet - 90 seconds after the first look the VPC is connected without one"
        )


def _turn(steps: Plan, entry: Entry, now: float, ledger: Ledger) -> Turn | None:
    """Return the turn to make VPC endpoints, or else to change the policies of those there."""
    if calls := sum(isinstance(s, MakeInterfaceEndpoint | MakeGatewayEndpoint) for s in steps):
        return take_turn(entry, pacing.MAKING, calls, now, ledger)
    if calls := sum(isinstance(step, SetPolicy) for step in steps):
        return take_turn(entry, pacing.SETTING_POLICIES, calls, now, ledger)
    return None


def _is_left_on(survey: Survey) -> bool:
    """Return whether an execution died between turning private DNS on and verifying it: then it is
    verified, or turned off, now."""
    return any(
        endpoint.exists
        and endpoint.private_dns
        and survey.ownership.of_endpoint(endpoint)
        and endpoint.id not in survey.entry.serving_endpoints
        for endpoint in survey.endpoints
    )
