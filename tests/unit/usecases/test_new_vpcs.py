"""A tag that comes with a new VPC: subnets, DNS attributes and routes come some seconds later."""

from __future__ import annotations

from dataclasses import replace

import pytest
from connectivity.domain.errors import NotCompleteYet, PreconditionsNotMet
from connectivity.domain.model import Route, RouteTable, Subnet
from connectivity.domain.tags import WISH
from connectivity.usecases.ask_names import ask_names
from connectivity.usecases.check_preconditions import LOOKS_AT_A_NEW_VPC, LOOKS_FOR_A_ROUTE

from tests.unit.example import ONPREM, ROUTES, SUBNETS, VPC
from tests.unit.usecases.test_adopted_names import landing_zone
from tests.unit.usecases.test_adoption import with_theirs
from tests.unit.usecases.world import EXECUTION, World, connected

PUBLIC = RouteTable("rtb-main", (), True, (Route("0.0.0.0/0", "igw-1"),))
PRIVATE_SUBNETS = tuple(replace(s, id=s.id.replace("-", "-private-")) for s in SUBNETS)
NO_ROUTE = f"no route towards {ONPREM}"


def look(world: World, tries: int) -> object:
    return world.check(tries=tries)


def made(world: World) -> World:
    world.vpcs.all[VPC.id] = replace(VPC, tags={WISH: "enabled"})
    return world


def without_dns(world: World) -> World:
    world.vpcs.dns = False
    return made(world)


def without_subnets(world: World) -> World:
    world.vpcs.subnet_list = SUBNETS[:1]
    return made(world)


@pytest.mark.parametrize("lacking", [without_dns, without_subnets])
def test_a_new_vpc_is_waited_for_some_minutes_and_then_refused(lacking: object) -> None:
    world: World = lacking(World())  # type: ignore[operator]
    for tries in range(LOOKS_AT_A_NEW_VPC):
        with pytest.raises(NotCompleteYet, match="is being made: it still lacks"):
            look(world, tries)
    with pytest.raises(PreconditionsNotMet):
        look(world, LOOKS_AT_A_NEW_VPC)
    assert world.notifications.sent == []


def test_as_soon_as_it_is_complete_it_is_planned() -> None:
    world = without_dns(World())
    with pytest.raises(NotCompleteYet):
        look(world, 0)
    world.vpcs.dns = True
    assert look(world, 1)


@pytest.mark.parametrize("status", ["failed", "planned", "removed", "connected"])
def test_a_vpc_of_which_something_was_said_before_is_not_waited_for(status: str) -> None:
    world = without_dns(World())
    world.ledger.report(VPC.id, status, "said before")
    with pytest.raises(PreconditionsNotMet):
        look(world, 0)


def test_a_connected_vpc_is_not_waited_for() -> None:
    with pytest.raises(PreconditionsNotMet):
        look(without_subnets(connected()), 0)


def test_what_is_lacking_beside_that_is_told_at_once() -> None:
    world = made(World())
    world.vpcs.all[VPC.id] = replace(VPC, tenancy="dedicated")
    with pytest.raises(PreconditionsNotMet, match="dedicated"):
        look(world, 0)


def without_route(world: World) -> World:
    """A VPC with nothing but the public subnets, so far."""
    world.vpcs.tables = (PUBLIC,)
    return made(world)


def after_asking(world: World) -> World:
    """The world in which the probe has asked what the names answer that others serve."""
    check = world.check()
    assert check.to_ask
    world.ledger.take(world.entry, EXECUTION)
    world.patiently(lambda: ask_names(check.desired, check.to_ask, check.dns_server, world.aws))
    return world


def test_a_route_towards_on_premises_is_waited_for_some_minutes_and_then_done_without() -> None:
    world = without_route(World())
    for tries in range(LOOKS_FOR_A_ROUTE):
        with pytest.raises(NotCompleteYet) as waits:
            look(world, tries)
        assert f"no route leads towards {ONPREM} yet" in str(waits.value)
        assert "90 seconds after the first look the VPC is connected without one" in str(
            waits.value
        )
    assert world.weather.changes == [], "no turn is taken, and nothing made"
    check = world.check(tries=LOOKS_FOR_A_ROUTE)
    assert check.steps
    assert [warning for warning in check.warnings if NO_ROUTE in warning]
    assert NO_ROUTE in world.connect().detail
    assert world.check().converged


def test_what_is_made_stands_in_the_subnets_that_came_with_the_route() -> None:
    world = without_route(World())
    with pytest.raises(NotCompleteYet):
        look(world, 0)
    private = tuple(subnet.id for subnet in PRIVATE_SUBNETS)
    world.vpcs.subnet_list = (*SUBNETS, *PRIVATE_SUBNETS)
    with pytest.raises(NotCompleteYet):
        look(world, 1)
    world.vpcs.tables = (PUBLIC, RouteTable("rtb-1", private, False, (Route(ONPREM, "vgw-1"),)))
    check = world.check(tries=2)
    assert {endpoint.subnets for endpoint in check.desired.ours} == {private}
    assert check.desired.resolver_subnets == private
    assert check.warnings == ()


@pytest.mark.parametrize(
    "route",
    [Route("pl-unreadable", "tgw-1"), Route("0.0.0.0/0", "eni-appliance"), *ROUTES[0].routes],
)
def test_a_route_that_may_lead_there_is_not_waited_for(route: Route) -> None:
    world = without_route(World())
    world.vpcs.tables = (replace(PUBLIC, routes=(route,)),)
    assert look(world, 0)


def test_a_route_out_of_a_subnet_that_is_never_used_is_waited_for() -> None:
    world = without_route(World())
    local = Subnet("subnet-local", "us-east-2-chi-1a", 200)
    world.vpcs.subnet_list = (*SUBNETS, local)
    world.vpcs.tables = (PUBLIC, replace(ROUTES[0], subnets=(local.id,), main=False))
    with pytest.raises(NotCompleteYet):
        look(world, 0)


def test_a_plan_shows_at_once_what_is_there() -> None:
    world = without_route(World())
    check = world.check(only_plan=True)
    assert [warning for warning in check.warnings if NO_ROUTE in warning]


@pytest.mark.parametrize("status", ["failed", "planned", "removed", "waiting"])
def test_a_vpc_that_is_known_is_connected_without_a_route_at_once(status: str) -> None:
    world = without_route(World())
    world.ledger.report(VPC.id, status, "said before")
    assert look(world, 0)


def test_a_connected_vpc_that_loses_its_route_is_not_waited_for() -> None:
    assert look(without_route(connected()), 0)


def test_where_a_hub_serves_the_names_it_is_asked_first_and_then_a_route_waited_for() -> None:
    """The inbound resolver alone is made; whether even that is known by the answers only."""
    world = landing_zone()
    world.vpcs.tables = (PUBLIC,)
    after_asking(world)
    with pytest.raises(NotCompleteYet):
        look(world, 0)
    assert [w for w in world.check(tries=LOOKS_FOR_A_ROUTE).warnings if NO_ROUTE in w]


def test_where_nothing_is_made_in_the_vpc_no_route_is_waited_for() -> None:
    world, theirs = landing_zone(), with_theirs()
    world.resolvers.all, world.groups.all = theirs.resolvers.all, theirs.groups.all
    world.vpcs.tables = (PUBLIC,)
    check = after_asking(world).check()
    assert check.to_ask == ()
    assert check.desired.ours == ()
    assert check.desired.adopted_resolver
