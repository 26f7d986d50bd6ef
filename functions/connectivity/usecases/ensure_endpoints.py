"""Ensure the interface endpoints: made with private DNS off, waited for until available."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from connectivity.domain import ledger as ledgers
from connectivity.domain import pacing
from connectivity.domain import plan as plans
from connectivity.domain.desired import Desired
from connectivity.domain.endpoint_policy import fingerprint
from connectivity.domain.errors import EndpointFailed, Fact, JustBegun, NotReadyYet
from connectivity.domain.ledger import Announcement, Beside, Entry
from connectivity.domain.model import InboundResolver, InterfaceEndpoint
from connectivity.domain.ownership import Ownership
from connectivity.domain.policy_presets import document
from connectivity.domain.steps import (
    MakeGatewayEndpoint,
    MakeInterfaceEndpoint,
    MendInterfaceEndpoint,
    Plan,
)
from connectivity.usecases.aws import Aws
from connectivity.usecases.endpoint_policies import give_policies, note_policies
from connectivity.usecases.ports import Endpoints, UsedToken
from connectivity.usecases.security_groups import (
    GroupSteps,
    group_steps,
    look_at_groups,
    refuse_out_of_reach,
)
from connectivity.usecases.tokens import token
from connectivity.usecases.turns import Pace, begin_turn_now

_ENDED_BADLY = frozenset({"failed", "rejected", "expired", "partial"})


def ensure_endpoints(desired: Desired, now: float, aws: Aws) -> tuple[str, ...]:
    """Return the ids of the endpoints, all available; `now` is in seconds since the epoch. Raises
    JustBegun, NotReadyYet, NotItsTurnYet, TurnHoursAway, EndpointFailed, OutOfReach,
    QuotaReached."""
    ownership = aws.ownership(aws.ledger.read(desired.vpc_id))

    def _look() -> tuple[InterfaceEndpoint, ...]:
        return aws.endpoints.all_in(desired.vpc_id)

    observed = aws.patience.until(lambda seen: _all_seen(ownership.entry, seen, now), _look)
    refuse_out_of_reach(ownership.out_of_reach(observed))
    groups = look_at_groups((ledgers.ENDPOINTS_GROUP,), ownership.entry, aws)
    note_policies(desired, observed, ownership, aws.ledger)
    plan = plans.plan_endpoints(desired, observed, groups, ownership)
    if plan:
        _let_the_resolver_go_first(desired, ownership, aws)
        steps = group_steps((ledgers.ENDPOINTS_GROUP,), groups, ownership, aws)
        steps.apply(plan)
        _mend(plan, steps.ids.get(ledgers.ENDPOINTS_GROUP, ""), aws.endpoints)
        _make(plan, steps, now, aws)
        give_policies(plan, ownership.entry, now, aws)
    made = [s for s in plan if isinstance(s, MakeInterfaceEndpoint | MakeGatewayEndpoint)]
    if made:
        raise JustBegun(f"{len(made)} endpoints of {desired.vpc_id} are being made")
    mended = [step.endpoint_id for step in plan if isinstance(step, MendInterfaceEndpoint)]
    if mended:
        raise NotReadyYet(f"{', '.join(mended)} get back what they had lost")
    return aws.patience.until(lambda seen: _available(desired, seen, ownership), _look, observed)


def learn_what_was_begun(vpc_id: str, now: float, aws: Aws) -> tuple[str, ...]:
    """Return the ids of the endpoints whose creation was announced and never answered, `now` being
    in seconds since the epoch. Only AWS knows them, and tells them to whoever repeats the request:
    what was not made before is made now, and a teardown can then remove all of it by its id."""
    entry = aws.ledger.read(vpc_id)
    announced = {
        purpose: announcement
        for purpose in ledgers.begun_endpoints(entry)
        if (announcement := ledgers.announcement(entry, purpose)) is not None
    }
    for purpose, announcement in announced.items():
        with suppress(Fact):
            _make_announced({purpose: announcement}, entry, now, aws)
    held = aws.ledger.read(vpc_id).held
    return tuple(held[purpose] for purpose in announced if purpose in held)


def require_all_seen(entry: Entry, observed: Iterable[InterfaceEndpoint], now: float) -> None:
    """Check that AWS shows every interface endpoint that was made a moment ago: one that is not
    shown would be taken for gone. Raises NotReadyYet."""
    unseen = ledgers.unseen_endpoints(entry, [endpoint.id for endpoint in observed], now)
    if unseen:
        raise NotReadyYet(f"made a moment ago and not shown by AWS yet: {', '.join(unseen)}")


def _all_seen(
    entry: Entry, observed: tuple[InterfaceEndpoint, ...], now: float
) -> tuple[InterfaceEndpoint, ...]:
    require_all_seen(entry, observed, now)
    return observed


def _let_the_resolver_go_first(desired: Desired, ownership: Ownership, aws: Aws) -> None:
    """Wait until AWS shows the resolver where addresses were promised to on-premises, or chosen for
    a firewall: AWS gives an interface endpoint any free address, also one of these. An announced
    resolver is not enough, as its creation may have failed. Raises NotReadyYet."""
    its_own = ownership.entry.resolver_ips or desired.promised
    if not its_own or desired.adopted_resolver:
        return
    vpc_id = desired.vpc_id

    def _is_begun(seen: tuple[InboundResolver, ...]) -> None:
        if aws.ownership(aws.ledger.read(vpc_id)).resolver(seen) is None:
            raise NotReadyYet(f"the resolver of {vpc_id} has to take its addresses first")

    aws.patience.until(_is_begun, lambda: aws.resolvers.in_vpc(vpc_id))


def _mend(plan: Plan, group: str, endpoints: Endpoints) -> None:
    for step in plan:
        if isinstance(step, MendInterfaceEndpoint):
            groups = [group] if step.group else []
            endpoints.give_back(step.endpoint_id, groups, step.subnets, step.ipv4)


def _make(plan: Plan, steps: GroupSteps, now: float, aws: Aws) -> None:
    """Make the endpoints of the plan, announced first, as fast as AWS lets them be made."""
    entry = steps.entry
    announced = _announcements(plan, steps.ids.get(ledgers.ENDPOINTS_GROUP, ""), entry)
    if not announced:
        steps.write_down()
        return
    pace = begin_turn_now(entry, pacing.MAKING_NOW, len(announced), now, aws)
    tokens = {purpose: str(each) for purpose, each in announced.items()}
    aws.ledger.announce(entry, tokens, Beside(steps.unwritten, pace.unwritten))
    _make_announced(announced, entry, now, aws, pace)


def _announcements(plan: Plan, group: str, entry: Entry) -> dict[str, Announcement]:
    """Return by purpose what is to be announced: what was announced before, because AWS answers
    only the same request, unless its security group is another one by now. An endpoint would hold
    that group: so there is none."""
    announced: dict[str, Announcement] = {}
    for step in plan:
        match step:
            case MakeGatewayEndpoint():
                purpose = ledgers.gateway_purpose(step.service_name)
                new = Announcement(token(), policy=step.policy)
            case MakeInterfaceEndpoint():
                purpose = ledgers.endpoint_purpose(step.service_name)
                new = Announcement(token(), group, step.subnets, step.policy)
            case _:
                continue
        before = ledgers.announcement(entry, purpose)
        announced[purpose] = before if before and before.group == new.group else new
    return announced


def _make_announced(
    announced: Mapping[str, Announcement],
    entry: Entry,
    now: float,
    aws: Aws,
    pace: Pace | None = None,
) -> None:
    """Make the endpoints at this pace, and write down the ids that AWS answers, also if not all of
    them came: from then on these ids and nothing else are ours."""
    made: dict[str, str] = {}
    try:
        for purpose, announcement in announced.items():
            if pace is not None:
                pace.wait_for_next()
            made[purpose] = _id_of(purpose, announcement, entry.vpc_id, aws)
    finally:
        if made:
            given = {
                purpose: ledgers.given_policy(id_, _fingerprint(purpose, announced[purpose]))
                for purpose, id_ in made.items()
                if announced[purpose].policy
            }
            aws.ledger.hold(entry.vpc_id, made, now, given)


def _fingerprint(purpose: str, announced: Announcement) -> str:
    """Return the fingerprint of the endpoint policy with which an endpoint was made."""
    return fingerprint(document(announced.policy, purpose.partition("/")[2]))


def _id_of(purpose: str, announced: Announcement, vpc_id: str, aws: Aws) -> str:
    """Return the id of the endpoint that was made with this token, now or before. What AWS refuses
    is announced no longer: nothing was made with its token, or nobody can learn what. (Such an
    endpoint carries our owner tag, and is named as a stray.)"""
    service_name = purpose.partition("/")[2]
    try:
        if purpose == ledgers.gateway_purpose(service_name):
            return aws.endpoints.make_gateway(vpc_id, service_name, announced)
        return aws.endpoints.make_interface(vpc_id, service_name, announced)
    except UsedToken as error:
        aws.ledger.record_gone(vpc_id, [purpose])
        raise NotReadyYet(f"{error} - begun anew") from error
    except Fact:
        aws.ledger.record_gone(vpc_id, [purpose])
        raise


def _available(
    desired: Desired, observed: tuple[InterfaceEndpoint, ...], ownership: Ownership
) -> tuple[str, ...]:
    ours = [plans.endpoint_for(wanted, observed, ownership) for wanted in desired.in_the_vpc]
    there = [endpoint for endpoint in ours if endpoint is not None]
    if len(there) < len(ours):
        raise NotReadyYet(f"an endpoint of {desired.vpc_id} is gone while others are waited for")
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
