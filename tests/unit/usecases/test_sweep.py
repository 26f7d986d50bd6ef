"""Sweep: lost events, drift and unfinished work heal without a person."""

from __future__ import annotations

from dataclasses import replace

import pytest
from connectivity.domain import tags
from connectivity.usecases.sweep import sweep

from tests.unit.example import VPC
from tests.unit.usecases.world import World


def world_with_three_vpcs() -> World:
    world = World()
    world.vpcs.all = {
        "vpc-1": replace(VPC, id="vpc-1", tags={tags.WISH: "enabled"}),
        "vpc-2": replace(VPC, id="vpc-2", tags={"Name": "not asking"}),
        "vpc-3": replace(VPC, id="vpc-3", tags={tags.WISH: "nonsense"}),
    }
    return world


def test_every_vpc_that_asks_or_is_held_something_for_is_knocked_on_once() -> None:
    world = world_with_three_vpcs()
    world.ledger.hold("vpc-1", {"resolver": "rslvr-in-1"})
    world.ledger.hold("vpc-gone", {"group/probe": "sg-1"})
    knocked = sweep(world.vpcs, world.ledger, world.executions)
    assert knocked == ("vpc-1", "vpc-3", "vpc-gone")
    assert world.executions.started == [f"{vpc_id}-1-sweep" for vpc_id in knocked]


def test_a_vpc_for_which_nothing_is_held_any_more_is_left_in_peace() -> None:
    world = World()
    world.ledger.hold(VPC.id, {"probe": "x"})
    world.ledger.let_go(VPC.id, ["probe"])
    world.ledger.report(VPC.id, "removed", "nothing of ours is left in this VPC")
    assert sweep(world.vpcs, world.ledger, world.executions) == ()
    assert world.executions.started == []


@pytest.mark.parametrize("said", ["connected", "failed", "planned", "waiting"])
def test_what_is_said_of_a_vpc_that_asks_for_nothing_is_looked_at_again(said: str) -> None:
    """The teardown's execution ended between the last removal and its report; or the event that
    would have taken a plan back was lost."""
    world = World()
    world.ledger.report(VPC.id, said, "as it was")
    assert sweep(world.vpcs, world.ledger, world.executions) == (VPC.id,)


def test_a_vpc_whose_execution_died_before_anything_was_made_is_looked_at_again() -> None:
    world = World()
    assert world.ledger.take(world.entry, "dead")
    assert sweep(world.vpcs, world.ledger, world.executions) == (VPC.id,)
