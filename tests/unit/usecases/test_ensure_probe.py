"""The probe is made beside the resolver, and asked nothing before there is something to ask."""

from __future__ import annotations

import pytest
from connectivity.domain import ledger
from connectivity.domain.errors import JustBegun, NotReadyYet
from connectivity.usecases.ensure_probe import ensure_probe

from tests.unit.example import VPC
from tests.unit.usecases.world import World, connected


def test_it_is_not_made_before_its_security_group_is_there() -> None:
    world = World()
    desired = world.check().desired
    with pytest.raises(NotReadyYet, match="the probe's security group is not there yet"):
        ensure_probe(desired, world.aws)
    assert world.weather.changes == []


def test_a_group_that_somebody_deleted_is_not_used_until_it_is_there_again() -> None:
    world = connected()
    group = world.entry.held[ledger.PROBE_GROUP]
    desired = world.check().desired
    del world.groups.all[group]
    with pytest.raises(NotReadyYet, match="the probe's security group is not there yet"):
        ensure_probe(desired, world.aws)
    world.ensure_resolver(desired)
    world.patiently(lambda: ensure_probe(desired, world.aws))
    assert world.probe.group == world.entry.held[ledger.PROBE_GROUP] != group


def test_it_is_ready_while_the_resolver_is_being_made() -> None:
    world = World()
    desired = world.check().desired
    with pytest.raises(JustBegun):
        world.ensure_resolver(desired)
    name = world.patiently(lambda: ensure_probe(desired, world.aws))
    assert (world.probe.state, world.entry.held[ledger.PROBE]) == ("active", name)
    assert world.probe.group == world.entry.held[ledger.PROBE_GROUP]
    assert world.probe.asked == 0


def test_one_that_was_announced_and_not_made_is_made_under_the_same_name() -> None:
    world = World()
    desired = world.check().desired
    with pytest.raises(JustBegun):
        world.ensure_resolver(desired)
    world.ledger.hold(VPC.id, {ledger.PROBE: "announced"})
    assert world.patiently(lambda: ensure_probe(desired, world.aws)) == "announced"


def test_a_name_that_somebody_else_took_meanwhile_is_given_up() -> None:
    world = World()
    desired = world.check().desired
    with pytest.raises(JustBegun):
        world.ensure_resolver(desired)
    world.ledger.hold(VPC.id, {ledger.PROBE: "theirs"})
    world.probe.strangers = {"theirs"}
    with pytest.raises(NotReadyYet, match="ours is made under another name"):
        ensure_probe(desired, world.aws)
    assert world.patiently(lambda: ensure_probe(desired, world.aws)) != "theirs"
