"""Read the VPC: one verdict out of the hold, the tags, the survey, the plan and the turn."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

import pytest
from connectivity.domain.errors import NotCompleteYet, PreconditionsNotMet
from connectivity.domain.pacing import KEPT_SECONDS, MAKING, TURNING_OFF, Bucket
from connectivity.domain.tags import SERVICES, WISH

from tests.unit.example import ONPREM, SUBNETS, VPC
from tests.unit.usecases.world import EXECUTION, World, connected


def wish(world: World, value: str | None, **options: str) -> World:
    """Whoever may tag the VPC wishes for this; no `value` is no wish."""
    asked = {WISH: value} if value else {}
    cidrs = {"ecs-anywhere:onprem-cidrs": ONPREM} if value else {}
    world.vpcs.all[VPC.id] = replace(VPC, tags=asked | cidrs | options)
    return world


def others_come_first(world: World, vpcs: int, bucket: Bucket) -> None:
    """So many others in this account and Region have just booked six calls each."""
    world.clock.waited += KEPT_SECONDS
    for _ in range(vpcs):
        world.ledger.reserve(bucket, 6, world.seconds)


def test_a_wish_in_an_idle_account_is_met_at_once() -> None:
    verdict = wish(World(), "enabled").read()
    assert (verdict.todo, verdict.seconds, verdict.status) == ("connect", 0, None)
    assert verdict.as_json()["desired"]["vpc_id"] == VPC.id


def test_a_plan_is_told_and_nothing_is_done() -> None:
    world = wish(World(), "plan")
    verdict = world.read()
    assert verdict.todo == "nothing"
    assert verdict.status and verdict.status.state == "planned"
    assert verdict.as_json()["steps"]
    assert world.ledger.booked_until == {}


def test_a_connected_vpc_is_left_alone() -> None:
    verdict = wish(connected(), "enabled").read()
    assert (verdict.todo, verdict.reason) == ("nothing", "all is as it shall be")
    assert verdict.status and verdict.status.state == "connected"


def test_what_failed_a_short_while_ago_rests_and_says_what_it_said() -> None:
    world = wish(World(), "enabled")
    fingerprint = world.check().desired.fingerprint
    world.ledger.doubt(VPC.id, fingerprint, world.clock.now(), ())
    world.ledger.report(VPC.id, "failed", "as before")
    verdict = world.read(because="sweep")
    assert verdict.todo == "nothing"
    assert verdict.status and verdict.status.detail == "as before"
    assert world.read(because="tag").todo == "connect"


def test_one_at_a_time_is_at_work() -> None:
    world = wish(World(), "enabled")
    world.ledger.take(world.entry, "other")
    world.executions.running.add("other")
    assert world.read().todo == "busy"


@pytest.mark.parametrize("made", [True, False])
def test_a_turn_is_waited_for_to_the_second_and_then_it_has_come(made: bool) -> None:
    world = wish(connected() if made else World(), None if made else "enabled")
    bucket = TURNING_OFF if made else MAKING
    others_come_first(world, 3, bucket)
    verdict = world.read()
    assert (verdict.todo, verdict.seconds) == ("wait", ceil(3 * 6 / bucket.rate))
    assert verdict.status and verdict.status.state == "waiting"
    world.clock.waited += verdict.seconds
    assert world.read().todo == ("take away" if made else "connect")


def test_a_wish_that_went_while_its_turn_was_waited_for_makes_nothing() -> None:
    world = wish(World(), "enabled")
    others_come_first(world, 3, MAKING)
    assert world.read().todo == "wait"
    wish(world, None)
    assert world.read().todo == "nothing"
    assert world.weather.changes == []


def test_a_wish_that_came_back_while_the_turn_to_go_was_waited_for_takes_nothing_away() -> None:
    world = wish(connected(), None)
    others_come_first(world, 3, TURNING_OFF)
    assert world.read().todo == "wait"
    assert wish(world, "enabled").read().todo == "nothing"
    assert world.document["state"] == "active"


@pytest.mark.parametrize("made", [True, False])
def test_a_turn_that_is_hours_away_is_left_to_a_sweep_and_stays_reserved(made: bool) -> None:
    world = wish(connected() if made else World(), None if made else "enabled")
    others_come_first(world, 400, TURNING_OFF if made else MAKING)
    late = world.read()
    assert late.todo == "nothing"
    assert late.status and late.status.detail.startswith("its turn is at 20")
    booked = dict(world.ledger.booked_until)
    world.clock.waited += 1800
    world.read()
    assert world.ledger.booked_until == booked


def test_a_teardown_in_an_idle_account_begins_at_once_and_reserves_once() -> None:
    world = wish(connected(), None)
    world.clock.waited += KEPT_SECONDS
    assert world.read().todo == "take away"
    booked = dict(world.ledger.booked_until)
    assert world.read().todo == "take away"
    assert world.ledger.booked_until == booked != {}


def test_a_teardown_says_whether_something_was_begun_whose_id_nobody_knows() -> None:
    world = wish(connected(), None)
    assert not world.read().begun
    [purpose, *_] = (p for p in world.entry.held if p.startswith("endpoint/"))
    world.ledger.hold(VPC.id, {purpose: "making:a-token sg-1 subnet-a"})
    assert world.read().begun


def test_a_new_vpc_that_is_not_complete_is_looked_at_again() -> None:
    world = wish(World(), "enabled")
    world.vpcs.subnet_list = SUBNETS[:1]
    with pytest.raises(NotCompleteYet):
        world.read()
    with pytest.raises(PreconditionsNotMet):
        world.read(tries=20)


def test_a_new_vpc_whose_tag_or_that_itself_goes_meanwhile_is_let_go_without_a_failure() -> None:
    world = wish(World(), "enabled")
    world.vpcs.subnet_list = SUBNETS[:1]
    with pytest.raises(NotCompleteYet):
        world.read(because="request")
    assert wish(world, None).read(because="request", tries=1).todo == "nothing"
    world.vpcs.all = {}
    assert world.read(because="request", tries=2).todo == "nothing"


def test_another_round_asks_for_what_the_tags_say_then() -> None:
    world = wish(connected(), "enabled", **{SERVICES: "ecr"})
    verdict = world.read()
    assert verdict.todo == "connect"
    assert world.entry.holder == EXECUTION
    assert any("ecr" in step for step in verdict.as_json()["steps"])
