"""Ensure the inbound resolver, and keep the addresses that on-premises forwards to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from connectivity.domain import ledger
from connectivity.domain.errors import JustBegun, NotReadyYet, ResolverFailed, Unavailable
from connectivity.domain.model import InboundResolver, Rule

from tests.unit.example import ONPREM, VPC
from tests.unit.usecases.world import World, connected


def test_the_resolver_is_reached_from_onprem_and_by_the_probe() -> None:
    world = connected()
    by_name = {group.name.rsplit("-", 2)[1]: group for group in world.groups.all.values()}
    [resolver] = world.resolvers.all.values()
    assert resolver.security_groups == (by_name["resolver"].id,)
    assert by_name["resolver"].rules == {
        Rule(protocol, 53, source)
        for protocol in ("tcp", "udp")
        for source in (ONPREM, by_name["probe"].id)
    }


def test_its_addresses_are_promised_and_kept_when_it_is_made_anew() -> None:
    world = connected()
    before = world.document["resolverIps"]
    world.resolvers.all.clear()
    world.connect()
    assert world.weather.changes.count("make resolver") == 1
    assert world.document["resolverIps"] == before
    assert world.document["generation"] == 1


def test_the_addresses_survive_a_teardown() -> None:
    world = connected()
    before = world.document["resolverIps"]
    world.disconnect()
    world.connect()
    assert world.document["resolverIps"] == before
    assert world.document["generation"] == 3


def test_a_creation_whose_answer_was_lost_is_found_by_its_token() -> None:
    world = World()
    desired = world.check().desired
    world.weather.lost = {"make resolver"}
    with pytest.raises(Unavailable):
        world.ensure_resolver(desired)
    resolver = world.patiently(lambda: world.ensure_resolver(desired))
    assert world.weather.changes.count("make resolver") == 1
    assert world.entry.held[ledger.RESOLVER] == resolver.id
    assert list(world.resolvers.all) == [resolver.id]


def test_a_resolver_that_cannot_be_seen_yet_is_not_made_twice() -> None:
    world = World()
    desired = world.check().desired
    with pytest.raises(JustBegun, match="is being made"):
        world.ensure_resolver(desired)
    world.resolvers.listed = False
    with pytest.raises(NotReadyYet, match="was made before"):
        world.ensure_resolver(desired)
    world.resolvers.listed = True
    world.patiently(lambda: world.ensure_resolver(desired))
    assert len(world.resolvers.all) == 1


@pytest.mark.parametrize("status", ["creating", "updating", "auto_recovering", "action_needed"])
def test_a_resolver_that_is_on_its_way_is_waited_for(status: str) -> None:
    world = connected()
    [resolver] = world.resolvers.all.values()
    world.resolvers.all[resolver.id] = replace(resolver, status=status, message="just a moment")
    with pytest.raises(NotReadyYet, match=f"{resolver.id} is {status}: just a moment"):
        world.ensure_resolver(world.check().desired)


def test_a_resolver_with_an_address_that_is_not_attached_is_waited_for() -> None:
    world = connected()
    [resolver] = world.resolvers.all.values()
    ips = (replace(resolver.ips[0], status="creating"), *resolver.ips[1:])
    world.resolvers.all[resolver.id] = replace(resolver, ips=ips)
    with pytest.raises(NotReadyYet, match=f"{ips[0].ip} is creating"):
        world.ensure_resolver(world.check().desired)


def test_a_resolver_without_any_address_is_waited_for() -> None:
    world = connected()
    [resolver] = world.resolvers.all.values()
    world.resolvers.all[resolver.id] = replace(resolver, ips=())
    with pytest.raises(NotReadyYet, match="no address yet"):
        world.ensure_resolver(world.check().desired)


def test_a_resolver_in_an_unknown_state_is_a_fact() -> None:
    world = connected()
    [resolver] = world.resolvers.all.values()
    world.resolvers.all[resolver.id] = replace(resolver, status="failed", message="no subnet")
    with pytest.raises(ResolverFailed, match="is failed: no subnet"):
        world.ensure_resolver(world.check().desired)


def test_the_resolver_of_somebody_else_is_not_taken_for_ours() -> None:
    world = World()
    theirs = InboundResolver(
        "rslvr-out-theirs", VPC.id, "operational", name="ecs-anywhere", direction="outbound"
    )
    world.resolvers.all = {theirs.id: theirs}
    world.connect()
    assert world.entry.held[ledger.RESOLVER] != theirs.id
    assert world.weather.changes.count("make resolver") == 1
    world.disconnect()
    assert world.resolvers.all == {theirs.id: theirs}
