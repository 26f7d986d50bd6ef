"""A knock on a VPC that is plainly connected is answered by a brief look; whoever has a reason to
ask for more gets a whole one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from connectivity.domain import tags
from connectivity.domain.errors import Fact
from connectivity.domain.ledger import RESOLVER, RESOLVER_GROUP
from connectivity.domain.model import HostedZone, Route, RouteTable
from connectivity.domain.plainly_connected import VERIFIED_WITHIN
from connectivity.usecases.finish import finish
from connectivity.usecases.read_vpc import NOTHING_DIFFERS, Verdict

from tests.unit.example import VPC
from tests.unit.usecases.world import DOCUMENT, LIST, World

ENABLED = replace(VPC, tags={tags.WISH: "enabled"})


def executed(world: World, because: str = "tag") -> Verdict:
    """What an execution finds that does its work, from its beginning to its end."""
    verdict = world.read(because)
    status = world.connect() if verdict.todo == "connect" else verdict.status
    finish(VPC.id, status, world.desk)
    return verdict


def plainly_connected() -> World:
    world = World()
    world.vpcs.all = {VPC.id: ENABLED}
    world.vpcs.tables = (RouteTable("rtb-1", (), True, (Route("0.0.0.0/0", "vgw-1"),)),)
    assert executed(world).todo == "connect"
    world.clock.waited += 600
    world.weather.changes.clear()
    return world


def looks_briefly(world: World, because: str = "tag") -> bool:
    """Whether an execution that a knock starts looks briefly; a whole look may refuse the VPC."""
    try:
        return executed(world, because).reason == NOTHING_DIFFERS
    except Fact:
        return False


@pytest.mark.parametrize("because", ["tag", "acknowledgement"])
def test_a_knock_on_a_vpc_of_which_nothing_differs_is_answered_by_a_brief_look(
    because: str,
) -> None:
    world = plainly_connected()
    before = world.entry
    assert looks_briefly(world, because)
    assert world.entry == replace(before, taken_at=world.entry.taken_at)
    assert world.weather.changes == []


@pytest.mark.parametrize("because", ["request", "sweep", "verification"])
def test_whoever_asks_on_purpose_and_a_sweep_and_the_clock_get_a_whole_look(because: str) -> None:
    assert not looks_briefly(plainly_connected(), because)


def the_tag_is_set_in_another_case(world: World) -> None:
    world.vpcs.all = {VPC.id: replace(VPC, tags={tags.WISH: "Enabled"})}


def an_option_is_set(world: World) -> None:
    world.vpcs.all = {VPC.id: replace(VPC, tags={**ENABLED.tags, tags.SERVICES: "ecr"})}


def it_failed(world: World) -> None:
    world.ledger.report(VPC.id, "failed", "as it was")


def it_warns(world: World) -> None:
    world.ledger.report(VPC.id, "connected", f"{world.entry.detail}; warning: somebody answers")


def its_detail_is_cut_off(world: World) -> None:
    world.ledger.report(VPC.id, "connected", "x" * 6000)


def it_was_repaired(world: World) -> None:
    world.ledger.report(VPC.id, "connected", world.entry.detail, ["repaired: a rule"])


def it_is_in_doubt(world: World) -> None:
    world.ledger.record_doubt(VPC.id, "fingerprint", world.clock.now(), ())


def it_was_verified_long_ago(world: World) -> None:
    world.clock.waited += VERIFIED_WITHIN


def an_execution_died_on_it(world: World) -> None:
    world.ledger.take(world.entry, "dead")


def a_sweep_s_execution_never_came(world: World) -> None:
    world.ledger.hand_over(world.entry, "something", world.seconds)


def the_stack_signs_no_more(world: World) -> None:
    world.signing_key = ""


def an_endpoint_is_gone(world: World) -> None:
    del world.endpoints.all[next(iter(world.endpoints.all))]


def private_dns_is_off(world: World) -> None:
    first, *_ = world.endpoints.all.values()
    world.endpoints.all[first.id] = replace(first, private_dns=False)


def an_endpoint_lost_our_tag(world: World) -> None:
    first, *_ = world.endpoints.all.values()
    world.endpoints.all[first.id] = replace(first, owner="somebody", security_groups=())


def a_rule_is_gone(world: World) -> None:
    id_ = world.entry.held[RESOLVER_GROUP]
    world.groups.all[id_] = replace(world.groups.all[id_], rules=frozenset())


def a_group_lost_our_tag(world: World) -> None:
    id_ = world.entry.held[RESOLVER_GROUP]
    world.groups.all[id_] = replace(world.groups.all[id_], owner=None)


def the_resolver_was_changed(world: World) -> None:
    id_ = world.entry.held[RESOLVER]
    world.resolvers.all[id_] = replace(world.resolvers.all[id_], modified_at=world.seconds)


def the_document_was_edited(world: World) -> None:
    world.parameters.overwrite(DOCUMENT, "{}")


def the_list_was_edited(world: World) -> None:
    world.parameters.overwrite(LIST, "192.0.2.1")


def the_document_is_gone(world: World) -> None:
    del world.parameters.all[DOCUMENT]


@pytest.mark.parametrize(
    "happens",
    [
        the_tag_is_set_in_another_case,
        an_option_is_set,
        it_failed,
        it_warns,
        its_detail_is_cut_off,
        it_was_repaired,
        it_is_in_doubt,
        it_was_verified_long_ago,
        an_execution_died_on_it,
        a_sweep_s_execution_never_came,
        the_stack_signs_no_more,
        an_endpoint_is_gone,
        private_dns_is_off,
        an_endpoint_lost_our_tag,
        a_rule_is_gone,
        a_group_lost_our_tag,
        the_resolver_was_changed,
        the_document_was_edited,
        the_list_was_edited,
        the_document_is_gone,
    ],
)
def test_a_knock_is_answered_by_a_whole_look_where_there_is_a_reason(
    happens: Callable[[World], None],
) -> None:
    world = plainly_connected()
    happens(world)
    assert not looks_briefly(world)


def test_what_a_dns_host_says_is_heard_by_the_brief_look_and_written() -> None:
    world = plainly_connected()
    world.acknowledge("dns-1", 1)
    assert looks_briefly(world, "acknowledgement")
    assert "confirmed by dns-1" in world.entry.detail


def test_what_a_dns_host_says_is_heard_beside_a_warning_that_stands() -> None:
    world = plainly_connected()
    it_warns(world)
    world.acknowledge("dns-1", 1)
    assert looks_briefly(world, "acknowledgement")
    detail = world.entry.detail
    assert detail.endswith("confirmed by dns-1 (bind); warning: somebody answers")


def test_a_host_that_fails_is_told_by_the_brief_look_once() -> None:
    world = plainly_connected()
    world.acknowledge("dns-1", 1, "failed", detail="no")
    assert looks_briefly(world, "acknowledgement")
    assert looks_briefly(world, "acknowledgement")
    assert len(world.notifications.sent) == 1


def test_what_only_a_whole_look_sees_is_left_to_who_asks_for_it() -> None:
    """A hosted zone that answers for our names: seen by the verification on the clock, a request,
    and the tag in another case."""
    world = plainly_connected()
    world.hosted_zones.zones = (HostedZone("ecs.us-east-2.amazonaws.com", "Z1", "123456789012"),)
    assert looks_briefly(world)
    the_tag_is_set_in_another_case(world)
    assert not looks_briefly(world)


def test_a_status_that_stands_is_not_written_again_and_costs_no_look_at_the_ledger() -> None:
    world = plainly_connected()
    verdict = world.read()
    assert verdict.status and verdict.status.is_said
