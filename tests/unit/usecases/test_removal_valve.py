"""The safety valve: many removals at once wait for a yes, and one alone never does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from connectivity.domain import ledger, tags
from connectivity.domain.differences import View
from connectivity.domain.errors import PreconditionsNotMet
from connectivity.domain.ledger import HELD_UP, NEEDED, Entry, Served
from connectivity.domain.model import Vpc
from connectivity.domain.needs_a_look import need_of
from connectivity.domain.safety_valve import Asking, ahead_of, crowd
from connectivity.domain.spokes import lost_hubs
from connectivity.domain.verification_clock import VerificationClock
from connectivity.domain.whole_account import WholeAccount
from connectivity.usecases.finish import tell
from connectivity.usecases.read_vpc import Verdict
from connectivity.usecases.removal_valve import check_hubs

from tests.unit.domain.test_hub_resolver import HUB, ID, prepared
from tests.unit.domain.test_hub_resolver import survey as of_a_spoke
from tests.unit.example import OPTIONS, US, VPC
from tests.unit.usecases.fakes import FakeLedger
from tests.unit.usecases.world import SETTINGS, World, connected


def asking(world: World, others: int, of: int, ago: float = 60.0) -> World:
    """So many others of `of` connected VPCs have asked to be torn down, that long ago."""
    for number in range(of - 1):
        entry = Entry(f"vpc-{number:08x}", status="connected", served=world.entry.served)
        world.ledger.all[entry.vpc_id] = entry
    for number in range(others):
        world.ledger.ask_for_removal(f"vpc-{number:08x}", world.seconds - ago)
    world.vpcs.all = {VPC.id: VPC}
    return world


def read_and_tell(world: World) -> Verdict:
    verdict = world.read()
    if verdict.status:
        tell(VPC.id, verdict.status, world.desk)
    return verdict


@pytest.mark.parametrize(
    ("others", "of", "todo"),
    [
        (0, 1, "take away"),
        (2, 3, "take away"),
        (3, 4, "nothing"),
        (3, 10, "nothing"),
        (9, 50, "take away"),
        (10, 50, "nothing"),
        (199, 1000, "take away"),
        (200, 1000, "nothing"),
    ],
)
def test_a_fifth_of_the_connected_vpcs_and_at_least_three_may_go_within_an_hour(
    others: int, of: int, todo: str
) -> None:
    assert asking(connected(), others, of).read().todo == todo


def test_a_teardown_is_not_sent_the_whole_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred at once would each be sent a hundred entries, until they outlive their time."""
    world = asking(connected(), 3, 4)
    monkeypatch.setattr(world.ledger, "entries", None)
    assert world.read().todo == "nothing"


def test_where_all_may_go_nobody_asks_who_is_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    world = asking(connected(), 200, 1000)
    monkeypatch.setattr(World, "settings", replace(world.settings, removal_share=100))
    monkeypatch.setattr(world.ledger, "connected", None)
    assert world.read().todo == "take away"


def test_who_is_held_up_serves_on_and_says_how_to_go_and_how_to_stay() -> None:
    world = asking(connected(), 3, 10)
    verdict = read_and_tell(world)
    assert verdict.reason == "too many ask to be removed at once"
    assert set(world.weather.changes) == {"notify", "tag vpc"}
    assert world.entry.status == HELD_UP
    crowd = "4 of 10 connected VPCs ask to be removed within an hour and 3 may be"
    assert crowd in world.entry.detail
    for cure in ("to remove", "or send the event Remove", "to enabled"):
        assert cure in world.entry.detail


def test_one_mail_tells_of_all_that_are_held_up() -> None:
    world = asking(connected(), 3, 10)
    first, second = read_and_tell(world), read_and_tell(world)
    assert (first.todo, second.todo) == ("nothing", "nothing")
    [mail] = world.notifications.sent
    assert "too many VPCs ask to be removed" in str(mail)
    assert "The status of every other VPC that waits for a yes is held-up, too" in str(mail)

    another = replace(world.entry, vpc_id="vpc-0badbad0", status="connected", told=frozenset())
    world.ledger.all[another.vpc_id] = another
    world.ledger.all[VPC.id] = replace(world.entry, status="connected", told=frozenset())
    read_and_tell(world)
    assert len(world.notifications.sent) == 1


def test_who_is_held_up_stays_so_when_the_hour_is_over() -> None:
    """Nobody is there at night to say no."""
    world = asking(connected(), 3, 10)
    read_and_tell(world)
    world.clock.waited += 24 * 3600
    assert read_and_tell(world).todo == "nothing"


@pytest.mark.parametrize("yes", ["remove", " Remove "])
def test_a_yes_by_tag_lets_it_go(yes: str) -> None:
    world = asking(connected(), 3, 10)
    read_and_tell(world)
    world.vpcs.all = {VPC.id: replace(VPC, tags={tags.WISH: yes})}
    assert world.read().todo == "take away"


def test_a_tag_that_is_put_back_keeps_it_connected() -> None:
    world = asking(connected(), 3, 10)
    read_and_tell(world)
    world.vpcs.all = {VPC.id: replace(VPC, tags={tags.WISH: "enabled"})}
    verdict = read_and_tell(world)
    assert (verdict.todo, world.entry.status) == ("nothing", "connected")


def test_removals_of_an_hour_ago_do_not_count() -> None:
    assert asking(connected(), 9, 10, ago=3601).read().todo == "take away"


def test_a_teardown_that_has_begun_is_never_held_up() -> None:
    world = connected()
    world.vpcs.all = {VPC.id: VPC}
    world.withdraw()
    assert asking(world, 9, 10).read().todo == "take away"


def test_a_vpc_that_was_let_through_and_waited_for_its_turn_is_not_held_up_then() -> None:
    world = asking(connected(), 2, 10)
    world.ledger.booked_until["ModifyVpcEndpoint"] = world.seconds + 600
    waits = world.read()
    assert waits.todo == "wait"
    for number in range(5):
        world.ledger.ask_for_removal(f"vpc-{number:08x}", world.seconds)
    world.clock.waited += waits.seconds
    assert world.read().todo == "take away"


def test_a_vpc_that_is_gone_or_was_never_connected_waits_for_nobody() -> None:
    gone = asking(connected(), 9, 10)
    gone.vpcs.all.clear()
    assert gone.read().todo == "take away"
    never = World()
    never.ledger.hold(VPC.id, {"group/probe": "sg-1"})
    assert asking(never, 9, 10).read().todo == "take away"


def with_a_spoke(world: World, uses: str = "") -> World:
    """Another connected VPC, that stands on something of this one."""
    used = uses or next(id_ for p, id_ in world.entry.held.items() if p.startswith("endpoint/"))
    served = replace(world.entry.served, adopted={"endpoint/x": used})
    world.ledger.all["vpc-spoke"] = Entry("vpc-spoke", status="connected", served=served)
    world.vpcs.all = {VPC.id: VPC}
    return world


def test_a_hub_that_a_spoke_stands_on_serves_on_and_tells_of_it_once() -> None:
    world = with_a_spoke(connected())
    first, second = read_and_tell(world), read_and_tell(world)
    assert (first.todo, second.todo) == ("nothing", "nothing")
    assert set(world.weather.changes) == {"notify", "tag vpc"}
    assert world.entry.status == NEEDED
    for said in ("vpc-spoke would lose names", "to remove", "to enabled", "vpc-spoke uses vpce-"):
        assert said in world.entry.detail
    [mail] = world.notifications.sent
    assert f"{VPC.id} is used by other VPCs" in str(mail)


def test_a_hub_whose_resolver_a_spoke_uses_serves_on() -> None:
    world = connected()
    assert with_a_spoke(world, world.entry.served.resolver).read().todo == "nothing"


def test_a_hub_goes_when_the_last_spoke_has_gone_and_every_sweep_looks() -> None:
    world = with_a_spoke(connected())
    read_and_tell(world)
    view = View(world.entry, WholeAccount(vpcs={VPC.id: VPC}), US, SETTINGS.parameter_path)
    need = need_of(view, world.entry.asked, world.seconds, VerificationClock(24))
    assert need is not None
    del world.ledger.all["vpc-spoke"]
    assert world.read(because="sweep").todo == "take away"


def test_a_hub_goes_with_a_yes_or_where_nothing_of_it_is_used() -> None:
    world = with_a_spoke(connected())
    world.vpcs.all = {VPC.id: replace(VPC, tags={tags.WISH: "remove"})}
    assert world.read().todo == "take away"
    assert with_a_spoke(connected(), "vpce-of-somebody-else").read().todo == "take away"


def with_a_spoke_that_needs(world: World, cidrs: str, uses: str = "") -> World:
    """A connected spoke with networks on-premises of its own, which the hub admits for it."""
    world = with_a_spoke(world, uses)
    named = {tags.WISH: "enabled", tags.ONPREM_CIDRS: cidrs}
    world.vpcs.all["vpc-spoke"] = Vpc("vpc-spoke", ("10.30.0.0/16",), named)
    return world


FOR_A_SPOKE = replace(OPTIONS, onprem_cidrs=(*OPTIONS.onprem_cidrs, "10.65.0.0/16", "10.30.0.0/16"))


@pytest.mark.parametrize("uses", ["endpoint", "resolver"])
def test_networks_that_spokes_need_are_not_closed_without_a_word(uses: str) -> None:
    world = connected(FOR_A_SPOKE)
    id_ = world.entry.served.resolver if uses == "resolver" else ""
    world = with_a_spoke_that_needs(world, "10.65.0.0/17", id_)
    with pytest.raises(PreconditionsNotMet, match=r"needs 10\.65\.0\.0/17, 10\.30\.0\.0/16 - name"):
        world.check(OPTIONS)
    del world.ledger.all["vpc-spoke"]
    assert any("10.65.0.0/16" in step for step in world.check(OPTIONS).steps)


@pytest.mark.parametrize(
    ("left", "needs"),
    [
        (("10.65.0.0/16", "10.30.0.0/16"), "10.65.4.0/24"),
        (("10.65.0.0/17", "10.65.128.0/17", "10.30.0.0/16"), "10.65.0.0/16"),
    ],
)
def test_networks_that_are_written_otherwise_or_that_no_spoke_needs_may_go(
    left: tuple[str, ...], needs: str
) -> None:
    wide = (*OPTIONS.onprem_cidrs, "10.65.0.0/16", "10.30.0.0/16", "10.99.0.0/16")
    world = connected(replace(OPTIONS, onprem_cidrs=wide))
    world = with_a_spoke_that_needs(world, needs)
    fewer = replace(OPTIONS, onprem_cidrs=(*OPTIONS.onprem_cidrs, *left))
    assert any("10.99.0.0/16" in step for step in world.check(fewer).steps)


def test_a_spoke_whose_tags_nobody_can_read_keeps_every_network() -> None:
    world = with_a_spoke_that_needs(connected(FOR_A_SPOKE), "10.65.0.0/33")
    with pytest.raises(PreconditionsNotMet, match=r"vpc-spoke .* needs 0\.0\.0\.0/0"):
        world.check(OPTIONS)


def check_of_a_spoke(**changes: Any) -> None:
    """Check a VPC whose inbound resolver is to be one that was made for another VPC."""
    world, seen = World(), of_a_spoke()
    hub = Entry(HUB, status="connected", held={ledger.RESOLVER: ID})
    world.ledger.all[hub.vpc_id] = replace(hub, **changes)
    check_hubs(prepared(seen).desired, seen, world.aws)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"withdrawn_at": "2026-11-23T12:00:00Z"}, "is being removed"),
        ({"served": Served("wish"), "removing": "arn:at-work"}, "is being removed"),
        ({}, "is not connected"),
    ],
)
def test_a_spoke_does_not_use_what_a_hub_is_giving_up(changes: dict[str, Any], said: str) -> None:
    """Until its deletion is asked for, minutes later, AWS shows all of it as available."""
    with pytest.raises(PreconditionsNotMet, match=rf"{ID} .* for {HUB} {said}"):
        check_of_a_spoke(**changes)


@pytest.mark.parametrize("changes", [{"served": Served("wish")}, {"held": {}}])
def test_a_spoke_uses_what_a_connected_hub_keeps_or_what_nobody_made(
    changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a hundred spokes at once, none is sent the entries of the ninety-nine others."""
    monkeypatch.setattr(FakeLedger, "entries", None)
    check_of_a_spoke(**changes)


def test_a_hub_that_was_told_to_go_is_used_by_nobody_from_its_withdrawal_on() -> None:
    world = connected()
    ours = world.entry.served.resolver
    assert not [*lost_hubs([ours], [world.entry])]
    world.vpcs.all = {VPC.id: VPC}
    world.withdraw()
    [said] = lost_hubs([ours], [world.entry])
    assert f"{ours} would be used, and what was made for {VPC.id} is being removed" in said


def test_the_order_of_asking_decides_and_asking_twice_counts_once() -> None:
    asked = [Asking(vpc, 10.0) for vpc in ("a", "b", "a", "c")]
    assert ahead_of("a", asked, 20.0) == []
    assert ahead_of("c", asked, 20.0) == ["a", "b"]
    assert crowd(["a", "b", "c"], {"d"}, 20) is not None
    assert crowd(["a", "b", "c"], {"d"}, 100) is None, "four of four may go"
