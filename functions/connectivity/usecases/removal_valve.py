"""The safety valves before a teardown: may a connected VPC be torn down, or do others use what was
made for it, or do too many others ask for that within the same hour? And does a VPC use only what
its hub keeps?"""

from __future__ import annotations

from collections.abc import Collection

from connectivity.domain import pacing
from connectivity.domain.desired import Desired
from connectivity.domain.errors import PreconditionsNotMet
from connectivity.domain.ledger import HELD_UP, Entry
from connectivity.domain.mails import Allowance, hour_of
from connectivity.domain.printable import listed
from connectivity.domain.safety_valve import ALWAYS, WITHIN, ahead_of, crowd
from connectivity.domain.spokes import lost_hubs, spokes_on
from connectivity.domain.status import Status, held_up, needed
from connectivity.domain.tags import SERVICES
from connectivity.usecases.aws import Aws

_TOLD = Allowance("held-up", 1)


def needed_by_others(entry: Entry, aws: Aws) -> Status | None:
    """Return the status of a hub that other VPCs use; None where it may go on. A teardown that has
    begun goes on: on-premises was told to stop forwarding."""
    if not entry.served.wish:
        return None
    spokes = spokes_on(entry.vpc_id, {*entry.held.values()}, aws.ledger.entries())
    return needed(spokes).compared_with(entry) if spokes else None


def check_surplus(desired: Desired, ids: Collection[str], aws: Aws) -> None:
    """Raise PreconditionsNotMet where other VPCs use interface endpoints, given by their ids, that
    this one asks for no longer."""
    spokes = spokes_on(desired.vpc_id, ids, aws.ledger.entries()) if ids else ()
    if spokes:
        raise PreconditionsNotMet(
            f"what {desired.vpc_id} asks for no longer is used by other VPCs, which would lose its "
            f"names: {listed(map(str, spokes))} - ask for it again in {SERVICES}, or take it off "
            "there first"
        )


def check_hubs(desired: Desired, aws: Aws) -> None:
    """Raise PreconditionsNotMet where something is to be used that was made for another VPC and
    goes with that, or may: AWS shows it as available until its deletion is asked for."""
    used = {*desired.adopted.values()}
    problems = [*lost_hubs(desired.vpc_id, used, aws.ledger.entries())] if used else []
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
    if len(ahead) < ALWAYS:
        return None
    connected = {each.vpc_id for each in aws.ledger.entries() if each.served.wish}
    by = crowd(ahead, connected, aws.settings.removal_share)
    return held_up(by, aws.ledger.allow(_TOLD, hour_of(now))) if by else None


def _has_its_turn(entry: Entry, now: float) -> bool:
    """Tell whether it was let through, and has waited for its turn since."""
    turn = entry.turns.get(pacing.TURNING_OFF.step)
    return turn is not None and now < turn.at + WITHIN
