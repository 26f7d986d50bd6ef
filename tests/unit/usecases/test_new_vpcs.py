"""A tag that comes with a new VPC: subnets and DNS attributes come some seconds later."""

from __future__ import annotations

from dataclasses import replace

import pytest
from connectivity.domain.errors import NotCompleteYet, PreconditionsNotMet
from connectivity.domain.tags import WISH
from connectivity.usecases.check_preconditions import LOOKS_AT_A_NEW_VPC

from tests.unit.example import SUBNETS, VPC
from tests.unit.usecases.world import World, connected


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
