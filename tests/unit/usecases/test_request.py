"""Request: an event is a way to write the tags; its schema says what can be read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from connectivity.domain import tags
from connectivity.domain.errors import (
    RequestOvertaken,
    UnknownVpc,
    UnreadableOption,
    UnreadableRequest,
    VpcNotAllowed,
)
from connectivity.domain.ledger import Entry, Served
from connectivity.domain.networks import Bounds
from connectivity.domain.printable import shown
from connectivity.domain.wish import Options, read_options
from connectivity.usecases.knock import (
    MOST_REQUESTED_AN_HOUR,
    MOST_REQUESTED_OF_A_VPC_AN_HOUR,
)
from connectivity.usecases.refusal import refuse
from connectivity.usecases.request import RequestDoor, WishRequest, carry_out, read_request, receive
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.unit.example import OPTIONS, VPC
from tests.unit.usecases.fakes import FakeVpcs
from tests.unit.usecases.world import SETTINGS, World

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "schemas" / "request-event.schema.json").read_text()
)
VALIDATOR = Draft202012Validator(SCHEMA)

HOSTILE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    # Python's $ also matches before a final line break; that of JSON Schema does not.
    st.text(st.characters(exclude_characters="\n"), max_size=8),
)
VPC_IDS = st.sampled_from([VPC.id, "vpc-0123456789abcdef0", "vpc-1", "vpc-XYZ", "subnet-0a1b2c3d"])
SERVICE = st.sampled_from(["ecr", "s3", "ecr.api", "com.amazonaws.us-east-2.kms", "ECR", "-", ""])
CIDR = st.builds(
    "{}.0.0.0/{}".format,
    st.sampled_from(["10", "172", "256", "010", ""]),
    st.sampled_from(["8", "32", "33", "08", "x", ""]),
) | st.sampled_from(["10.0.0.1", "fd00::/8", "64.0.0.0/3", "0.0.0.0/0"])

RESOLVER = st.sampled_from(
    ["rslvr-in-0a1b2c3d4e5f67890", " rslvr-in-0a1b2c3d ", "RSLVR-IN-0A1B2C3D", "rslvr-out-0a1b2c3d"]
)


POLICY = st.sampled_from(
    ["full-access", "account", " Account ", "o-a1b2c3d4e5", "O-A1B2C3D4E5", "o-short", "", "x"]
)


def either(good: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(good, st.lists(good, max_size=3), st.lists(HOSTILE, max_size=2), HOSTILE)


DETAILS = st.fixed_dictionaries(
    {},
    optional={
        "vpc-id": VPC_IDS | HOSTILE,
        "services": either(SERVICE),
        "onprem-cidrs": either(CIDR),
        "resolver": RESOLVER | HOSTILE,
        "endpoint-policy": POLICY | HOSTILE,
        "sevices": st.just([]),
    },
)


NOW = "2026-11-23T12:00:00Z"
PUBLIC = Bounds(public=True)


def event(kind: Any, detail: Any, at: str = NOW, id_: str = "0-1") -> dict[str, Any]:
    """What Amazon EventBridge delivers."""
    return {"detail-type": kind, "detail": detail, "time": at, "id": id_}


def read(kind: str, detail: dict[str, Any], at: str = NOW, id_: str = "0-1") -> WishRequest:
    return read_request(event(kind, detail, at, id_), NOW, PUBLIC)


def door(world: World) -> RequestDoor:
    return RequestDoor(world.vpcs, world.ledger, world.executions, world.clock, SETTINGS)


def send(world: World, kind: str, at: str = NOW, id_: str = "0-1", **detail: Any) -> str | None:
    asked = read(kind, {"vpc-id": VPC.id} | detail, at, id_)
    return carry_out(asked, NOW, door(world))


def is_read(detail: dict[str, Any]) -> bool:
    try:
        read("Enable", detail)
    except (UnreadableOption, UnreadableRequest):
        return False
    return True


def test_the_schema_is_one_and_describes_everything() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert all(part["description"] for part in SCHEMA["properties"].values())


@given(DETAILS)
@example({"vpc-id": VPC.id})
@example({"vpc-id": VPC.id, "services": [], "onprem-cidrs": ["10.0.0.0/8", "192.168.0.0/16"]})
@example({"vpc-id": VPC.id, "services": ["ecr", "logs"], "onprem-cidrs": None})
@example({"vpc-id": VPC.id, "onprem-cidrs": []})
@example({"vpc-id": VPC.id, "services": "ecr"})
def test_a_request_is_read_exactly_where_the_schema_allows_it(detail: dict[str, Any]) -> None:
    assert is_read(detail) is VALIDATOR.is_valid(detail)


def test_host_bits_and_networks_are_what_a_schema_cannot_say() -> None:
    detail = {"vpc-id": VPC.id, "onprem-cidrs": ["10.1.2.3/8"]}
    assert VALIDATOR.is_valid(detail)
    with pytest.raises(UnreadableOption, match=r'"10.1.2.3/8" has host bits set'):
        read("Enable", detail)


@pytest.mark.parametrize("vpc_id", [None, 1, "", "vpc-1", "vpc-0A1B2C3D", f"{VPC.id}\n"])
def test_a_request_that_does_not_say_which_vpc_is_quoted(vpc_id: object) -> None:
    with pytest.raises(UnreadableRequest) as raised:
        read("Enable", {"vpc-id": vpc_id})
    assert f'"vpc-id" is {shown(vpc_id)}' in str(raised.value)


@pytest.mark.parametrize("detail", [{}, None, [], "vpc-0a1b2c3d"])
def test_a_request_that_names_no_vpc_is_told_that_it_is_missing(detail: Any) -> None:
    with pytest.raises(UnreadableRequest, match='"vpc-id" is missing'):
        read("Enable", detail)


def test_all_problems_of_a_request_are_named_at_once() -> None:
    detail = {
        "vpc-id": VPC.id,
        "service": ["ecr"],
        "services": ["e c r"],
        "onprem-cidrs": ["10.0.0.0/40", "0.0.0.0/0"],
    }
    with pytest.raises(UnreadableOption) as raised:
        read("Enable", detail)
    problems = str(raised.value).split("; ")
    assert sum(problem.startswith("request event: ") for problem in problems) == 4
    told = ('unknown field "service"', '"e c r"', '"10.0.0.0/40"', '"0.0.0.0/0"')
    assert all(fragment in str(raised.value) for fragment in told)


def test_what_does_not_fit_into_a_tag_is_refused_at_the_door() -> None:
    cidrs = [f"10.{i}.0.0/16" for i in range(100, 125)]
    with pytest.raises(UnreadableOption, match=r"onprem-cidrs would have 349 characters, and AWS"):
        read("Enable", {"vpc-id": VPC.id, "onprem-cidrs": cidrs})


@given(
    st.lists(SERVICE.filter(lambda s: s.islower()), max_size=3, unique=True),
    st.sampled_from([["10.0.0.0/8"], ["172.16.0.0/12", "192.168.0.0/16"]]),
)
def test_what_a_request_writes_is_read_back_from_the_tags(
    services: list[str], cidrs: list[str]
) -> None:
    world = World()
    lists: dict[str, Any] = {"services": services, "onprem-cidrs": cidrs}
    send(world, "Enable", **lists)
    written = world.vpcs.all[VPC.id].tags
    assert written[tags.WISH] == "enabled"
    assert read_options(written, OPTIONS) == Options(tuple(services), tuple(cidrs))


@pytest.mark.parametrize("services", [["ECR"], [" ecr "], ["Ecr", "ecr"], ["ecr", "LOGS"], []])
@pytest.mark.parametrize("cidrs", [["10.0.0.0/8"], [" 10.0.0.0/8 ", "10.0.0.0/8"]])
def test_a_request_and_a_tag_understand_the_same_items_in_the_same_way(
    services: list[str], cidrs: list[str]
) -> None:
    world = World()
    lists: dict[str, Any] = {"services": services, "onprem-cidrs": cidrs}
    send(world, "Enable", **lists)
    by_hand = {tags.SERVICES: " ".join(services), tags.ONPREM_CIDRS: " ".join(cidrs)}
    written = world.vpcs.all[VPC.id].tags
    assert read_options(written, OPTIONS) == read_options(by_hand, OPTIONS)


def test_a_request_chooses_an_endpoint_policy_within_what_the_stack_admits() -> None:
    world = World()
    send(world, "Enable", **{"endpoint-policy": " account "})
    assert world.vpcs.all[VPC.id].tags["ecs-anywhere:endpoint-policy"] == "account"
    wider = {"vpc-id": VPC.id, "endpoint-policy": "o-a1b2c3d4e5"}
    with pytest.raises(UnreadableOption, match="request event: o-a1b2c3d4e5 is not within the st"):
        read_request(event("Enable", wider), NOW, Bounds(endpoint_policy="account"))


def test_a_request_takes_the_choice_of_an_endpoint_policy_back() -> None:
    """A tag without a value would be refused: the tag goes, and nothing else does."""
    world = World()
    chosen: dict[str, Any] = {"endpoint-policy": "account", "services": ["ecr"]}
    send(world, "Enable", **chosen)
    send(world, "Enable", id_="0-2", **{"endpoint-policy": " "})
    assert "ecs-anywhere:endpoint-policy" not in world.vpcs.all[VPC.id].tags
    assert world.vpcs.all[VPC.id].tags["ecs-anywhere:services"] == "ecr"
    assert read_options(world.vpcs.all[VPC.id].tags, OPTIONS).endpoint_policy == "full-access"
    with pytest.raises(UnreadableOption, match='event: "acount" is not full-access'):
        read_request(event("Enable", {"vpc-id": VPC.id, "endpoint-policy": "acount"}), NOW, PUBLIC)


def test_a_request_names_a_hub_s_resolver_and_takes_the_name_back() -> None:
    world, named = World(), "rslvr-in-0a1b2c3d4e5f67890"
    send(world, "Enable", resolver=f" {named} ")
    assert read_options(world.vpcs.all[VPC.id].tags, OPTIONS).resolver == named
    send(world, "Enable", id_="0-2", resolver="")
    assert read_options(world.vpcs.all[VPC.id].tags, OPTIONS) == OPTIONS


@pytest.mark.parametrize("name", ["ec#r", "-logs", "S3:*"])
def test_a_request_and_a_tag_refuse_the_same_item_in_the_same_words(name: str) -> None:
    with pytest.raises(UnreadableOption) as by_event:
        read("Enable", {"vpc-id": VPC.id, "services": [name]})
    with pytest.raises(UnreadableOption) as by_tag:
        read_options({tags.SERVICES: name}, OPTIONS)
    said = str(by_tag.value).removeprefix(f"tag {tags.SERVICES}: ")
    assert str(by_event.value) == f"request event: {said}"


def test_what_a_request_leaves_out_stays_as_it_is_on_the_vpc() -> None:
    world = World()
    world.vpcs.set_tags(VPC.id, {tags.SERVICES: "logs"})
    assert send(world, "Enable") == f"{VPC.id}-1-request"
    assert world.vpcs.all[VPC.id].tags == {tags.SERVICES: "logs", tags.WISH: "enabled"}


def test_delete_removes_the_wish_and_nothing_else() -> None:
    world = World()
    world.vpcs.set_tags(VPC.id, {tags.WISH: "enabled", tags.SERVICES: "logs"})
    send(world, "Delete")
    assert world.vpcs.all[VPC.id].tags == {tags.SERVICES: "logs"}


def test_a_vpc_that_does_not_exist_is_refused_and_nothing_of_it_is_kept() -> None:
    world = World()
    world.vpcs.all.clear()
    with pytest.raises(UnknownVpc, match=f"no VPC {VPC.id} in account"):
        send(world, "Enable")
    assert world.ledger.all == {}
    assert world.executions.started == []


def test_a_vpc_that_is_gone_and_left_something_is_knocked_on() -> None:
    world = World()
    world.ledger.report(VPC.id, "connected", "6 services")
    world.vpcs.all.clear()
    assert send(world, "Delete") == f"{VPC.id}-1-request"


@pytest.mark.parametrize(
    ("kind", "wish"),
    [
        ("Enable", "enabled"),
        ("enable", "enabled"),
        (" ENABLE ", "enabled"),
        ("Plan", "plan"),
        ("delete", None),
        ("Disable", None),
        ("DISABLE", None),
    ],
)
def test_a_kind_is_understood_in_any_case_as_the_tag_is(kind: str, wish: str | None) -> None:
    world = World()
    world.vpcs.set_tags(VPC.id, {tags.WISH: "enabled"})
    send(world, kind)
    assert world.vpcs.all[VPC.id].tags.get(tags.WISH) == wish


@pytest.mark.parametrize(
    "kind", ["Enabled", "", "Removal", None, 7, ["Enable"], "\ud800", "x" * 999]
)
def test_any_other_kind_is_refused_by_name(kind: Any) -> None:
    with pytest.raises(UnreadableRequest) as raised:
        read_request(event(kind, {"vpc-id": VPC.id}), NOW, PUBLIC)
    assert f"its detail-type is {shown(kind)}, and one of Enable, Plan, Delete" in str(raised.value)


LATER, EARLIER = "2026-11-23T12:00:01Z", "2026-11-23T11:59:59Z"


def wish_after(*sent: tuple[str, str], **details: Any) -> str | None:
    world = World()
    for number, (kind, at) in enumerate(sent):
        with suppress(RequestOvertaken):
            send(world, kind, at, f"0-{number}")
    return world.vpcs.all[VPC.id].tags.get(tags.WISH)


@pytest.mark.parametrize("first", ["Enable", "Delete"])
def test_the_wish_that_was_sent_last_stands_in_whatever_order_the_events_come(first: str) -> None:
    second = {"Enable": "Delete", "Delete": "Enable"}[first]
    sent = [(first, EARLIER), (second, LATER)]
    expected = "enabled" if second == "Enable" else None
    assert wish_after(*sent) == wish_after(*reversed(sent)) == expected


@pytest.mark.parametrize("order", [*permutations(["Enable", "Plan", "Delete"])], ids="-".join)
def test_of_one_second_delete_stands_before_plan_and_plan_before_enable(
    order: tuple[str, ...],
) -> None:
    assert wish_after(*((kind, NOW) for kind in order)) is None
    assert wish_after(*((kind, NOW) for kind in order if kind != "Delete")) == "plan"


def test_whoever_loses_a_tie_is_told_what_to_do_and_whoever_is_late_is_not() -> None:
    world = World()
    send(world, "Delete")
    with pytest.raises(RequestOvertaken, match=r"same moment asked for Delete.*send it again"):
        send(world, "Enable")
    assert send(world, "Enable", EARLIER) is None
    assert world.vpcs.all[VPC.id].tags == {}


def test_fractions_of_a_second_can_be_given_by_the_sender() -> None:
    world = World()
    send(world, "Delete", **{"requested-at": "2026-11-23T12:00:00.25Z"})
    send(world, "Enable", **{"requested-at": "2026-11-23T12:00:00.5Z"})
    assert world.vpcs.all[VPC.id].tags[tags.WISH] == "enabled"


def test_an_event_that_is_delivered_twice_is_carried_out_twice() -> None:
    world = World()
    assert send(world, "Enable")
    assert send(world, "Enable")


@pytest.mark.parametrize(
    "at",
    [
        "2026-11-23T12:06:00Z",
        "9999-12-31T23:59:59Z",
        "2026-11-22T11:59:00Z",
        "2026-11-23",
        "2026-13-23T12:00:00Z",
        "0000-00-00T00:00:00Z",
        "yesterday",
        1,
        ["x"],
        "2026-11-23T12:00:00Z\n",
    ],
)
def test_a_time_that_would_silence_later_requests_or_is_none_is_refused(at: Any) -> None:
    for asked in ({"time": at}, {"detail": {"vpc-id": VPC.id, "requested-at": at}}):
        with pytest.raises(UnreadableRequest, match="and a UTC time such as"):
            read_request(event("Enable", {"vpc-id": VPC.id}) | asked, NOW, PUBLIC)


class MeanwhileDeleted(FakeVpcs):
    """Right before the tags of Enable are written a later Delete is carried out."""

    world: World

    def set_tags(self, vpc_id: str, tags: Mapping[str, str]) -> None:
        if not self.world.ledger.requests[vpc_id].order.startswith("20261123T120001"):
            send(self.world, "Delete", LATER)
        super().set_tags(vpc_id, tags)


def test_whoever_writes_last_sees_to_it_that_the_newest_stands() -> None:
    """Two functions at the same time: the older one's write comes after the newer one's."""
    world = World()
    world.vpcs = MeanwhileDeleted(world.weather)
    world.vpcs.world = world
    send(world, "Enable")
    assert tags.WISH not in world.vpcs.all[VPC.id].tags


def test_a_vpc_that_is_not_on_the_stack_s_list_is_refused_before_anything_is_written() -> None:
    world = World()
    asked = read("Enable", {"vpc-id": VPC.id})
    settings = replace(SETTINGS, allowed_vpcs=frozenset({"vpc-0badbadb"}))
    with pytest.raises(VpcNotAllowed, match="AllowedVpcs"):
        carry_out(asked, NOW, replace(door(world), settings=settings))
    assert world.weather.changes == []
    assert world.ledger.requests == {}


def test_a_flood_of_accepted_requests_is_sixty_executions_an_hour_of_a_vpc_told_once() -> None:
    world = World()
    for number in range(300):
        kind = ("Enable", "Delete")[number % 2]
        at = f"2026-11-23T12:00:00.{number:03}Z"
        receive(event(kind, {"vpc-id": VPC.id, "requested-at": at}), door(world))
    asked = [name for name in world.executions.started if "refused" not in name]
    assert len(asked) == MOST_REQUESTED_OF_A_VPC_AN_HOUR
    [told] = world.executions.refused
    assert "the next sweep meets it" in told
    assert world.vpcs.all[VPC.id].tags == {}, "the last wish stands"
    assert world.entry.knocks == 300


def test_a_flood_of_accepted_requests_about_many_vpcs_is_bounded_in_all() -> None:
    world = World()
    for number in range(MOST_REQUESTED_AN_HOUR + 50):
        vpc_id = f"vpc-{number:08x}"
        world.vpcs.all[vpc_id] = replace(VPC, id=vpc_id)
        receive(event("Enable", {"vpc-id": vpc_id}), door(world))
        assert world.vpcs.all[vpc_id].tags[tags.WISH] == "enabled"
    assert len(world.executions.started) == MOST_REQUESTED_AN_HOUR + len(world.executions.refused)
    assert len(world.executions.refused) == 1


def test_a_request_is_carried_out_at_once_again_in_the_next_hour() -> None:
    world = World()
    for _ in range(MOST_REQUESTED_OF_A_VPC_AN_HOUR + 5):
        receive(event("Enable", {"vpc-id": VPC.id}), door(world))
    world.clock.waited += 3600
    assert receive(event("Plan", {"vpc-id": VPC.id}, world.clock.now()), door(world))["started"]


def test_a_request_while_an_execution_is_at_work_uses_up_nothing() -> None:
    world = World()
    world.ledger.take(world.entry, "at work")
    world.executions.running.add("at work")
    for _ in range(MOST_REQUESTED_OF_A_VPC_AN_HOUR + 5):
        receive(event("Enable", {"vpc-id": VPC.id}), door(world))
    world.executions.running.clear()
    assert receive(event("Enable", {"vpc-id": VPC.id}), door(world))["started"]


def test_a_flood_of_refusals_is_sixty_executions_an_hour_and_the_log() -> None:
    world = World()
    for number in range(1000):
        problem = UnreadableRequest(f"number {number} " + "x" * 9000)
        refuse(f"vpc-{number:08x}", problem, NOW, world.ledger, world.executions)
    assert len(world.executions.started) == 60
    assert world.ledger.all == {}
    assert refuse(None, problem, LATER.replace("T12", "T13"), world.ledger, world.executions)


NARROW = Bounds(("10.0.0.0/8",), may_widen=False)


def test_a_request_may_only_narrow_the_networks_where_the_stack_says_so() -> None:
    detail = {"vpc-id": VPC.id, "onprem-cidrs": ["192.168.0.0/16"]}
    with pytest.raises(UnreadableOption, match="OnPremCidrsMayWiden"):
        read_request(event("Enable", detail), NOW, NARROW)


def test_a_verification_is_begun_for_what_is_connected_and_is_no_wish() -> None:
    world = World()
    world.ledger.all[VPC.id] = replace(Entry(VPC.id), status="connected", served=Served("wish"))
    before = dict(world.vpcs.all[VPC.id].tags)
    answer = receive(event(" verify ", {"vpc-id": VPC.id}), door(world))
    assert answer == {"vpcId": VPC.id, "started": f"{VPC.id}-1-verification"}
    assert world.vpcs.all[VPC.id].tags == before
    assert world.ledger.requests == {}, "nothing is overtaken by it"


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ({}, "Verify for vpc-0a1b2c3d, which is not connected (nobody has asked for it)"),
        ({"services": ["ecr"]}, 'Verify takes "vpc-id" and nothing else, and has "services"'),
    ],
)
def test_a_verification_of_what_is_not_connected_or_with_options_is_refused(
    detail: dict[str, Any], said: str
) -> None:
    world = World()
    receive(event("Verify", {"vpc-id": VPC.id, **detail}), door(world))
    [problem] = world.executions.refused
    assert said in problem
    assert world.ledger.all.get(VPC.id, Entry(VPC.id)).knocks == 0


def test_verifications_are_bounded_as_other_requests_are() -> None:
    world = World()
    world.ledger.all[VPC.id] = replace(Entry(VPC.id), status="connected", served=Served("wish"))
    for _ in range(MOST_REQUESTED_OF_A_VPC_AN_HOUR + 5):
        receive(event("Verify", {"vpc-id": VPC.id}), door(world))
        world.executions.running.clear()
    begun = [name for name in world.executions.started if "verification" in name]
    assert len(begun) == MOST_REQUESTED_OF_A_VPC_AN_HOUR
