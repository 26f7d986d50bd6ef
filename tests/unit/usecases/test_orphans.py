"""Orphans: what looks like ours and nobody would remove is named, once, with its price."""

from __future__ import annotations

from dataclasses import replace

import pytest
from connectivity.domain import tags
from connectivity.domain.mails import MOST_AN_HOUR, hour_of
from connectivity.domain.model import InboundResolver, InterfaceEndpoint, SecurityGroup
from connectivity.domain.verification_clock import VerificationClock
from connectivity.usecases.sweep import Sweep, Swept, sweep

from tests.unit.example import US, VPC
from tests.unit.usecases.world import World

ENDPOINT = InterfaceEndpoint(
    "vpce-orphan", "com.amazonaws.us-east-2.ssm", "available", subnets=("a", "b"), owner=US
)
GROUP = SecurityGroup("sg-orphan", "anything", owner=US)
RESOLVER = InboundResolver("rslvr-in-orphan", VPC.id, "operational", name=f"ecs-anywhere-{VPC.id}")


def swept(world: World) -> Swept:
    never = VerificationClock(period=0)
    tools = Sweep(world.account, world.ledger, world.executions, world.settings, never, world.desk)
    return sweep(tools)


def abandoned() -> World:
    """A VPC without a tag and without an entry, in which three things look like ours."""
    world = World()
    world.vpcs.all = {VPC.id: VPC}
    world.endpoints.all = {ENDPOINT.id: ENDPOINT}
    world.groups.all = {GROUP.id: GROUP}
    world.resolvers.all = {RESOLVER.id: RESOLVER}
    return world


def test_orphans_are_named_with_their_price_once_they_were_seen_twice() -> None:
    world = abandoned()
    assert [each.ids for each in swept(world).orphans] == [
        ("rslvr-in-orphan", "sg-orphan", "vpce-orphan")
    ]
    assert not world.notifications.sent, "AWS may still show what has just been removed"
    swept(world)
    [mail] = world.notifications.sent
    assert "rslvr-in-orphan sg-orphan vpce-orphan (about 197 USD a month)" in mail
    assert "make rebuild-ledger" in mail


def test_a_person_is_told_of_the_same_orphans_once() -> None:
    world = abandoned()
    for _ in range(5):
        swept(world)
    assert len(world.notifications.sent) == 1
    more = replace(GROUP, id="sg-second")
    world.groups.all[more.id] = more
    for _ in range(3):
        swept(world)
    assert len(world.notifications.sent) == 2


def test_nothing_of_an_orphan_is_touched_and_nothing_is_started() -> None:
    world = abandoned()
    for _ in range(3):
        assert not swept(world).knocked
    assert world.endpoints.all == {ENDPOINT.id: ENDPOINT}
    assert world.groups.all == {GROUP.id: GROUP}
    assert world.resolvers.all == {RESOLVER.id: RESOLVER}


def test_a_mail_that_is_held_back_is_sent_when_there_may_be_one_again() -> None:
    world = abandoned()
    hour = hour_of(world.desk.now)
    world.ledger.happened[hour, "mails"] = MOST_AN_HOUR
    for _ in range(3):
        swept(world)
    assert not world.notifications.sent
    world.ledger.happened.clear()
    swept(world)
    assert len(world.notifications.sent) == 1


@pytest.mark.parametrize("wish", ["enabled", "plan", "enabeld"])
def test_what_stands_in_a_vpc_that_asks_for_something_is_told_by_its_execution(wish: str) -> None:
    world = abandoned()
    world.vpcs.all = {VPC.id: replace(VPC, tags={tags.WISH: wish})}
    assert not swept(world).orphans


def test_what_a_teardown_still_has_to_remove_is_no_orphan() -> None:
    world = abandoned()
    world.ledger.hold(VPC.id, {"group/probe": "sg-orphan"})
    assert not swept(world).orphans


def test_an_endpoint_that_is_being_deleted_is_no_orphan() -> None:
    world = abandoned()
    world.endpoints.all = {ENDPOINT.id: replace(ENDPOINT, state="deleting")}
    assert [each.ids for each in swept(world).orphans] == [("rslvr-in-orphan", "sg-orphan")]
