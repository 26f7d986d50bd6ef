"""Withdraw: on-premises stops forwarding before anything goes."""

from __future__ import annotations

from tests.unit.usecases.world import SETTINGS, World, connected


def test_onprem_is_told_whose_forwarding_ends_and_given_time() -> None:
    world = connected()
    before = world.document
    assert world.withdraw() == SETTINGS.drain_seconds
    assert world.document["state"] == "withdrawn"
    assert world.document["zones"] == []
    assert world.document["resolverIps"] == before["resolverIps"]
    assert world.document["generation"] == 2


def test_withdrawing_again_changes_nothing() -> None:
    world = connected()
    world.withdraw()
    said = world.document
    world.weather.changes.clear()
    assert world.withdraw() == SETTINGS.drain_seconds
    assert world.weather.changes == []
    assert world.document == said


def test_where_nothing_was_published_nobody_is_waited_for() -> None:
    world = World()
    assert world.withdraw() == 0
    assert world.parameters.all == {}


def test_a_connection_after_a_withdrawal_is_a_newer_publication() -> None:
    world = connected()
    world.withdraw()
    world.connect()
    assert world.document["state"] == "active"
    assert world.document["generation"] == 3
    assert world.check().converged
