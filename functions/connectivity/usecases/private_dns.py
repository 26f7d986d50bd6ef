"""Turn private DNS on, in the catalogue's order."""

from __future__ import annotations

from connectivity.domain import pacing
from connectivity.domain.desired import Desired
from connectivity.domain.errors import NotReadyYet
from connectivity.domain.plan import plan_private_dns
from connectivity.usecases.aws import Aws
from connectivity.usecases.doubts import remember_doubt
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
