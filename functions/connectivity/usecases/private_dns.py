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
from connectivity.domain.ownership import is_our_endpoint
from connectivity.domain.pacing import Bucket
from connectivity.domain.plan import plan_private_dns, plan_surplus
from connectivity.usecases.ports import Endpoints, Ledger, Probe, Vpcs
from connectivity.usecases.remove import check_wish
from connectivity.usecases.settings import Settings
from connectivity.usecases.turns import take_turn_now


def turn_on_private_dns(
    desired: Desired, now: float, endpoints: Endpoints, ledger: Ledger, us: str
) -> tuple[str, ...]:
    """The services for which it was turned on now, which is in seconds since the epoch. Raises
    ConflictingPrivateDns, NotItsTurnYet, TurnHoursAway, and NotReadyYet where others need the
    bucket too: they would miss what is taken beyond its burst."""
    entry = ledger.read(desired.vpc_id)
    steps = plan_private_dns(desired, endpoints.all_in(desired.vpc_id), entry, us)
    if not steps:
        return ()
    what = "turn private DNS on"
    turn = take_turn_now(entry, pacing.TURNING_ON, len(steps), now, ledger, what)
    most = pacing.at_once(turn, pacing.TURNING_ON)
    for step in steps[:most]:
        endpoints.set_private_dns(
            step.endpoint_id,
            on=True,
            for_inbound_resolver_only=step.for_inbound_resolver_only,
        )
    if steps[:most] != steps:
        raise NotReadyYet(f"private DNS is on for {most} of {len(steps)} in {desired.vpc_id}")
    return tuple(step.service for step in steps)


def turn_off_private_dns(
    vpc_id: str, endpoints: Endpoints, ledger: Ledger, probe: Probe, us: str
) -> tuple[str, ...]:
    """Ids of the endpoints whose private DNS was on although on-premises never relied on it.

    What was verified and published before stays on: somebody uses it. The probe that a failed
    verification left behind goes, too.
    """
    entry = ledger.read(vpc_id)
    unverified = tuple(
        endpoint.id
        for endpoint in sorted(endpoints.all_in(vpc_id), key=_ecs_first)
        if endpoint.exists
        and endpoint.private_dns
        and is_our_endpoint(endpoint, us, entry.held)
        and endpoint.id not in entry.verified_endpoints
    )
    for endpoint_id in unverified:
        endpoints.set_private_dns(endpoint_id, on=False)
    if ledgers.PROBE in entry.held:
        probe.remove(vpc_id)
        ledger.let_go(vpc_id, [ledgers.PROBE])
    return unverified


def turn_off_all_private_dns(
    vpc_id: str, now: float, vpcs: Vpcs, endpoints: Endpoints, ledger: Ledger, settings: Settings
) -> int:
    """Of everything of ours; afterwards so many seconds have to pass before it goes. Raises
    WishedAgain before anything is changed, and for its turn as `turn_on_private_dns` does."""
    check_wish(vpc_id, vpcs)
    entry = ledger.read(vpc_id)
    observed = endpoints.all_in(vpc_id)
    ours = [e for e in observed if is_our_endpoint(e, settings.us, entry.held)]
    serving = _turn_off(ours, pacing.TURNING_OFF_NOW, entry, now, endpoints, ledger)
    return settings.expiry_seconds if serving else 0


def turn_off_surplus_private_dns(
    desired: Desired, now: float, endpoints: Endpoints, ledger: Ledger, settings: Settings
) -> int:
    """Of what is no longer asked for; the answer is as of `turn_off_all_private_dns`. When the
    stack's own services change, every VPC has some of it at once: so this, too, has its turn."""
    entry = ledger.read(desired.vpc_id)
    observed = endpoints.all_in(desired.vpc_id)
    surplus = {step.endpoint_id for step in plan_surplus(desired, observed, entry, settings.us)}
    going = [e for e in observed if e.id in surplus]
    serving = _turn_off(going, pacing.TURNING_OFF_SURPLUS, entry, now, endpoints, ledger)
    return settings.expiry_seconds if serving else 0


def _turn_off(
    ours: Iterable[InterfaceEndpoint],
    bucket: Bucket,
    entry: Entry,
    now: float,
    endpoints: Endpoints,
    ledger: Ledger,
) -> bool:
    """Whether somebody may still have a private answer: also where it is off already, because an
    earlier attempt may have done that just now."""
    serving = [e for e in ours if e.type == "Interface" and e.state == "available"]
    lit = sorted((e for e in serving if e.private_dns), key=_ecs_first)
    if not lit:
        return bool(serving)
    turn = take_turn_now(entry, bucket, len(lit), now, ledger, "turn private DNS off")
    most = pacing.at_once(turn, bucket)
    for endpoint in lit[:most]:
        endpoints.set_private_dns(endpoint.id, on=False)
    if lit[:most] != lit:
        raise NotReadyYet(f"private DNS is off for {most} of {len(lit)}")
    return True


def _ecs_first(endpoint: InterfaceEndpoint) -> bool:
    """The reverse of turning on: an agent that still reached `ecs` privately would be sent to names
    that are public already."""
    return not endpoint.service_name.endswith(".ecs")
