"""Private DNS: on in an order that harms nobody, off again only where nobody relies on it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from connectivity.domain.errors import NotResolvingYet
from connectivity.domain.model import InterfaceEndpoint
from connectivity.usecases.private_dns import turn_off_private_dns

from tests.unit.example import OPTIONS, US, VPC, WITH_ECR, full
from tests.unit.usecases.world import World, connected


def turn_off(world: World) -> tuple[str, ...]:
    return turn_off_private_dns(VPC.id, world.endpoints, world.ledger, world.probe, US)


def test_private_dns_goes_on_in_the_order_that_agents_need() -> None:
    world = World()
    desired = world.check(WITH_ECR).desired
    world.patiently(lambda: world.ensure_endpoints(desired))
    assert world.turn_on_private_dns(desired)[:3] == ("ecs-agent", "ecs-telemetry", "ecs")
    assert world.turn_on_private_dns(desired) == ()


def test_what_was_never_verified_is_turned_off_again_and_the_probe_goes() -> None:
    world = World()
    world.probe.answer = lambda name: ()
    with pytest.raises(NotResolvingYet):
        world.connect()
    assert world.probe.state == "active"
    assert len(turn_off(world)) == 6
    assert not any(endpoint.private_dns for endpoint in world.endpoints.all.values())
    assert world.probe.state == "none"
    assert turn_off(world) == ()


def test_what_onprem_relies_on_stays_on_when_a_later_run_fails() -> None:
    world = connected(OPTIONS)
    world.probe.answer = lambda name: ()
    with pytest.raises(NotResolvingYet):
        world.connect(WITH_ECR)
    turn_off(world)
    lit = {e.service_name for e in world.endpoints.all.values() if e.private_dns}
    assert lit == {e.service_name for e in world.check(OPTIONS).desired.endpoints}


def test_what_is_not_ours_stays_as_it_is() -> None:
    world = World()
    theirs = InterfaceEndpoint("vpce-theirs", full("logs"), "available", private_dns=True)
    copied = replace(theirs, id="vpce-copied", service_name=full("ecr.api"), owner=US)
    world.endpoints.all = {"vpce-theirs": theirs, "vpce-copied": copied}
    assert turn_off(world) == ()
    assert world.weather.changes == []
