"""Turn private DNS off: where it was never verified, and before an interface endpoint goes, so that
no workload of the VPC is left with the address of one that is gone."""

from __future__ import annotations

from connectivity.domain import ledger as ledgers
from connectivity.domain import pacing
from connectivity.domain.desired import Desired
from connectivity.domain.ledger import Entry
from connectivity.domain.pacing import Bucket
from connectivity.domain.removal import (
    Seen,
    ecs_first,
    is_serving,
    plan_surplus,
    plan_teardown,
)
from connectivity.domain.removal_steps import RemoveEndpoint, TurnOffPrivateDns
from connectivity.usecases.aws import Aws
from connectivity.usecases.called_back import check_wish
from connectivity.usecases.ensure_endpoints import require_all_seen
from connectivity.usecases.turns import take_turn_now


def turn_off_unverified(vpc_id: str, aws: Aws) -> tuple[str, ...]:
    """Turn off private DNS where it was never verified, and return the ids of those endpoints.

    What was verified stays on: its answers are right, and on-premises uses them as soon as they
    are published. The probe that a failed verification left behind goes, too.
    """
    entry = aws.ledger.read(vpc_id)
    ownership = aws.ownership(entry)
    unverified = tuple(
        endpoint.id
        for endpoint in sorted(aws.endpoints.all_in(vpc_id), key=ecs_first)
        if endpoint.exists
        and endpoint.private_dns
        and ownership.of_endpoint(endpoint)
        and endpoint.id not in entry.serving_endpoints
    )
    for endpoint_id in unverified:
        aws.endpoints.set_private_dns(endpoint_id, on=False)
    if ledgers.PROBE in entry.held:
        aws.probe.remove(entry.held[ledgers.PROBE])
        aws.ledger.record_gone(vpc_id, [ledgers.PROBE])
    return unverified


def turn_off_everything(vpc_id: str, now: float, aws: Aws) -> int:
    """Turn off private DNS before a teardown removes the endpoints; `now` is in seconds since the
    epoch. Return the seconds for which clients may still use cached answers; 0 if no endpoint
    serves. Raises WishedAgain before any change, NotReadyYet while AWS does not show what is to go,
    and for its turn as `turn_on_private_dns` does."""
    ownership = aws.ownership(aws.ledger.read(vpc_id))
    check_wish(ownership.entry, aws.vpcs)
    seen = Seen(aws.endpoints.all_in(vpc_id))
    require_all_seen(ownership.entry, seen.endpoints, now)
    removal = plan_teardown(seen, ownership, aws.settings.parameter_path)
    _turn_off(removal.of(TurnOffPrivateDns), pacing.TURNING_OFF_NOW, ownership.entry, now, aws)
    return _seconds_to_expire(removal.of(RemoveEndpoint), seen, aws)


def turn_off_surplus(desired: Desired, now: float, aws: Aws) -> int:
    """Turn off private DNS on what is no longer asked for. Return the seconds for which clients may
    still use cached answers. When the stack's own services change, every VPC has some of it at
    once: so this, too, has its turn."""
    ownership = aws.ownership(aws.ledger.read(desired.vpc_id))
    seen = Seen(aws.endpoints.all_in(desired.vpc_id))
    removal = plan_surplus(desired, seen, ownership)
    _turn_off(removal.of(TurnOffPrivateDns), pacing.TURNING_OFF_SURPLUS, ownership.entry, now, aws)
    return _seconds_to_expire(removal.of(RemoveEndpoint), seen, aws)


def _turn_off(
    steps: tuple[TurnOffPrivateDns, ...], bucket: Bucket, entry: Entry, now: float, aws: Aws
) -> None:
    if not steps:
        return
    pace = take_turn_now(entry, bucket, len(steps), now, aws)
    for step in steps:
        pace.wait_for_next()
        aws.endpoints.set_private_dns(step.endpoint_id, on=False)


def _seconds_to_expire(going: tuple[RemoveEndpoint, ...], seen: Seen, aws: Aws) -> int:
    """Return the seconds for which somebody may still have a private answer of what goes: also
    where private DNS is off already, because an earlier attempt may have done that just now."""
    ids = {step.endpoint_id for step in going}
    serving = [e for e in seen.endpoints if e.id in ids and is_serving(e)]
    return aws.settings.expiry_seconds if serving else 0
