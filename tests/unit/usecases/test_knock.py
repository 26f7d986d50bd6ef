"""Knock: one execution per VPC at a time, and no knock is lost."""

from __future__ import annotations

from connectivity.usecases.knock import knock

from tests.unit.example import VPC
from tests.unit.usecases.world import World


def test_a_knock_is_counted_and_starts_an_execution() -> None:
    world = World()
    started = knock(VPC.id, "tag", world.ledger, world.executions)
    assert started == f"{VPC.id}-1-tag"
    assert world.entry.knocks == 1


def test_a_knock_while_an_execution_is_at_work_is_counted_and_starts_nothing() -> None:
    world = World()
    world.ledger.take(world.entry, "at work")
    world.executions.running.add("at work")
    assert knock(VPC.id, "tag", world.ledger, world.executions) is None
    assert world.executions.started == []
    assert world.entry.knocks == 1


def test_a_holder_that_is_no_longer_running_keeps_nobody_out() -> None:
    world = World()
    world.ledger.take(world.entry, "crashed")
    assert knock(VPC.id, "sweep", world.ledger, world.executions) is not None
