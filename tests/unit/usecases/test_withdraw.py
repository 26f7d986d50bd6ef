"""Withdraw: on-premises stops forwarding before anything goes."""

from __future__ import annotations

from connectivity.usecases.withdraw import Withdrawn

from tests.unit.usecases.world import DOCUMENT, SETTINGS, World, connected


def test_onprem_is_told_whose_forwarding_ends_and_given_time() -> None:
    world = connected()
    before = world.document
    assert world.withdraw() == Withdrawn(SETTINGS.drain_seconds)
    assert world.document["state"] == "withdrawn"
    assert world.document["zones"] == []
    assert world.document["resolverIps"] == before["resolverIps"]
    assert world.document["generation"] == 2


def test_withdrawing_again_changes_nothing() -> None:
    world = connected()
    world.withdraw()
    said = world.document
    world.weather.changes.clear()
    assert world.withdraw() == Withdrawn(SETTINGS.drain_seconds)
    assert world.weather.changes == []
    assert world.document == said


def test_where_nothing_was_published_nobody_is_waited_for() -> None:
    world = World()
    assert world.withdraw() == Withdrawn()
    assert world.parameters.all == {}


def test_a_connection_after_a_withdrawal_is_a_newer_publication() -> None:
    world = connected()
    world.withdraw()
    world.connect()
    assert world.document["state"] == "active"
    assert world.document["generation"] == 3
    assert world.check().converged


def test_hosts_that_acknowledged_are_heard_and_their_parameters_go_with_the_publication() -> None:
    world = connected()
    name = world.acknowledge("dns1", 1)
    unreadable = world.acknowledge("dns2", 1, schema=2)
    assert world.withdraw() == Withdrawn(SETTINGS.drain_seconds, True, (name, unreadable))


def test_what_nobody_can_read_is_nobody_to_wait_for() -> None:
    world = connected()
    world.acknowledge("dns1", 1, schema=2)
    assert not world.withdraw().acknowledging


def test_a_withdrawal_that_somebody_removed_is_written_anew() -> None:
    world = connected()
    world.withdraw()
    del world.parameters.all[DOCUMENT]
    world.withdraw()
    assert (world.document["state"], world.document["generation"]) == ("withdrawn", 3)
