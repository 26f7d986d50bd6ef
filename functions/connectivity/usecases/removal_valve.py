"""The safety valve before a teardown: may a connected VPC be torn down, or do too many others ask
for that within the same hour?"""

from __future__ import annotations

from connectivity.domain import pacing
from connectivity.domain.ledger import HELD_UP, Entry
from connectivity.domain.mails import Allowance, hour_of
from connectivity.domain.safety_valve import ALWAYS, WITHIN, ahead_of, crowd
from connectivity.domain.status import Status, held_up
from connectivity.usecases.aws import Aws

_TOLD = Allowance("held-up", 1)


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
