"""Ensure the interface endpoints: made with private DNS off, waited for until available."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import uuid4

from connectivity.domain import ledger as ledgers
from connectivity.domain import pacing
from connectivity.domain import plan as plans
from connectivity.domain.desired import Desired
from connectivity.domain.errors import EndpointFailed, NotReadyYet
from connectivity.domain.ledger import Entry
from connectivity.domain.model import InterfaceEndpoint
from connectivity.domain.ownership import Ownership, purpose_of
from connectivity.domain.steps import MakeGatewayEndpoint, MakeInterfaceEndpoint, Plan
from connectivity.usecases.aws import Aws
from connectivity.usecases.ports import Ledger, Resolvers
from connectivity.usecases.security_groups import group_steps
from connectivity.usecases.turns import take_turn_now

_ENDED_BADLY = frozenset({"failed", "rejected", "expired", "partial"})


def ensure_endpoints(desired: Desired, now: float, aws: Aws) -> tuple[str, ...]:
    """Return the ids of the endpoints, all available; `now` is in seconds since the epoch. Raises
    NotReadyYet, NotItsTurnYet, TurnHoursAway, EndpointFailed, QuotaReached."""
    ownership = aws.ownership(aws.ledger.read(desired.vpc_id))
    observed = aws.endpoints.all_in(desired.vpc_id)
    groups = aws.groups.all_in(desired.vpc_id)
    _write_down(observed, ownership, aws.ledger)
    plan = plans.plan_endpoints(desired, observed, groups, ownership)
    if plan:
        _let_the_resolver_go_first(desired, ownership, aws.resolvers)
        steps = group_steps((ledgers.ENDPOINTS_GROUP,), groups, ownership, aws)
        steps.apply(plan)
        _make(plan, steps.ids[ledgers.ENDPOINTS_GROUP], ownership.entry, now, aws)
    made = [s for s in plan if isinstance(s, MakeInterfaceEndpoint | MakeGatewayEndpoint)]
    if made:
        raise NotReadyYet(f"{len(made)} endpoints of {desired.vpc_id} are being made")
    return _available(desired, observed, ownership)


def _let_the_resolver_go_first(
    desired: Desired, ownership: Ownership, resolvers: Resolvers
) -> None:
    """AWS gives an interface endpoint any address that is free, also one that was promised to
    on-premises: the resolver takes those up before. That it was announced says little, as its
    creation may have failed."""
    if not ownership.entry.resolver_ips or desired.adopted_resolver:
        return
    if ownership.resolver(resolvers.all_of_region()) is None:
        raise NotReadyYet(f"the resolver of {desired.vpc_id} takes its promised addresses up first")


def _write_down(
    observed: Iterable[InterfaceEndpoint], ownership: Ownership, ledger: Ledger
) -> None:
    """Write down the ids of the endpoints that were made since and can be seen now."""
    found = {
        purpose_of(endpoint): endpoint.id
        for endpoint in sorted(observed, key=lambda e: e.id, reverse=True)
        if endpoint.exists
        and ownership.of_endpoint(endpoint)
        and ownership.entry.held[purpose_of(endpoint)] != endpoint.id
    }
    if found:
        ledger.hold(ownership.entry.vpc_id, found)


def _make(plan: Plan, group: str, entry: Entry, now: float, aws: Aws) -> None:
    """Make the endpoints of the plan. Announced with a token first. The token is kept until the
    endpoint can be seen, which may be a while after its creation: until then a repetition makes the
    same endpoint. Where others have booked too, not more at once than AWS allows; the rest with the
    next look."""
    making = _tokens(plan, entry)
    if not making:
        return
    vpc_id, endpoints = entry.vpc_id, aws.endpoints
    turn = take_turn_now(
        entry, pacing.MAKING_NOW, len(making), now, aws.ledger, "make its interface endpoints"
    )
    aws.ledger.announce(entry, making)
    makes = [s for s in plan if isinstance(s, MakeInterfaceEndpoint | MakeGatewayEndpoint)]
    for step in makes[: pacing.at_once(turn, pacing.MAKING_NOW)]:
        match step:
            case MakeGatewayEndpoint():
                token = making[ledgers.gateway_purpose(step.service_name)]
                endpoints.make_gateway(vpc_id, step.service_name, token)
            case MakeInterfaceEndpoint():
                token = making[ledgers.endpoint_purpose(step.service_name)]
                endpoints.make_interface(vpc_id, step.service_name, step.subnets, group, token)


def _tokens(plan: Plan, entry: Entry) -> dict[str, str]:
    """Purpose -> client token: the announced one if there is one, else a new one."""
    purposes = [
        ledgers.gateway_purpose(step.service_name)
        if isinstance(step, MakeGatewayEndpoint)
        else ledgers.endpoint_purpose(step.service_name)
        for step in plan
        if isinstance(step, MakeInterfaceEndpoint | MakeGatewayEndpoint)
    ]
    return {purpose: ledgers.announced_token(entry, purpose) or uuid4().hex for purpose in purposes}


def _available(
    desired: Desired, observed: tuple[InterfaceEndpoint, ...], ownership: Ownership
) -> tuple[str, ...]:
    ours = [plans.endpoint_for(wanted, observed, ownership) for wanted in desired.endpoints]
    there = [endpoint for endpoint in ours if endpoint is not None]
    failed = [e for e in there if e.state in _ENDED_BADLY]
    if failed:
        raise EndpointFailed(
            "; ".join(f"{e.id} ({e.service_name}) is {e.state}: {e.failure}" for e in failed)
            + ": delete what failed, the next sweep makes it anew"
        )
    waiting = [e.service_name for e in there if e.state != "available"]
    if waiting:
        raise NotReadyYet(f"not available yet: {', '.join(waiting)}")
    return tuple(endpoint.id for endpoint in there)
