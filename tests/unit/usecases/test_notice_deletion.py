"""AWS refused somebody a deletion: we free it, or name it once, or have nothing to do with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from connectivity.domain import ledger, tags
from connectivity.domain.model import NetworkInterface, Route, RouteTable
from connectivity.domain.refused_deletion import is_freed, told_of
from connectivity.domain.wish import Asked
from connectivity.usecases.finish import Failure, report_failure
from connectivity.usecases.notice_deletion import MOST_AN_HOUR, notice_deletion
from connectivity.usecases.request import RequestDoor

from tests.unit.example import VPC
from tests.unit.trail import CALLER, delivered, record
from tests.unit.usecases.fakes import FakeVpcs
from tests.unit.usecases.world import EXECUTION, SETTINGS, World, connected

SUBNET = "subnet-0a1b2c3d"
OTHERS = NetworkInterface("eni-0a1b2c3d", ("sg-default",))
DAY = 24 * 3600


def world_with(wish: str | None = "enabled", others: bool = False) -> World:
    """A connected VPC, whose subnet holds an interface of one of our endpoints. Whoever deletes it
    has taken its routes away before."""
    world = connected()
    world.vpcs.tables = ()
    world.vpcs.all[VPC.id] = replace(VPC, tags={tags.WISH: wish} if wish else {})
    group = world.entry.held[ledger.ENDPOINTS_GROUP]
    ours = NetworkInterface(
        "eni-0b1c2d3e",
        (group,),
        "vpc_endpoint",
        requester_managed=True,
        description="VPC Endpoint Interface vpce-0a1b2c3d",
    )
    found = (ours, OTHERS) if others else (ours,)
    world.vpcs.interfaces = {SUBNET: found, VPC.id: found}
    world.vpcs.subnet_list += (replace(world.vpcs.subnet_list[0], id=SUBNET),)
    return world


def heard(
    world: World, target: str = SUBNET, free: bool = False, after: float = 1, **changes: Any
) -> Any:
    """The execution that a refused deletion starts; `after` it was verified so many seconds."""
    is_vpc = target.startswith("vpc-")
    name, kind = ("DeleteVpc", "vpcId") if is_vpc else ("DeleteSubnet", "subnetId")
    at = datetime.fromtimestamp(world.entry.verified_at + after, UTC)
    detail = record(
        eventName=name,
        requestParameters={kind: target},
        eventTime=at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        **changes,
    )
    settings = replace(SETTINGS, free_on_deletion=free)
    door = RequestDoor(world.vpcs, world.ledger, world.executions, world.clock, settings)
    return notice_deletion(delivered(detail), door)["started"]


def line(world: World) -> str:
    return told_of(world.entry, world.seconds)


def test_it_is_told_who_asked_what_is_in_the_way_and_the_cure() -> None:
    world = world_with()
    assert heard(world).endswith("-deletion")
    assert line(world) == (
        f"AWS was asked to delete {SUBNET} and refused - remove the tag {tags.WISH} of the VPC, "
        "wait for the status removed and delete again - in its way: vpce-0a1b2c3d - asked for by "
        f"{CALLER}"
    )


def test_of_a_whole_vpc_all_that_is_held_is_in_the_way() -> None:
    world = world_with()
    assert heard(world, VPC.id)
    held = world.entry.held
    assert f"delete {VPC.id} and refused" in line(world)
    endpoints = sorted(p for p in held if p.startswith("endpoint/"))
    assert f"in its way: {held[endpoints[0]]}, {held[endpoints[1]]}" in line(world)


def test_the_probe_s_interface_is_named_after_what_costs() -> None:
    """AWS Lambda keeps it for up to 45 minutes after a verification."""
    world = world_with()
    probe_s = NetworkInterface(
        "eni-0c1d2e3f",
        (world.entry.held[ledger.PROBE_GROUP],),
        "lambda",
        requester_managed=True,
        description="AWS Lambda VPC ENI-ecs-anywhere-probe-vpc-0a1b2c3d",
    )
    world.vpcs.interfaces = {SUBNET: (probe_s, *world.vpcs.interfaces[SUBNET])}
    assert heard(world)
    assert "in its way: vpce-0a1b2c3d, eni-0c1d2e3f - asked for by" in line(world)


def test_it_is_told_once_a_day_however_often_somebody_asks() -> None:
    world = world_with()
    assert heard(world)
    for target in (SUBNET, VPC.id, SUBNET):
        assert heard(world, target) is None
    world.clock.waited += DAY
    assert line(world) == ""
    assert heard(world)


def test_the_status_names_it_and_a_mail_tells_it_once() -> None:
    world = world_with()
    heard(world)
    status = world.connect(because="deletion")
    assert status.state == "connected"
    warning = f"warning: {line(world)}"
    assert warning in status.detail
    assert warning in status.to_tell
    world.clock.waited += DAY
    assert "AWS was asked" not in world.connect(because="verification").detail


@pytest.mark.parametrize("wish", [None, "disabled", "remove"])
def test_what_asks_for_nothing_is_looked_at_again_and_nothing_is_told(wish: str | None) -> None:
    world = world_with(wish)
    assert heard(world).endswith("-deletion")
    assert line(world) == ""


def test_a_teardown_that_is_under_way_is_left_to_itself() -> None:
    world = world_with(wish=None)
    world.executions.running.add("arn:at-work")
    world.ledger.all[VPC.id] = replace(world.entry, holder="arn:at-work")
    before = world.entry.knocks
    assert heard(world) is None
    assert world.entry.knocks == before


@pytest.mark.parametrize("target", [SUBNET, VPC.id])
def test_where_the_stack_says_so_the_tag_is_removed_and_nothing_else(target: str) -> None:
    world = world_with()
    world.vpcs.all[VPC.id] = replace(VPC, tags={tags.WISH: "enabled", "Name": "theirs"})
    assert heard(world, target, free=True)
    assert world.vpcs.all[VPC.id].tags == {"Name": "theirs"}
    assert is_freed(line(world))
    assert world.weather.changes == ["tag vpc"]


def test_the_stack_s_yes_frees_nothing_that_others_keep_as_well() -> None:
    world = world_with(others=True)
    assert heard(world, free=True)
    assert world.vpcs.all[VPC.id].tags == {tags.WISH: "enabled"}
    assert "in its way: vpce-0a1b2c3d and network interfaces of others (1)" in line(world)


def test_the_stack_s_yes_frees_no_vpc_that_others_use_in_another_subnet() -> None:
    """Whoever tidies up a subnet that looks empty does not mean the VPC."""
    world = world_with()
    world.vpcs.interfaces = {**world.vpcs.interfaces, VPC.id: (OTHERS,)}
    assert heard(world, free=True)
    assert world.vpcs.all[VPC.id].tags == {tags.WISH: "enabled"}
    assert "not freed because others have network interfaces in the VPC (1)" in line(world)


@pytest.mark.parametrize(
    ("target", "attached", "named"),
    [
        ("vgw-0a1b2c3d", (), "vgw-0a1b2c3d"),
        ("local", ("vgw-0a1b2c3d",), "vgw-0a1b2c3d"),
        ("pcx-0a1b2c3d", (), "pcx-0a1b2c3d"),
        ("lgw-0a1b2c3d", ("vgw-0a1b2c3d",), "lgw-0a1b2c3d, vgw-0a1b2c3d"),
    ],
)
def test_a_vpc_with_a_way_to_on_premises_is_not_freed(
    target: str, attached: tuple[str, ...], named: str
) -> None:
    """No host there has a network interface in the VPC, and each resolves through it."""
    world = world_with()
    world.vpcs.tables = (RouteTable("rtb-1", (), True, (Route("10.64.0.0/16", target),)),)
    world.vpcs.gateways = attached
    assert heard(world, free=True)
    assert world.vpcs.all[VPC.id].tags == {tags.WISH: "enabled"}
    assert f"not freed because others reach it through {named} - asked for by" in line(world)


@pytest.mark.parametrize("target", ["local", "igw-0a1b2c3d", "nat-0a1b2c3d", "vpce-0a1b2c3d", ""])
def test_ways_to_nobody_who_needs_the_vpc_keep_nothing(target: str) -> None:
    world = world_with()
    world.vpcs.tables = (RouteTable("rtb-1", (), True, (Route("0.0.0.0/0", target),)),)
    heard(world, free=True)
    assert world.vpcs.all[VPC.id].tags == {}


def test_a_deletion_from_before_it_was_connected_frees_nothing() -> None:
    """An event is delivered late, or twice: what was asked for since then stands."""
    world = world_with()
    assert heard(world, free=True, after=-1)
    assert world.vpcs.all[VPC.id].tags == {tags.WISH: "enabled"}


def test_a_tag_that_cannot_be_removed_is_told_instead() -> None:
    world = world_with()
    world.vpcs.refused = "a policy denies it"
    assert heard(world, free=True)
    assert line(world)
    assert not is_freed(line(world))


def test_what_was_freed_is_told_when_it_is_gone() -> None:
    world = world_with()
    heard(world, free=True)
    freed = line(world)
    assert freed in world.disconnect()


def test_a_vpc_that_is_wished_again_says_nothing_of_being_freed() -> None:
    world = world_with()
    heard(world, free=True)
    world.withdraw()
    assert is_freed(line(world))
    world.vpcs.all[VPC.id] = replace(VPC, tags={tags.WISH: "enabled"})
    failed = Failure("PreconditionsNotMet", "{}", "reading")
    assert "AWS was asked" not in report_failure(VPC.id, failed, world.desk, world.aws).detail
    world.ledger.take(world.entry, EXECUTION)
    assert "AWS was asked" not in world.connect().detail
    world.vpcs.all[VPC.id] = VPC
    assert "AWS was asked" not in world.disconnect(), "another teardown is not that one"


def test_a_vpc_that_is_wished_again_before_anything_went_says_nothing_of_it_either() -> None:
    world = world_with()
    heard(world, free=True)
    world.vpcs.all[VPC.id] = replace(VPC, tags={tags.WISH: "enabled"})
    assert "AWS was asked" not in world.check().status.detail


def test_a_deletion_that_a_newer_wish_has_overtaken_frees_nothing_and_says_nothing() -> None:
    world = world_with()
    newer = Asked("99991231T000000.000000#3#", {tags.WISH: "enabled"})
    world.ledger.remember_request(VPC.id, newer)
    assert heard(world, free=True) is None
    assert world.vpcs.all[VPC.id].tags == {tags.WISH: "enabled"}
    assert line(world) == ""


def test_a_subnet_in_which_nothing_of_ours_stands_is_none_of_our_concern() -> None:
    world = world_with()
    world.vpcs.interfaces = {SUBNET: (OTHERS,)}
    assert heard(world, free=True) is None
    assert line(world) == ""


def test_an_interface_that_a_person_gave_our_group_is_not_ours() -> None:
    world = world_with()
    group = world.entry.held[ledger.ENDPOINTS_GROUP]
    world.vpcs.interfaces = {SUBNET: (replace(OTHERS, groups=(group,)),)}
    assert heard(world, free=True) is None


def test_a_vpc_that_is_not_held_and_a_subnet_that_is_gone_start_nothing() -> None:
    fresh = World()
    assert heard(fresh, VPC.id) is None
    assert heard(world_with(), "subnet-0f0f0f0f") is None


@pytest.mark.parametrize(
    "changes",
    [
        {"errorCode": "Client.UnauthorizedOperation"},
        {"errorCode": None},
        {"eventName": "DeleteSecurityGroup"},
        {"requestParameters": {"subnetId": "subnet-1; rm"}},
        {"requestParameters": {"subnetId": None}},
        {"requestParameters": None},
        {"eventTime": "yesterday"},
        {"eventTime": None},
    ],
    ids=str,
)
def test_a_record_of_anything_else_changes_nothing(changes: dict[str, Any]) -> None:
    world = world_with()
    door = RequestDoor(world.vpcs, world.ledger, world.executions, world.clock, SETTINGS)
    detail = record(**{"requestParameters": {"subnetId": SUBNET}} | changes)
    assert notice_deletion(delivered(detail), door) == {"vpcId": None, "started": None}
    assert notice_deletion({"detail": "text"}, door) == {"vpcId": None, "started": None}


@pytest.mark.parametrize(
    ("identity", "named"),
    [
        ({"arn": CALLER}, CALLER),
        ({"arn": CALLER, "invokedBy": "cloudformation.amazonaws.com"}, f"{CALLER} through cloudf"),
        ({"type": "AWSService", "invokedBy": "ram.amazonaws.com"}, "somebody through ram.amazon"),
        ({"arn": "a; warning: <b>\n"}, "a_ warning: _b__"),
        ({"arn": "x" * 999}, "x" * 160),
        (None, "somebody"),
    ],
    ids=str,
)
def test_who_asked_is_named_in_letters_that_an_arn_has(identity: Any, named: str) -> None:
    world = world_with()
    heard(world, userIdentity=identity)
    assert f"asked for by {named}" in line(world)


def test_as_many_as_terraform_asks_are_looked_at_and_no_more() -> None:
    world = world_with()
    looked: list[str] = []

    class Counting(FakeVpcs):
        def find(self, vpc_id: str) -> Any:
            looked.append(vpc_id)
            return super().find(vpc_id)

    world.vpcs.__class__ = Counting
    for _ in range(MOST_AN_HOUR + 10):
        heard(world)
    assert len(looked) == MOST_AN_HOUR
