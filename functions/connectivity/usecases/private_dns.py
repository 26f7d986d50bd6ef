"""Turn private DNS on, and off again: where it was never verified, and before an interface endpoint
goes, so that no workload of the VPC is left with the address of one that is gone."""

from __future__ import annotations

from collections.abc import Iterable

from connectivity.domain import ledger as ledgers
from connectivity.domain import pacing
from connectivity.domain.desired import Desired
from connectivity.domain.errors import NotReadyYet
from connectivity.domain.ledger import Entry
from connectivity.domain.model import InterfaceEndpoint
from connectivity.domain.pacing import Bucket
from connectivity.domain.plan import plan_private_dns, plan_surplus
from connectivity.usecases.aws import Aws
from connectivity.usecases.doubts import remember_doubt
from connectivity.usecases.ensure_endpoints import require_all_seen
from connectivity.usecases.remove import check_wish
from connectivity.usecases.turns import take_turn_now


def turn_on_private_dns(desired: Desired, now: float, aws: Aws) -> tuple[str, ...]:
    """Return the services for which private DNS was turned on; `now` is in seconds since the epoch.
    Raises
    ConflictingPrivateDns, NotItsTurnYet, TurnHoursAway, and NotReadyYet where others need the
    bucket too: they would miss what is taken beyond its burst."""
    entry = aws.ledger.read(desired.vpc_id)
    observed = aws.endpoints.all_in(desired.vpc_id)
    steps = plan_private_dns(desired, observed, aws.ownership(entry))
    if not steps:
        return ()
    turn = take_turn_now(entry, pacing.TURNING_ON, len(steps), now, aws.ledger)
    most = pacing.at_once(turn, pacing.TURNING_ON)
    for step in steps[:most]:
        aws.endpoints.set_private_dns(
            step.endpoint_id,
            on=True,
            for_inbound_resolver_only=step.for_inbound_resolver_only,
        )
        if step is steps[0]:
            # Whatever fails from here on: it is turned off again, and no sweep tries the same
            # soon. Where nothing could be turned on, no answer has changed, and the next one may.
            remember_doubt(desired, entry, entry.proven_endpoints, aws)
    if steps[:most] != steps:
        raise NotReadyYet(f"private DNS is on for {most} of {len(steps)} in {desired.vpc_id}")
    return tuple(step.service for step in steps)


def turn_off_private_dns(vpc_id: str, aws: Aws) -> tuple[str, ...]:
    """Turn off private DNS where it was never verified, and return the ids of those endpoints.

    What was verified stays on: its answers are right, and on-premises uses them as soon as they
    are published. The probe that a failed verification left behind goes, too.
    """
    entry = aws.ledger.read(vpc_id)
    ownership = aws.ownership(entry)
    unverified = tuple(
        endpoint.id
        for endpoint in sorted(aws.endpoints.all_in(vpc_id), key=_ecs_first)
        if endpoint.exists
        and endpoint.private_dns
        and ownership.of_endpoint(endpoint)
        and endpoint.id not in entry.serving_endpoints
    )
    for endpoint_id in unverified:
        aws.endpoints.set_private_dns(endpoint_id, on=False)
    if ledgers.PROBE in entry.held:
        aws.probe.remove(entry.held[ledgers.PROBE])
        aws.ledger.let_go(vpc_id, [ledgers.PROBE])
    return unverified


def turn_off_all_private_dns(vpc_id: str, now: float, aws: Aws) -> int:
    """Turn off private DNS on every endpoint that is ours. Return the seconds for which clients may
    still use cached answers; 0 if nothing was on. Raises WishedAgain before any change, NotReadyYet
    while AWS does not show what is to go, and for its
    turn as `turn_on_private_dns` does."""
    check_wish(vpc_id, aws.vpcs)
    ownership = aws.ownership(aws.ledger.read(vpc_id))
    observed = aws.endpoints.all_in(vpc_id)
    require_all_seen(ownership.entry, observed, now)
    ours = [endpoint for endpoint in observed if ownership.of_endpoint(endpoint)]
    return _turn_off(ours, pacing.TURNING_OFF_NOW, ownership.entry, now, aws)


def turn_off_surplus_private_dns(desired: Desired, now: float, aws: Aws) -> int:
    """Turn off private DNS on what is no longer asked for. Return the seconds for which clients may
    still use cached answers. When the stack's own services change, every VPC has some of it at
    once: so this, too, has its turn."""
    ownership = aws.ownership(aws.ledger.read(desired.vpc_id))
    observed = aws.endpoints.all_in(desired.vpc_id)
    surplus = {step.endpoint_id for step in plan_surplus(desired, observed, ownership)}
    going = [e for e in observed if e.id in surplus]
    return _turn_off(going, pacing.TURNING_OFF_SURPLUS, ownership.entry, now, aws)


def _turn_off(
    ours: Iterable[InterfaceEndpoint], bucket: Bucket, entry: Entry, now: float, aws: Aws
) -> int:
    """Return the seconds for which somebody may still have a private answer: also where private
    DNS is off already, because an earlier attempt may have done that just now."""
    serving = [e for e in ours if e.type == "Interface" and e.state == "available"]
    on = sorted((e for e in serving if e.private_dns), key=_ecs_first)
    if on:
        turn = take_turn_now(entry, bucket, len(on), now, aws.ledger)
        most = pacing.at_once(turn, bucket)
        for endpoint in on[:most]:
            aws.endpoints.set_private_dns(endpoint.id, on=False)
        if on[:most] != on:
            raise NotReadyYet(f"private DNS is off for {most} of {len(on)}")
    return aws.settings.expiry_seconds if serving else 0


def _ecs_first(endpoint: InterfaceEndpoint) -> bool:
    """Sort as the reverse of turning on: an agent that still reached `ecs` privately would be sent
    to names that are public already."""
    return not endpoint.service_name.endswith(".ecs")
