"""Desired x observed -> plan, by example; its properties are in test_plan_properties. `apply` is
what AWS would make of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest
from connectivity.domain import ledger, plan
from connectivity.domain.desired import Desired
from connectivity.domain.ledger import Entry
from connectivity.domain.model import InboundResolver, InterfaceEndpoint, Rule, SecurityGroup
from connectivity.domain.ownership import Ownership, group_name, purpose_of
from connectivity.domain.policy_presets import document
from connectivity.domain.preconditions import prepare
from connectivity.domain.removal import Seen, plan_surplus
from connectivity.domain.removal_steps import RemoveEndpoint, TurnOffPrivateDns
from connectivity.domain.steps import (
    Admit,
    MakeGatewayEndpoint,
    MakeGroup,
    MakeInterfaceEndpoint,
    MakeResolver,
    MendInterfaceEndpoint,
    Plan,
    Revoke,
    SetPolicy,
    Step,
    TurnOnPrivateDns,
    describe,
)

from tests.unit.example import LIMITS, ONPREM, OPTIONS, SURVEY, US, VPC, WITH_ECR, full

DESIRED = prepare(SURVEY, WITH_ECR, LIMITS).desired
SERVICES = [endpoint.service_name for endpoint in DESIRED.endpoints]


@dataclass(frozen=True)
class World:
    """What the plan looks at."""

    endpoints: tuple[InterfaceEndpoint, ...] = ()
    groups: tuple[SecurityGroup, ...] = ()
    resolvers: tuple[InboundResolver, ...] = ()
    held: Mapping[str, str] = field(default_factory=dict)

    @property
    def entry(self) -> Entry:
        return Entry(VPC.id, held=self.held)

    @property
    def ownership(self) -> Ownership:
        return Ownership(US, self.entry)

    def holding(self, purpose: str, resource_id: str) -> Mapping[str, str]:
        return {**self.held, purpose: resource_id}


def whole_plan(world: World, desired: Desired = DESIRED) -> Plan:
    ownership = world.ownership
    surplus = plan_surplus(desired, Seen(world.endpoints), ownership)
    return (
        *plan.plan_endpoints(desired, world.endpoints, world.groups, ownership),
        *plan.plan_resolver(desired, world.resolvers, world.groups, ownership),
        *plan.plan_private_dns(desired, world.endpoints, ownership),
        *surplus.of(TurnOffPrivateDns),
        *surplus.of(RemoveEndpoint),
    )


def apply(steps: Plan, world: World) -> World:
    for step in steps:
        world = apply_step(step, world)
    return world


def apply_step(step: Step, world: World) -> World:
    """AWS and the ledger after one step. New ids are made from what they are for."""
    match step:
        case MakeGroup():
            made = SecurityGroup(f"sg-{step.purpose}", step.name, owner=US)
            held = world.holding(step.purpose, made.id)
            return replace(world, groups=(*world.groups, made), held=held)
        case Admit():
            return change_rules(world, step.purpose, frozenset(step.rules), frozenset())
        case Revoke():
            return change_rules(world, step.purpose, frozenset(), frozenset(step.rules))
        case MakeGatewayEndpoint():
            return make(
                InterfaceEndpoint("vpce-gw", step.service_name, "pending", "Gateway"), world
            )
        case MakeInterfaceEndpoint():
            subnets, name = step.subnets, step.service_name
            groups = (world.held[ledger.ENDPOINTS_GROUP],)
            new = InterfaceEndpoint(f"vpce-{name}", name, "pending", "Interface", False, subnets)
            return make(replace(new, security_groups=groups), world)
        case MendInterfaceEndpoint():
            group = (world.held[ledger.ENDPOINTS_GROUP],) if step.group else ()
            mended = (
                replace(
                    e,
                    security_groups=(*e.security_groups, *group),
                    subnets=tuple(sorted({*e.subnets, *step.subnets})),
                )
                if e.id == step.endpoint_id
                else e
                for e in world.endpoints
            )
            return replace(world, endpoints=tuple(mended))
        case SetPolicy():
            policy = document(step.policy, step.service_name)
            shown = (
                replace(e, policy=policy) if e.id == step.endpoint_id else e
                for e in world.endpoints
            )
            return replace(world, endpoints=tuple(shown))
        case MakeResolver():
            resolver = InboundResolver("rslvr-in-new", VPC.id, "creating")
            held = world.holding(ledger.RESOLVER, resolver.id)
            return replace(world, resolvers=(*world.resolvers, resolver), held=held)
        case TurnOnPrivateDns():
            only = step.for_inbound_resolver_only
            on = (
                replace(e, private_dns=True, for_inbound_resolver_only=only)
                if e.id == step.endpoint_id
                else e
                for e in world.endpoints
            )
            return replace(world, endpoints=tuple(on))
        case TurnOffPrivateDns():
            off = (
                replace(e, private_dns=False) if e.id == step.endpoint_id else e
                for e in world.endpoints
            )
            return replace(world, endpoints=tuple(off))
        case RemoveEndpoint():
            left = (e for e in world.endpoints if e.id != step.endpoint_id)
            return replace(world, endpoints=tuple(left))


def make(endpoint: InterfaceEndpoint, world: World) -> World:
    held = world.holding(purpose_of(endpoint), endpoint.id)
    return replace(world, endpoints=(*world.endpoints, replace(endpoint, owner=US)), held=held)


def change_rules(world: World, purpose: str, more: frozenset[Rule], less: frozenset[Rule]) -> World:
    """A source that is a purpose stands for the group that is held for it."""
    resolved = frozenset(replace(r, source=world.held.get(r.source, r.source)) for r in more)
    name = group_name(VPC.id, purpose)
    changed = tuple(
        replace(group, rules=(group.rules | resolved) - less) if group.name == name else group
        for group in world.groups
    )
    return replace(world, groups=changed)


def converged(world: World, desired: Desired = DESIRED) -> World:
    """Private DNS is planned for endpoints that are there, so that it takes a second look."""
    for _ in range(2):
        world = apply(whole_plan(world, desired), world)
    return world


def connected() -> World:
    return converged(World())


def test_private_dns_is_turned_on_in_an_order_that_never_sends_an_agent_to_a_public_name() -> None:
    made = apply(whole_plan(World()), World())
    steps = plan.plan_private_dns(DESIRED, reversed(made.endpoints), made.ownership)
    assert [step.service for step in steps][:3] == ["ecs-agent", "ecs-telemetry", "ecs"]
    assert len(steps) == len(SERVICES)
    assert [s.service for s in steps if s.for_inbound_resolver_only] == ["s3"]


def test_the_gateway_endpoint_comes_before_all_interface_endpoints() -> None:
    """AWS grants S3's private DNS only where it is there."""
    made = [type(s) for s in whole_plan(World()) if "Endpoint" in type(s).__name__]
    assert made.index(MakeGatewayEndpoint) < made.index(MakeInterfaceEndpoint)


def test_onprem_and_the_vpc_reach_the_endpoints_onprem_and_the_probe_the_resolver() -> None:
    rules = {group.id: group.rules for group in connected().groups}
    assert rules["sg-group/endpoints"] == {Rule("tcp", 443, ONPREM), Rule("tcp", 443, VPC.cidrs[0])}
    assert rules["sg-group/probe"] == frozenset()
    assert rules["sg-group/resolver"] == {
        Rule(protocol, 53, source)
        for protocol in ("tcp", "udp")
        for source in (ONPREM, "sg-group/probe")
    }


def test_a_changed_onprem_cidr_replaces_the_rules_and_nothing_else() -> None:
    moved = replace(DESIRED, onprem_cidrs=("10.99.0.0/16",))
    steps = whole_plan(connected(), moved)
    assert {type(step) for step in steps} == {Admit, Revoke}
    assert whole_plan(apply(steps, connected()), moved) == ()


def test_what_is_no_longer_asked_for_goes_interface_endpoints_before_the_gateway() -> None:
    less = replace(
        DESIRED,
        endpoints=tuple(e for e in DESIRED.endpoints if e.service != "s3"),
        gateway_service=None,
    )
    steps = whole_plan(connected(), less)
    assert [describe(step) for step in steps] == [
        f"remove vpce-{full('s3')} ({full('s3')}): no longer asked for",
        f"remove vpce-gw ({full('s3')}): no longer asked for - once vpce-{full('s3')} is gone",
    ]


def test_nothing_is_made_for_an_adopted_endpoint() -> None:
    first = replace(DESIRED.endpoints[0], adopted="vpce-theirs")
    desired = replace(DESIRED, endpoints=(first, *DESIRED.endpoints[1:]))
    made = [
        s.service_name for s in whole_plan(World(), desired) if isinstance(s, MakeInterfaceEndpoint)
    ]
    assert made == SERVICES[1:]


@pytest.mark.parametrize(
    ("subnets", "asked_for"),
    [
        (("subnet-a", "subnet-b"), (("subnet-a", "10.20.0.53"), ("subnet-b", "10.20.1.53"))),
        (("subnet-a", "subnet-c"), (("subnet-a", "10.20.0.53"), ("subnet-c", None))),
        (("subnet-a", "subnet-a"), (("subnet-a", "10.20.0.53"), ("subnet-a", None))),
    ],
)
def test_a_promised_resolver_ip_is_asked_for_again(
    subnets: tuple[str, ...], asked_for: tuple[tuple[str, str | None], ...]
) -> None:
    promised = {"10.20.0.53": "subnet-a", "10.20.1.53": "subnet-b"}
    desired = replace(DESIRED, resolver_subnets=subnets, promised=promised)
    steps = whole_plan(World(), desired)
    [made] = [step for step in steps if isinstance(step, MakeResolver)]
    assert made.addresses == asked_for


@pytest.mark.parametrize(
    ("recorded", "status", "found"),
    [
        ("rslvr-in-1", "operational", "rslvr-in-1"),
        ("making:token", "creating", "rslvr-in-1"),
        ("making:other", "creating", None),
        ("rslvr-in-1", "deleting", None),
        ("", "operational", None),
    ],
)
def test_a_resolver_is_ours_by_its_id_or_by_the_token_it_was_made_with(
    recorded: str, status: str, found: str | None
) -> None:
    resolver = InboundResolver("rslvr-in-1", VPC.id, status, creator_request_id="token")
    held = {ledger.RESOLVER: recorded} if recorded else {}
    ownership = Ownership(US, Entry(VPC.id, held=held))
    ours = resolver if found else None
    assert ownership.resolver([resolver]) == ours
    also_deleting = resolver if recorded == resolver.id else ours
    assert ownership.resolver([resolver], also_deleting=True) == also_deleting


def test_what_a_connection_costs_a_month() -> None:
    """Nine interface endpoints in two zones at 1 cent, two resolver IPs at 12.5 cents an hour."""
    assert plan.monthly_dollars(DESIRED) == pytest.approx(730 * (18 * 0.01 + 2 * 0.125))


def test_a_desired_state_survives_the_way_from_state_to_state() -> None:
    adopted = replace(DESIRED.endpoints[0], adopted="vpce-theirs")
    for desired in (DESIRED, replace(DESIRED, endpoints=(adopted,), gateway_service=None)):
        assert Desired.from_json(desired.as_json()) == desired


def test_rules_that_differ_in_their_last_port_alone_are_in_order() -> None:
    """The order of a set is another one in every process."""
    rules = [Rule("tcp", 0, ONPREM, last) for last in range(1, 10)]
    name = f"{group_name(VPC.id, ledger.ENDPOINTS_GROUP)}-0a1b2c"
    group = SecurityGroup("sg-1", name, frozenset(rules), US)
    entry = Entry(VPC.id, held={ledger.ENDPOINTS_GROUP: group.id})
    desired = prepare(SURVEY, OPTIONS, LIMITS).desired
    steps = plan.plan_endpoints(desired, (), (group,), Ownership(US, entry))
    [revoked] = [step.rules for step in steps if isinstance(step, Revoke)]
    assert revoked == tuple(rules)


def networks(first: int, count: int) -> tuple[str, ...]:
    return tuple(f"172.16.{number}.0/24" for number in range(first, first + count))


@pytest.mark.parametrize(
    ("before", "afterwards", "order"),
    [
        (networks(0, 20), networks(20, 20), [Revoke, Admit]),
        (networks(0, 29), networks(1, 29), [Revoke, Admit]),
        (networks(0, 10), networks(10, 10), [Admit, Revoke]),
        (networks(0, 29), networks(0, 28), [Revoke]),
        (networks(0, 28), networks(0, 29), [Admit]),
    ],
    ids=["20 others", "one of 29", "10 others", "one less", "one more"],
)
def test_rules_never_exceed_what_a_security_group_holds(
    before: tuple[str, ...], afterwards: tuple[str, ...], order: list[type[Step]]
) -> None:
    """AWS counts the rules of a group at every moment: with the new ones beside the old ones it
    would refuse them, and at every sweep again."""
    was, shall_be = (replace(DESIRED, onprem_cidrs=cidrs) for cidrs in (before, afterwards))
    world = apply(whole_plan(World(), was), World())
    changes = [
        step
        for step in whole_plan(world, shall_be)
        if isinstance(step, Admit | Revoke) and step.purpose == ledger.RESOLVER_GROUP
    ]
    for step in changes:
        world = apply_step(step, world)
        assert all(len(group.rules) <= DESIRED.rules_per_group for group in world.groups)
    assert [type(step) for step in changes] == order
    assert ("first, because" in changes[0].reason) is (order == [Revoke, Admit])


def test_a_prefix_list_in_our_group_may_count_for_any_number_of_rules() -> None:
    """AWS counts the entries that it may have, so somebody's rule with one goes first."""
    world = apply(whole_plan(World()), World())
    odd = frozenset({Rule("tcp", 443, "pl-0123")})
    world = change_rules(world, ledger.ENDPOINTS_GROUP, odd, frozenset())
    more = replace(DESIRED, onprem_cidrs=(ONPREM, "10.9.0.0/16"))
    kinds = [
        type(s)
        for s in whole_plan(world, more)
        if getattr(s, "purpose", "") == ledger.ENDPOINTS_GROUP
    ]
    assert kinds == [Revoke, Admit]
