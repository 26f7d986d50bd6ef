"""Private DNS: on in an order that harms nobody, off again only where nobody relies on it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from connectivity.domain.errors import (
    NotItsTurnYet,
    NotReadyYet,
    NotResolvingYet,
    TurnHoursAway,
    WishedAgain,
)
from connectivity.domain.model import InterfaceEndpoint
from connectivity.domain.pacing import TURNING_OFF, TURNING_OFF_SURPLUS, TURNING_ON
from connectivity.domain.tags import WISH
from connectivity.usecases.private_dns import turn_off_private_dns

from tests.unit.example import OPTIONS, US, VPC, WITH_ECR, full
from tests.unit.usecases.fakes import Aborted
from tests.unit.usecases.world import SETTINGS, World, connected


def turn_off(world: World) -> tuple[str, ...]:
    return turn_off_private_dns(VPC.id, world.aws)


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
    assert lit(world) == {e.service_name for e in world.check(OPTIONS).desired.endpoints}


def test_what_is_not_ours_stays_as_it_is() -> None:
    world = World()
    theirs = InterfaceEndpoint("vpce-theirs", full("logs"), "available", private_dns=True)
    copied = replace(theirs, id="vpce-copied", service_name=full("ecr.api"), owner=US)
    world.endpoints.all = {"vpce-theirs": theirs, "vpce-copied": copied}
    assert turn_off(world) == ()
    assert world.weather.changes == []


def lit(world: World) -> set[str]:
    return {e.service_name for e in world.endpoints.all.values() if e.private_dns}


def test_before_a_teardown_removes_anything_all_private_dns_is_off() -> None:
    """A workload that holds a private answer must find the endpoint until it has asked again."""
    world = connected(OPTIONS)
    assert world.turn_off_all() == SETTINGS.expiry_seconds
    assert lit(world) == set()
    assert all(endpoint.state == "available" for endpoint in world.endpoints.all.values())


def test_ecs_goes_public_first() -> None:
    """Who is told of a numbered name by a private `ecs` still finds the others private."""
    world = connected(OPTIONS)
    before = lit(world)
    world.weather.aborted_after = 1
    with pytest.raises(Aborted):
        world.turn_off_all()
    assert before - lit(world) == {full("ecs")}


def test_who_died_after_turning_private_dns_off_waits_again() -> None:
    world = connected(OPTIONS)
    world.turn_off_all()
    world.weather.changes.clear()
    assert world.turn_off_all() == SETTINGS.expiry_seconds
    assert world.weather.changes == []


def test_where_no_endpoint_serves_nothing_has_to_expire() -> None:
    world = connected(OPTIONS)
    world.disconnect()
    assert world.turn_off_all() == 0


def test_private_dns_stays_on_when_the_tag_is_back() -> None:
    world = connected(OPTIONS)
    world.vpcs.all[VPC.id] = replace(VPC, tags={WISH: "enabled"})
    with pytest.raises(WishedAgain):
        world.turn_off_all()
    assert len(lit(world)) == 6


def test_only_what_is_no_longer_asked_for_loses_its_private_dns() -> None:
    world = connected(WITH_ECR)
    desired = world.check(OPTIONS).desired
    assert world.turn_off_surplus(desired) == SETTINGS.expiry_seconds
    assert lit(world) == {endpoint.service_name for endpoint in desired.endpoints}
    assert world.turn_off_surplus(world.check(WITH_ECR).desired) == 0


def test_private_dns_is_turned_on_in_its_turn_and_burst_by_burst_where_others_wait_too() -> None:
    world = World()
    desired = world.check().desired
    world.patiently(lambda: world.ensure_endpoints(desired))
    world.ledger.reserve(TURNING_ON, 6, world.seconds)
    with pytest.raises(NotItsTurnYet, match=r"^23 seconds until vpc-0a1b2c3d may turn"):
        world.turn_on_private_dns(desired)
    assert lit(world) == set()
    world.clock.waited += 23
    with pytest.raises(NotReadyYet, match="on for 4 of 6"):
        world.turn_on_private_dns(desired)
    assert len(lit(world)) == TURNING_ON.burst
    world.turn_on_private_dns(desired)
    assert len(lit(world)) == 6


def test_a_turn_that_is_hours_away_is_left_to_a_later_run() -> None:
    world = World()
    desired = world.check().desired
    world.patiently(lambda: world.ensure_endpoints(desired))
    world.ledger.reserve(TURNING_ON, 2000, world.seconds)
    with pytest.raises(TurnHoursAway, match=r"^7408 seconds"):
        world.turn_on_private_dns(desired)


def test_what_is_no_longer_asked_for_is_turned_off_in_its_turn() -> None:
    """When the stack's own services change, every VPC has some of it."""
    world = connected(WITH_ECR)
    desired = world.check(OPTIONS).desired
    world.ledger.reserve(TURNING_OFF_SURPLUS, 6, world.seconds)
    before = lit(world)
    with pytest.raises(NotItsTurnYet, match=r"^19 seconds until vpc-0a1b2c3d may turn"):
        world.turn_off_surplus(desired)
    assert lit(world) == before
    world.clock.waited += 19
    assert world.turn_off_surplus(desired) == SETTINGS.expiry_seconds
    assert lit(world) == {endpoint.service_name for endpoint in desired.endpoints}


def test_it_is_turned_off_burst_by_burst_where_others_wait_too() -> None:
    world = connected(OPTIONS)
    world.ledger.reserve(TURNING_OFF, 6, world.seconds)
    world.clock.waited += world.withdraw().turn_seconds
    with pytest.raises(NotReadyYet, match="off for 4 of 6"):
        world.turn_off_all()
    assert len(lit(world)) == 6 - TURNING_OFF.burst
    assert full("ecs") not in lit(world)
    world.turn_off_all()
    assert lit(world) == set()
