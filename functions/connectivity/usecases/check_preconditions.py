"""Check the preconditions: survey the VPC, decide what shall be there, plan what is missing."""

from __future__ import annotations

from dataclasses import dataclass
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
from connectivity.domain.errors import NoLongerWished, NotReadyYet, UnknownVpc, UnreadableOption
from connectivity.domain.ledger import Entry
from connectivity.domain.pacing import Turn
from connectivity.domain.preconditions import incomplete, prepare
from connectivity.domain.printable import first_lines
from connectivity.domain.promises import lost_addresses
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
from connectivity.usecases.acknowledgements import hear_acknowledgements
from connectivity.usecases.aws import Aws
from connectivity.usecases.ports import Ledger
from connectivity.usecases.survey_vpc import survey_vpc
from connectivity.usecases.turns import take_turn

LOOKS_AT_A_NEW_VPC = 20
"""Every 15 seconds."""
MOST_LINES = 50
"""Warnings or repairs that go through the workflow; somebody may have done a thousand things."""


@dataclass(frozen=True)
class Check:
    """What shall be there, and what it takes."""

    desired: Desired
    steps: tuple[str, ...]
    surplus: bool
    """Some of the steps remove what is no longer asked for, or it has not been written down."""
    warnings: tuple[str, ...]
    placement: tuple[str, ...]
    """Which subnets are used or left out, and why."""
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
            "warnings": first_lines(self.warnings, MOST_LINES),
            "placement": first_lines(self.placement, MOST_LINES),
            "repairs": first_lines(self.repairs, MOST_LINES),
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
    aws: Aws,
    now: float,
    only_plan: bool = False,
    tries: int = 0,
) -> Check:
    """Reserves a turn to make interface endpoints, from `now` in seconds since the epoch on, unless
    only the plan is asked for; `tries` were made before this one. Raises PreconditionsNotMet with
    every problem, UnknownVpc if the VPC went away, and NotReadyYet or NoLongerWished for a VPC that
    is being made."""
    settings = aws.settings
    survey = _survey(vpc_id, options, tries, aws)
    prepared = prepare(survey, options, settings.limits)
    desired = prepared.desired
    steps = whole_plan(desired, survey)
    looks = not steps or is_connected(desired, survey)
    path = settings.parameter_path
    names = publication.parameter_names(path, vpc_id)
    parameters = aws.parameters.read(names) if looks else {}
    heard = hear_acknowledgements(vpc_id, aws.parameters, path) if looks else Acknowledgements()
    edited = spoilt(parameters, survey.entry, path)
    signed = is_signed_as_it_shall_be(survey.entry, settings.signing_key)
    gone = plan.gone_surplus(desired, survey.endpoints, survey.entry)
    done = signed and not steps and not edited and not gone
    converged = done and is_verified(desired, survey)
    resting = rests(survey.entry, desired.fingerprint, because, aws.clock.now())
    resting = resting and not _is_left_on(survey)
    turn = None if only_plan or resting else _turn(steps, survey.entry, now, aws.ledger)
    return Check(
        desired=desired,
        steps=tuple(map(describe, steps)),
        surplus=bool(gone) or any(isinstance(step, RemoveEndpoint) for step in steps),
        placement=prepared.placement,
        warnings=(
            *lost_addresses(survey.entry, heard),
            *prepared.warnings,
            *([] if settings.signing_key else [status.UNSIGNED]),
        ),
        repairs=repairs(desired, survey, steps, edited),
        rests=resting,
        converged=converged,
        monthly_dollars=plan.monthly_dollars(desired),
        entry=survey.entry,
        acknowledgements=heard,
        turn=turn,
        turn_seconds=turn.seconds(now) if turn else 0,
        overtaken=turn is not None and _is_overtaken(turn, survey),
    )


def _survey(vpc_id: str, options: Options, tries: int, aws: Aws) -> Survey:
    """Look at the VPC. The tag may be part of a template: then it comes with the VPC, and subnets
    and DNS attributes come some seconds later. That is no failure yet where nobody ever connected
    the VPC, or failed to: it is looked at again, for five minutes."""
    try:
        survey = survey_vpc(vpc_id, options, aws)
    except UnknownVpc as gone:
        if tries:
            raise NoLongerWished(str(gone)) from gone
        raise
    lacking = incomplete(survey, aws.settings.limits)
    if tries and _asks_for_nothing(survey):
        raise NoLongerWished(f"the tag of {vpc_id} asks for nothing any more")
    if lacking and survey.entry.is_new and tries < LOOKS_AT_A_NEW_VPC:
        raise NotReadyYet(f"{vpc_id} is being made: it still lacks {', '.join(lacking)}")
    return survey


def _asks_for_nothing(survey: Survey) -> bool:
    try:
        return read_wish(survey.vpc.tags) is Wish.DISABLED
    except UnreadableOption:
        return False  # the next reading says so


def _turn(steps: Plan, entry: Entry, now: float, ledger: Ledger) -> Turn | None:
    calls = sum(isinstance(step, MakeInterfaceEndpoint | MakeGatewayEndpoint) for step in steps)
    return take_turn(entry, pacing.MAKING, calls, now, ledger) if calls else None


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


def _is_overtaken(turn: Turn, survey: Survey) -> bool:
    """Whoever had to wait looks again; everybody else has just read the tags."""
    return turn.shared and read_wish(survey.vpc.tags) is not Wish.ENABLED
