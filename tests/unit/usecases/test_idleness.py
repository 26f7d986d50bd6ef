"""Idle: a connection that costs and that nobody uses is named, once a day looked at, once told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from connectivity.domain.usage import DAY, QUIET_BYTES, QUIET_QUERIES, Usage

from tests.unit.usecases.world import World

DAYS = 14
NOTHING = Usage(0, 0)


def connected(age: float = 30 * DAY) -> World:
    """A VPC that was connected `age` seconds ago."""
    world = World()
    world.connect()
    for id_, resolver in world.resolvers.all.items():
        world.resolvers.all[id_] = replace(resolver, modified_at=world.seconds - age)
    return world


def detail(world: World, because: str = "verification") -> str:
    return world.connect(because=because).detail


def test_a_connection_that_nobody_uses_is_named_with_its_price_and_told() -> None:
    world = connected()
    world.metrics.counted = NOTHING
    status = world.connect(because="verification")
    said = "nobody has used it for 14 days, and it costs about 270 USD a month"
    assert said in status.detail
    assert f"warning: {said}" in status.to_tell


@pytest.mark.parametrize(
    "counted",
    [
        pytest.param(Usage(QUIET_QUERIES * DAYS, 0), id="a host that asks"),
        pytest.param(Usage(0, QUIET_BYTES * DAYS), id="an agent that sends"),
    ],
)
def test_a_connection_that_somebody_uses_is_not_named(counted: Usage) -> None:
    world = connected()
    world.metrics.counted = counted
    assert "nobody has used it" not in detail(world)


def test_a_connection_that_is_younger_is_not_judged() -> None:
    world = connected(age=13 * DAY)
    world.metrics.counted = NOTHING
    assert "nobody has used it" not in detail(world)
    assert world.metrics.asked == 0


def test_a_knock_asks_nothing_and_says_what_was_told_last() -> None:
    world = connected()
    assert "nobody has used it" not in detail(world, because="tag")
    world.ledger.report(world.entry.vpc_id, "connected", "-", ["warning: nobody has used it for #"])
    assert "nobody has used it for 14 days" in detail(world, because="tag")
    assert world.metrics.asked == 0


def test_where_nothing_may_be_seen_nothing_is_said() -> None:
    world = connected()
    world.metrics.counted = None
    assert "nobody has used it" not in detail(world)
    assert world.metrics.asked == 1


def test_with_idle_days_at_0_nobody_asks() -> None:
    world = connected()
    world.metrics.counted = NOTHING
    world.idle_days = 0
    assert "nobody has used it" not in detail(world)
    assert world.metrics.asked == 0
