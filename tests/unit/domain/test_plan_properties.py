"""What holds for the plan of any VPC: from what AWS shows and the ledger remembers, through the
preconditions and what is derived from them, to the steps and the world after them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Any, TypeVar

import pytest
from connectivity.domain import catalogue, plan
from connectivity.domain.convergence import whole_plan
from connectivity.domain.desired import Desired
from connectivity.domain.drift import repairs
from connectivity.domain.errors import PreconditionsNotMet
from connectivity.domain.ledger import GROUPS, Entry
from connectivity.domain.model import InterfaceEndpoint, Rule
from connectivity.domain.preconditions import prepare
from connectivity.domain.removal_steps import RemoveEndpoint
from connectivity.domain.steps import (
    MakeGatewayEndpoint,
    MakeInterfaceEndpoint,
    MakeResolver,
    Plan,
    Step,
    TurnOnPrivateDns,
    describe,
)
from connectivity.domain.survey import Survey
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.any_endpoint import is_theirs
from tests.unit.domain.any_vpc import AnyVpc, any_number, fit_vpcs, listed_otherwise
from tests.unit.domain.carried_out import (
    after,
    connected,
    desired_of,
    learnt,
    plan_of,
)
from tests.unit.domain.unfit_vpc import any_vpcs
from tests.unit.example import VPC, full

ECS = ("ecs-agent", "ecs-telemetry", "ecs")

twice_listed = any_vpcs().flatmap(lambda vpc: st.tuples(st.just(vpc), listed_otherwise(vpc)))
S = TypeVar("S", bound=Step)


def those(kind: type[S], steps: Iterable[Step]) -> list[S]:
    return [step for step in steps if isinstance(step, kind)]


def outcome(vpc: AnyVpc) -> object:
    """Everything that is decided of it, or the refusal in its words."""
    try:
        prepared = prepare(vpc.survey, vpc.options, vpc.limits)
    except PreconditionsNotMet as refusal:
        return str(refusal)
    steps = whole_plan(prepared.desired, vpc.survey)
    return prepared, steps, repairs(prepared.desired, vpc.survey, steps, ())


@any_number
@given(fit_vpcs())
def test_a_plan_on_its_own_result_is_empty(vpc: AnyVpc) -> None:
    """A sweep comes every hour: what is never finished would be changed for ever. Private DNS
    alone takes a second look, because it is planned for what is there."""
    vpc = learnt(vpc)
    made = after(plan_of(vpc), vpc)
    second = plan_of(made)
    assert {type(step) for step in second} <= {TurnOnPrivateDns}
    assert plan_of(after(second, made)) == ()


@any_number
@given(fit_vpcs())
def test_afterwards_everything_that_is_asked_for_is_there_and_nothing_else_of_ours(
    vpc: AnyVpc,
) -> None:
    """An empty plan would be its own result, too."""
    vpc = learnt(vpc)
    desired, survey = desired_of(vpc), connected(vpc).survey
    lit = Counter(e.service_name for e in survey.endpoints if e.exists and e.private_dns)
    assert all(lit[endpoint.service_name] == 1 for endpoint in desired.endpoints)
    ours = [e for e in survey.endpoints if e.exists and not is_theirs(e.id)]
    assert interface_services(ours) >= {endpoint.service_name for endpoint in desired.ours}
    assert {(e.type, e.service_name) for e in ours} - wanted_of(desired) == set()
    gateways = {e.service_name for e in survey.endpoints if e.exists and e.type == "Gateway"}
    assert desired.gateway_service is None or desired.gateway_service in gateways
    resolvers = {r.id for r in survey.resolvers if r.status != "deleting" and not is_theirs(r.id)}
    assert bool(resolvers) is (desired.adopted_resolver is None)


def interface_services(endpoints: Iterable[InterfaceEndpoint]) -> set[str]:
    return {e.service_name for e in endpoints if e.type == "Interface"}


def wanted_of(desired: Desired) -> set[tuple[str, str | None]]:
    interfaces = {("Interface", endpoint.service_name) for endpoint in desired.ours}
    return {*interfaces, ("Gateway", desired.gateway_service)}


@any_number
@given(fit_vpcs())
def test_afterwards_the_security_groups_admit_what_is_asked_for_and_nothing_else(
    vpc: AnyVpc,
) -> None:
    """Whoever reaches an interface endpoint reaches AWS with the VPC's names: a rule left over is a
    door left open, a rule missing an agent that does not connect."""
    survey = connected(vpc).survey
    ours = survey.ownership.groups(survey.groups)
    rules = {purpose: group.rules for purpose, group in ours.items()}
    ids = {purpose: group.id for purpose, group in ours.items()}
    endpoints, resolver, probe = GROUPS
    onprem = vpc.options.onprem_cidrs
    assert rules[endpoints] == {Rule("tcp", 443, cidr) for cidr in (*onprem, *VPC.cidrs)}
    assert rules[probe] == frozenset()
    if desired_of(vpc).adopted_resolver is None:
        sources = (*onprem, ids[probe])
        assert rules[resolver] == {Rule(p, 53, s) for p in ("tcp", "udp") for s in sources}


@any_number
@given(fit_vpcs(), st.integers(0, 30))
def test_a_run_that_stopped_anywhere_is_taken_up_where_it_stopped(vpc: AnyVpc, done: int) -> None:
    """An execution can end between any two steps. The next one must neither be refused for what
    the first has made nor make it twice."""
    vpc = learnt(vpc)
    stopped = after(plan_of(vpc)[:done], vpc)
    assert plan_of(connected(stopped)) == ()
    assert set(services_made(plan_of(stopped))) <= set(services_made(plan_of(vpc)[done:]))


def services_made(steps: Plan) -> list[str]:
    return [step.service_name for step in those(MakeInterfaceEndpoint, steps)]


@any_number
@given(twice_listed)
def test_the_same_vpc_gets_the_same_plan_or_refusal_in_whatever_order_it_is_listed(
    listed: tuple[AnyVpc, AnyVpc],
) -> None:
    """AWS promises no order. A plan that followed it would move subnets, or say something new at
    every sweep."""
    once, again = listed
    assert outcome(once) == outcome(once)
    assert outcome(again) == outcome(once)


@any_number
@given(fit_vpcs())
def test_what_is_not_ours_is_neither_named_by_a_step_nor_changed_by_the_plan(vpc: AnyVpc) -> None:
    """Somebody else's interface endpoint serves somebody else, even where it carries a copy of our
    tag; the only thing that we may do is to use it."""
    first = plan_of(vpc)
    steps = (*first, *plan_of(after(first, vpc)))
    assert not any(is_theirs(step.endpoint_id) for step in those(TurnOnPrivateDns, steps))
    assert not any(is_theirs(step.endpoint_id) for step in those(RemoveEndpoint, steps))
    assert not_ours(connected(vpc).survey) == not_ours(vpc.survey)


def not_ours(survey: Survey) -> dict[str, object]:
    things: tuple[Any, ...] = (*survey.endpoints, *survey.groups, *survey.resolvers)
    return {thing.id: thing for thing in things if is_theirs(thing.id)}


@any_number
@given(fit_vpcs())
def test_nothing_is_made_beside_what_is_adopted(vpc: AnyVpc) -> None:
    """AWS refuses a second interface endpoint with private DNS for one service, and a second
    inbound resolver costs 183 USD a month."""
    vpc = learnt(vpc)
    desired, steps = desired_of(vpc), plan_of(vpc)
    adopted = {e.service_name: e.adopted for e in desired.endpoints if e.adopted}
    assert not adopted.keys() & set(services_made(steps))
    assert all(map(is_theirs, desired.adopted.values()))
    lit = {e.service_name for e in vpc.survey.endpoints if serves_beside_us(e)}
    assert adopted.keys() == lit & {endpoint.service_name for endpoint in desired.endpoints}
    gateways = {e.service_name for e in vpc.survey.endpoints if lends_its_gateway(e)}
    assert not gateways & {step.service_name for step in those(MakeGatewayEndpoint, steps)}
    lent = {r.id for r in vpc.survey.resolvers if r.vpc == VPC.id and r.direction == "inbound"}
    assert {desired.adopted_resolver} <= {None, *lent}
    assert not (desired.adopted_resolver and those(MakeResolver, steps))


def lends_its_gateway(endpoint: InterfaceEndpoint) -> bool:
    return is_theirs(endpoint.id) and endpoint.exists and endpoint.type == "Gateway"


def serves_beside_us(endpoint: InterfaceEndpoint) -> bool:
    return is_theirs(endpoint.id) and endpoint.exists and endpoint.private_dns


@any_number
@given(fit_vpcs())
def test_an_interface_endpoint_has_one_subnet_in_each_zone_and_only_where_it_is_offered(
    vpc: AnyVpc,
) -> None:
    """AWS refuses a second subnet of a zone (DuplicateSubnetsInSameZone) and a zone that the
    service does not support; one zone alone would not outlive the zone."""
    vpc = learnt(vpc)
    zone_of = {subnet.id: subnet.zone for subnet in vpc.survey.subnets}
    for step in those(MakeInterfaceEndpoint, plan_of(vpc)):
        zones = [zone_of[subnet] for subnet in step.subnets]
        assert len(set(zones)) == len(zones) == vpc.limits.zones
        assert set(zones) <= vpc.survey.offered[step.service_name].zones


@any_number
@given(fit_vpcs())
def test_the_resolver_has_its_addresses_in_as_many_zones_as_asked_for_evenly(vpc: AnyVpc) -> None:
    """AWS wants two addresses at least; on-premises resolves through what is left of them when a
    zone is lost."""
    zone_of = {subnet.id: subnet.zone for subnet in vpc.survey.subnets}
    for step in those(MakeResolver, plan_of(vpc)):
        share = Counter(zone_of[subnet] for subnet, _ in step.addresses)
        assert sum(share.values()) == vpc.limits.resolver_ips >= 2
        assert len(share) == min(vpc.limits.zones, vpc.limits.resolver_ips)
        assert max(share.values()) - min(share.values()) <= 1


@any_number
@given(fit_vpcs())
def test_a_promised_address_is_asked_for_again_once_in_its_subnet_unless_it_was_given_up(
    vpc: AnyVpc,
) -> None:
    """On-premises forwards to these addresses and nobody there is asked before they change."""
    promised, given_up = vpc.survey.entry.resolver_ips, desired_of(vpc).given_up
    for step in those(MakeResolver, plan_of(vpc)):
        asked_for = {ip: subnet for subnet, ip in step.addresses if ip}
        assert sum(ip is not None for _, ip in step.addresses) == len(asked_for)
        assert asked_for.items() <= promised.items()
        assert not asked_for.keys() & {*given_up, *vpc.survey.taken}
        anywhere = {subnet for subnet, ip in step.addresses if ip is None}
        still_wanted = promised.keys() - asked_for.keys() - set(given_up)
        assert not anywhere & {promised[ip] for ip in still_wanted}


def with_room_where_promised(vpc: AnyVpc) -> AnyVpc:
    """A promised address that nobody has taken is room, so a subnet with one is never full."""
    promised = vpc.survey.entry.resolver_ips.values()
    subnets = (
        replace(s, free_addresses=200) if s.id in promised else s for s in vpc.survey.subnets
    )
    return replace(vpc, survey=replace(vpc.survey, subnets=tuple(subnets)))


@any_number
@given(fit_vpcs().map(with_room_where_promised))
def test_no_subnet_is_asked_for_more_addresses_than_it_has(vpc: AnyVpc) -> None:
    """AWS would refuse in the middle of the run what the preconditions let pass, and the probe
    still needs an address of its own."""
    made = after(plan_of(vpc), vpc)
    room = {subnet.id: subnet.free_addresses for subnet in made.survey.subnets}
    assert min(room.values()) >= 0
    if plan_of(vpc):
        assert any(room[subnet] for subnet in desired_of(vpc).subnets)


@any_number
@given(any_vpcs())
def test_all_three_ecs_endpoints_or_none(vpc: AnyVpc) -> None:
    """An agent that reaches `ecs` privately is sent to the private names of the other two. Where
    somebody else may answer for a name, nothing is made before the names were asked for."""
    try:
        prepared = prepare(vpc.survey, vpc.options, vpc.limits)
    except PreconditionsNotMet as refusal:
        assert str(refusal)
        return
    desired = prepared.desired
    if prepared.to_ask:
        return
    assert tuple(endpoint.service for endpoint in desired.endpoints)[:3] == ECS
    serving = interface_services(e for e in connected(vpc).survey.endpoints if e.private_dns)
    assert serving >= {full(name) for name in ECS}


@any_number
@given(fit_vpcs())
def test_every_step_says_in_one_line_what_and_why(vpc: AnyVpc) -> None:
    """The lines are the report that a person reads, and the workflow hands them on as JSON."""
    lines = [describe(step) for step in plan_of(vpc)]
    assert json.loads(json.dumps(lines)) == lines
    for step, line in zip(plan_of(vpc), lines, strict=True):
        assert step.reason.strip()
        assert line.endswith(f": {step.reason}")
        assert "\n" not in line


@any_number
@given(fit_vpcs())
def test_what_is_desired_survives_the_way_through_the_workflow(vpc: AnyVpc) -> None:
    """It is decided once a run and handed on as JSON: the later states must carry out the plan that
    a person was shown."""
    desired = desired_of(vpc)
    handed_on = Desired.from_json(json.loads(json.dumps(desired.as_json())))
    assert handed_on == desired
    assert handed_on.fingerprint == desired.fingerprint
    assert whole_plan(handed_on, vpc.survey) == plan_of(vpc)


@any_number
@given(fit_vpcs())
def test_private_dns_is_turned_on_ecs_agent_ecs_telemetry_ecs_and_then_the_rest(
    vpc: AnyVpc,
) -> None:
    """In another order an agent is sent to names that are still public. Amazon S3's needs its
    gateway endpoint, and the option that leaves the VPC's own traffic on it."""
    made = after(plan_of(vpc), vpc)
    turned_on = those(TurnOnPrivateDns, plan_of(made))
    rest = (e.service for e in desired_of(vpc).endpoints if e.service not in ECS)
    place = {service: number for number, service in enumerate((*ECS, *rest))}
    assert all(place[one.service] < place[next_.service] for one, next_ in pairwise(turned_on))
    for step in turned_on:
        assert step.for_inbound_resolver_only == (step.service == catalogue.GATEWAY_FIRST)


@any_number
@given(fit_vpcs())
def test_s3s_gateway_endpoint_comes_first_and_goes_last(vpc: AnyVpc) -> None:
    """AWS lets it neither come after its interface endpoint nor go before it."""
    steps = plan_of(vpc)
    kinds = [type(step) for step in steps]
    if MakeGatewayEndpoint in kinds and MakeInterfaceEndpoint in kinds:
        assert kinds.index(MakeGatewayEndpoint) < kinds.index(MakeInterfaceEndpoint)
    type_of = {endpoint.id: endpoint.type for endpoint in vpc.survey.endpoints}
    removed = [type_of[step.endpoint_id] for step in those(RemoveEndpoint, steps)]
    assert removed == sorted(removed, reverse=True)


@any_number
@given(fit_vpcs())
def test_the_price_is_that_of_the_interfaces_and_addresses_that_a_bare_vpc_is_given(
    vpc: AnyVpc,
) -> None:
    """It is what a person agrees to: a cent an hour for each interface, 12.5 for each address."""
    survey = replace(vpc.survey, endpoints=(), resolvers=(), entry=Entry(VPC.id))
    bare = replace(vpc, survey=survey)
    interfaces = sum(len(s.subnets) for s in those(MakeInterfaceEndpoint, plan_of(bare)))
    addresses = sum(len(step.addresses) for step in those(MakeResolver, plan_of(bare)))
    price = plan.monthly_dollars(desired_of(bare))
    assert price == pytest.approx(730 * (0.01 * interfaces + 0.125 * addresses))


@any_number
@given(fit_vpcs())
def test_less_of_ours_never_costs_more(vpc: AnyVpc) -> None:
    """Nobody who leaves a service out, or lends us what he has, pays for it."""
    desired = desired_of(vpc)
    price, (first, *others) = plan.monthly_dollars(desired), desired.endpoints
    for less in (
        replace(desired, endpoints=tuple(others)),
        replace(desired, endpoints=(replace(first, subnets=first.subnets[1:]), *others)),
        replace(desired, endpoints=(replace(first, adopted="vpce-theirs-1"), *others)),
    ):
        assert (plan.monthly_dollars(less) < price) is (first.adopted is None)
    adopted = replace(desired, adopted_resolver="rslvr-theirs-1")
    assert (plan.monthly_dollars(adopted) < price) is (desired.adopted_resolver is None)
