"""What a VPC asks for: the hold, and the live tags."""

from __future__ import annotations

from dataclasses import replace

import pytest
from connectivity.domain import tags
from connectivity.domain.errors import NotReadyYet, UnknownVpc, UnreadableOption
from connectivity.domain.ledger import Entry
from connectivity.domain.survey import Limits
from connectivity.domain.wish import Options
from connectivity.usecases.asked import LOOKS_FOR_HEARD, Reading, read_wish_of
from connectivity.usecases.run import Run

from tests.unit.example import ONPREM, VPC
from tests.unit.usecases.fakes import FakeLedger
from tests.unit.usecases.world import SETTINGS, World


def world_with(wish: str | None, holds: bool = False, there: bool = True) -> World:
    world = World()
    vpc_tags = {"Name": "main"} | ({tags.WISH: wish} if wish is not None else {})
    world.vpcs.all = {VPC.id: replace(VPC, tags=vpc_tags)} if there else {}
    if holds:
        world.ledger.hold(VPC.id, {"resolver": "rslvr-in-1"})
    return world


def read(world: World, execution: str = "me", because: str = "tag", tries: int = 0) -> Reading:
    run = Run(VPC.id, execution, because, world.seconds, tries)
    return read_wish_of(run, world.aws, world.executions)


@pytest.mark.parametrize(
    ("wish", "holds", "there", "verdict"),
    [
        ("Enabled", False, True, "connect"),
        ("enabled", True, True, "connect"),
        ("PLAN", False, True, "connect"),
        ("plan", True, True, "connect"),
        ("disabled", False, True, "nothing"),
        ("disabled", True, True, "tear down"),
        (None, False, True, "nothing"),
        (None, True, True, "tear down"),
        (None, False, False, "nothing"),
        (None, True, False, "tear down"),
    ],
)
def test_the_verdict_follows_the_live_tags_and_what_is_held(
    wish: str | None, holds: bool, there: bool, verdict: str
) -> None:
    reading = read(world_with(wish, holds, there))
    assert reading.verdict == verdict
    assert reading.reason


def test_the_options_go_with_the_verdict() -> None:
    world = world_with("enabled")
    world.vpcs.set_tags(VPC.id, {tags.SERVICES: "ecr+logs"})
    wished = read(world).wished
    assert wished is not None
    assert wished.options == Options(("ecr", "logs"), (ONPREM,))
    assert not wished.only_plan


def test_a_wish_for_a_plan_is_told_from_one_for_the_connection() -> None:
    wished = read(world_with("plan")).wished
    assert wished is not None
    assert wished.only_plan


@pytest.mark.parametrize("because", ["tag", "sweep"])
def test_a_vpc_that_went_away_is_no_news_unless_somebody_asked_for_it(because: str) -> None:
    assert read(world_with(None, there=False), because=because).verdict == "nothing"
    with pytest.raises(UnknownVpc, match=f"no VPC {VPC.id} in account 123456789012, us-east-2"):
        read(world_with(None, there=False), because="request")


def test_an_unreadable_tag_stops_the_run_that_then_holds_the_vpc() -> None:
    """So that its failure is written by one execution, and a knock meanwhile is not lost."""
    world = world_with("on")
    with pytest.raises(UnreadableOption):
        read(world)
    assert world.entry.holder == "me"


def test_a_live_holder_is_left_alone() -> None:
    world = world_with("enabled")
    world.ledger.take(world.entry, "other")
    world.executions.running.add("other")
    assert read(world).verdict == "busy"
    assert world.entry.holder == "other"


def test_a_holder_that_is_not_running_is_taken_over() -> None:
    world = world_with("enabled")
    world.ledger.take(world.entry, "crashed")
    assert read(world).verdict == "connect"
    assert world.entry.holder == "me"


def test_reading_again_in_the_same_execution_holds_on() -> None:
    world = world_with("enabled")
    assert read(world).reason == read(world).reason
    assert world.entry.holder == "me"


def test_of_two_that_take_hold_at_the_same_time_one_waits() -> None:
    class Quicker(FakeLedger):
        """Somebody takes the hold of a dead execution between our look and our grip."""

        def take(self, entry: Entry, execution: str) -> bool:
            super().take(entry, "quicker")
            return super().take(entry, execution)

    world = world_with("enabled")
    world.ledger.take(world.entry, "crashed")
    world.ledger = Quicker(world.ledger.all)
    with pytest.raises(NotReadyYet):
        read(world)
    assert world.entry.holder == "quicker"


def test_what_is_acted_on_is_written_down_with_the_hold() -> None:
    """So that a sweep sees by the ledger alone whether something else is asked for by now."""
    world = world_with("enabled")
    read(world)
    now = world.vpcs.all[VPC.id].tags
    assert world.entry.asked == SETTINGS.fingerprint(now)
    assert world.entry.asked == SETTINGS.fingerprint({**now, "Name": "says nothing"})
    assert world.entry.asked != SETTINGS.fingerprint({**now, tags.SERVICES: "logs"})
    assert world.entry.asked != replace(SETTINGS, limits=Limits(resolver_ips=3)).fingerprint(now)


def test_another_round_is_not_the_sweeps_any_more() -> None:
    """Somebody knocked while the sweep's execution was at work: what changed is tried at once."""
    world = world_with("enabled")
    begun, again = read(world, because="sweep").wished, None
    world.ledger.knock(VPC.id)
    again = read(world, because="sweep").wished
    assert begun and begun.because == "sweep"
    assert again and again.because == "tag"


def test_a_second_look_of_the_same_round_is_still_the_sweeps() -> None:
    """It waited for its turn, or for a VPC that was being made: nobody has asked for it."""
    world = world_with("enabled")
    read(world, because="sweep")
    again = read(world, because="sweep").wished
    assert again and again.because == "sweep"


def test_a_knock_after_the_teardown_leaves_what_it_had_to_say() -> None:
    """A DNS host's acknowledgement of the withdrawal is such a knock."""
    world = world_with(None)
    world.ledger.report(VPC.id, "removed", "vpce-stray looks like ours")
    status = read(world, because="acknowledgement").status
    assert status is not None
    assert (status.state, status.detail) == (world.entry.status, world.entry.detail)


@pytest.mark.parametrize("said", ["connected", "failed"])
@pytest.mark.parametrize("is_there", [True, False])
def test_a_teardown_that_ended_before_it_had_looked_is_done_again(
    said: str, is_there: bool
) -> None:
    """Nothing is held any more; but was it the last thing, and is there anything to tell?"""
    world = world_with(None)
    world.ledger.report(VPC.id, said, "6 services")
    if not is_there:
        world.vpcs.all.clear()
    assert read(world).verdict == "tear down"


@pytest.mark.parametrize("said", ["planned", "waiting"])
def test_what_was_said_before_anything_was_made_is_taken_back(said: str) -> None:
    world = world_with(None)
    world.ledger.report(VPC.id, said, "49 steps")
    reading = read(world)
    assert reading.verdict == "nothing"
    assert reading.status is not None
    assert reading.status.detail == "nothing of ours is left in this VPC"


@pytest.mark.parametrize(
    ("there", "heard"), [("enabled", {}), (None, {tags.WISH: "enabled"})], ids=["off", "on"]
)
def test_what_an_event_told_is_waited_for_and_then_not_believed(
    there: str | None, heard: dict[str, str]
) -> None:
    """Amazon EC2 may describe a VPC as it was; or the event was overtaken by a later one."""
    world = world_with(there)
    world.ledger.knock(VPC.id, heard)
    with pytest.raises(NotReadyYet, match="not yet as an event has told"):
        read(world)
    assert read(world, tries=LOOKS_FOR_HEARD).verdict == ("connect" if there else "nothing")


def test_what_was_heard_is_believed_as_soon_as_it_is_so_and_then_forgotten() -> None:
    world = world_with("enabled")
    world.ledger.knock(VPC.id, {tags.WISH: "enabled"})
    assert read(world).verdict == "connect"
    assert world.ledger.release(VPC.id, "me")
    world.vpcs.all[VPC.id] = replace(VPC, tags={})
    world.ledger.knock(VPC.id)
    assert read(world).verdict == "nothing", "a sweep has heard nothing"
