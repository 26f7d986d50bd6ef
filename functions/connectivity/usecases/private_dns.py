"""Turn private DNS on, in the catalogue's order."""

from __future__ import annotations

from connectivity.domain import ledger as ledgers
from connectivity.domain import pacing
from connectivity.domain.desired import Desired
from connectivity.domain.errors import NotReadyYet
from connectivity.domain.ledger import Entry
from connectivity.domain.plan import plan_private_dns
from connectivity.usecases.aws import Aws
from connectivity.usecases.doubts import remember_doubt
from connectivity.usecases.turns import take_turn_now


def turn_on_private_dns(desired: Desired, now: float, aws: Aws) -> tuple[str, ...]:
    """Return the services for which private DNS was turned on; `now` is in seconds since the epoch.

    It waits until the resolver can be seen, which AWS refuses to make at once or never: nobody's
    answers change for a connection that cannot be. Raises NotReadyYet, ConflictingPrivateDns,
    NotItsTurnYet and TurnHoursAway.
    """
    entry = aws.patience.until(
        lambda entry: _with_a_resolver(entry, desired), lambda: aws.ledger.read(desired.vpc_id)
    )
    observed = aws.endpoints.all_in(desired.vpc_id)
    steps = plan_private_dns(desired, observed, aws.ownership(entry))
    if not steps:
        return ()
    pace = take_turn_now(entry, pacing.TURNING_ON, len(steps), now, aws)
    for step in steps:
        pace.wait_for_next()
        aws.endpoints.set_private_dns(
            step.endpoint_id,
            on=True,
            for_inbound_resolver_only=step.for_inbound_resolver_only,
        )
        if step is steps[0]:
            # Whatever fails from here on: it is turned off again, and no sweep tries the same
            # soon. Where nothing could be turned on, no answer has changed, and the next one may.
            remember_doubt(desired, entry, entry.proven_endpoints, aws)
    return tuple(step.service for step in steps)


def _with_a_resolver(entry: Entry, desired: Desired) -> Entry:
    if not (desired.adopted_resolver or ledgers.known_id(entry, ledgers.RESOLVER)):
        raise NotReadyYet(f"the resolver of {desired.vpc_id} cannot be seen yet")
    return entry
