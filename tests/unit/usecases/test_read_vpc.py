"""Read the VPC: one verdict out of the hold, the tags, the survey, the plan and the turn."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

import pytest
from connectivity.domain.errors import NotCompleteYet, PreconditionsNotMet
from connectivity.domain.model import InboundResolver
from connectivity.domain.pacing import (
    CALLS_OF_A_LOOK,
    KEPT_SECONDS,
    LEAD,
    LOOKING,
    MAKING,
    TURNING_OFF,
    Bucket,
)
from connectivity.domain.tags import SERVICES, WISH
from connectivity.usecases.read_vpc import SOONEST

from tests.unit.example import ONPREM, SUBNETS, VPC
from tests.unit.usecases.fakes import START
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
    world.ledger.record_doubt(VPC.id, fingerprint, world.clock.now(), ())
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
    lead = 0 if made else LEAD
    assert (verdict.todo, verdict.seconds) == ("wait", ceil(3 * 6 / bucket.rate) - lead)
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


def test_a_vpc_that_waits_for_its_turn_is_not_looked_at_again_before_it_comes_near() -> None:
    world = wish(World(), "enabled")
    others_come_first(world, 400, MAKING)
    assert world.read().todo == "nothing"
    turn, looks = world.entry.turns[MAKING.step], world.resolvers.looks
    world.clock.waited = turn.at - START - 1800
    again = world.read(because="sweep")
    assert (again.todo, again.seconds) == ("wait", 1800 - LEAD)
    assert world.resolvers.looks == looks
    world.clock.waited += again.seconds
    assert world.read().todo == "connect"


def test_a_vpc_that_asks_for_more_while_it_waits_for_its_turn_is_looked_at_at_once() -> None:
    world = wish(World(), "enabled")
    others_come_first(world, 400, MAKING)
    world.read()
    wish(world, "enabled", **{SERVICES: "ecr"})
    looks = world.resolvers.looks
    assert world.read().as_json()["desired"]
    assert world.resolvers.looks > looks


@pytest.mark.parametrize("made", [True, False])
def test_who_is_throttled_while_it_looks_books_a_look_and_nothing_is_said_of_the_vpc(
    made: bool,
) -> None:
    world = wish(connected() if made else World(), "enabled")
    before = (world.entry.status, world.entry.held, dict(world.vpcs.all[VPC.id].tags))
    world.resolvers.throttled = 1
    verdict = world.read()
    assert (verdict.todo, verdict.seconds, verdict.status) == ("look again", SOONEST, None)
    assert (world.entry.status, world.entry.held, dict(world.vpcs.all[VPC.id].tags)) == before
    world.clock.waited += verdict.seconds
    assert world.read().todo == ("nothing" if made else "connect")


def test_hundreds_that_were_throttled_look_one_after_the_other() -> None:
    world = wish(World(), "enabled")
    world.resolvers.throttled = 300
    seconds = [world.read().seconds for _ in range(300)]
    assert seconds == sorted(seconds)
    assert seconds[-1] == pytest.approx(300 * CALLS_OF_A_LOOK / LOOKING.rate, abs=2 * SOONEST)


def test_the_region_s_resolvers_are_counted_only_when_one_is_about_to_be_made() -> None:
    world = wish(World(), "enabled")
    others_come_first(world, 3, MAKING)
    verdict = world.read()
    assert (verdict.todo, world.resolvers.counts) == ("wait", 0)
    world.clock.waited += verdict.seconds
    theirs = InboundResolver("rslvr-in-0", "vpc-theirs", "operational", ())
    world.resolvers.all = {f"{n}": replace(theirs, id=f"{n}") for n in range(4)}
    with pytest.raises(PreconditionsNotMet, match="holds 4 Route 53 Resolver endpoints"):
        world.read()
    assert world.resolvers.counts == 1


def test_a_full_region_is_told_together_with_every_other_reason() -> None:
    world = wish(World(), "enabled")
    world.vpcs.dns = False
    theirs = InboundResolver("rslvr-in-0", "vpc-theirs", "operational", ())
    world.resolvers.all = {f"{n}": replace(theirs, id=f"{n}") for n in range(4)}
    with pytest.raises(PreconditionsNotMet, match=r"(?s)DNS.*holds 4 Route 53 Resolver"):
        world.read(tries=20)


def test_a_teardown_in_an_idle_account_begins_at_once_and_reserves_once() -> None:
    world = wish(connected(), None)
    world.clock.waited += KEPT_SECONDS
    assert world.read().todo == "take away"
    booked = dict(world.ledger.booked_until)
    assert world.read().todo == "take away"
    assert world.ledger.booked_until == booked != {}


def test_a_plan_leaves_a_connected_vpc_alone_and_a_removal_that_has_begun_goes_on() -> None:
    """The execution that withdrew died. What stands is paid for and serves nobody."""
    world = wish(connected(), "plan")
    assert world.read().todo == "nothing"
    wish(world, None)
    world.withdraw()
    verdict = wish(world, "plan").read()
    assert (verdict.todo, verdict.as_json()["desired"]) == ("take away", None)
    assert wish(world, "enabled").read().todo == "connect"


def test_a_plan_after_a_removal_is_a_plan() -> None:
    world = wish(connected(), None)
    world.disconnect()
    assert wish(world, "plan").read().todo == "nothing"


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
