"""The safety valves before a teardown: may a connected VPC be torn down, or do others use what was
made for it, or do too many others ask for that within the same hour? And does a VPC use only what
its hub keeps?"""

from __future__ import annotations

from collections.abc import Collection

from connectivity.domain import pacing
from connectivity.domain.closed_networks import closed, narrowed
from connectivity.domain.desired import Desired
from connectivity.domain.errors import PreconditionsNotMet, UnreadableOption
from connectivity.domain.ledger import HELD_UP, Entry
from connectivity.domain.mails import Allowance, hour_of
from connectivity.domain.printable import listed
from connectivity.domain.safety_valve import ALWAYS, WITHIN, ahead_of, crowd
from connectivity.domain.spokes import lost_hubs, spokes_on
from connectivity.domain.status import Status, held_up, needed
from connectivity.domain.steps import Plan
from connectivity.domain.survey import Survey
from connectivity.domain.tags import ONPREM_CIDRS, SERVICES
from connectivity.domain.wish import read_options
from connectivity.usecases.aws import Aws

_EVERYBODY = 100
"""The percentage with which no removal waits for a yes."""
_TOLD = Allowance("held-up", 1)


def needed_by_others(entry: Entry, aws: Aws) -> Status | None:
    """Return the status of a hub that other VPCs use; None where it may go on. A teardown that has
    begun goes on: on-premises was told to stop forwarding."""
    if not entry.served.wish:
        return None
    spokes = spokes_on(entry.vpc_id, {*entry.held.values()}, aws.ledger.adopted())
    return needed(spokes).compared_with(entry) if spokes else None


def check_surplus(desired: Desired, ids: Collection[str], aws: Aws) -> None:
    """Raise PreconditionsNotMet where other VPCs use interface endpoints, given by their ids, that
    this one asks for no longer."""
    spokes = spokes_on(desired.vpc_id, ids, aws.ledger.adopted()) if ids else ()
    if spokes:
        raise PreconditionsNotMet(
            f"other VPCs use services that {desired.vpc_id} no longer asks for, and would lose "
            f"their names: {listed(map(str, spokes))} - ask for these services again in "
            f"{SERVICES}, or take them off there first"
        )


def check_networks(desired: Desired, plan: Plan, entry: Entry, aws: Aws) -> None:
    """Raise PreconditionsNotMet where networks were to be closed that VPCs need which use what was
    made for this one. What they need is what their tags say: nothing of it is in the ledger."""
    going = narrowed(plan, entry)
    spokes = spokes_on(desired.vpc_id, going, aws.ledger.adopted()) if going else ()
    lost = {s: closed(s, _needed_by(s.vpc_id, aws), going, desired) for s in spokes}
    if any(lost.values()):
        said = listed(f"{spoke} needs {', '.join(cidrs)}" for spoke, cidrs in lost.items() if cidrs)
        raise PreconditionsNotMet(
            f"other VPCs need networks that {desired.vpc_id} no longer names, and their hosts "
            f"would lose their names: {said} - name these networks again in "
            f"{ONPREM_CIDRS}, or take them off there first"
        )


def _needed_by(vpc_id: str, aws: Aws) -> tuple[str, ...]:
    """Return the networks from which a spoke's names are asked for, its own VPC's among them, where
    its probe asks. Of tags that cannot be read nobody knows, so that is any network."""
    vpc = aws.vpcs.find(vpc_id)
    if vpc is None:
        return ()
    try:
        options = read_options(vpc.tags, aws.settings.defaults, aws.settings.bounds)
    except UnreadableOption:
        return ("0.0.0.0/0",)
    return (*options.onprem_cidrs, *vpc.cidrs)


def check_hubs(desired: Desired, survey: Survey, aws: Aws) -> None:
    """Raise PreconditionsNotMet where something is to be used that was made for another VPC and
    goes with that, or may: AWS shows it as available until its deletion is asked for. What was made
    for a VPC stands in it, so the ledger is asked about those VPCs alone."""
    used = {*desired.adopted.values()}
    hubs = map(aws.ledger.read, survey.vpcs_of(used) - {desired.vpc_id})
    problems = [*lost_hubs(used, hubs)]
    if problems:
        raise PreconditionsNotMet("; ".join(problems))


def held_up_by_others(entry: Entry, now: float, aws: Aws) -> Status | None:
    """Return the status of a VPC whose removal has to wait for a yes; None where it may go on.
    `now` is in seconds since the epoch. A teardown that has begun is never held up: on-premises
    was told to stop forwarding."""
    if not entry.served.wish or _has_its_turn(entry, now):
        return None
    if entry.status == HELD_UP:
        return Status(HELD_UP, entry.detail)
    ahead = ahead_of(entry.vpc_id, aws.ledger.ask_for_removal(entry.vpc_id, now), now)
    if len(ahead) < ALWAYS or aws.settings.removal_share >= _EVERYBODY:
        return None
    by = crowd(ahead, aws.ledger.connected(), aws.settings.removal_share)
    return held_up(by, aws.ledger.allow(_TOLD, hour_of(now))) if by else None


def _has_its_turn(entry: Entry, now: float) -> bool:
    """Tell whether it was let through, and has waited for its turn since."""
    turn = entry.turns.get(pacing.TURNING_OFF.step)
    return turn is not None and now < turn.at + WITHIN
