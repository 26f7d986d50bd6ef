"""The ledger's promises: the same test bodies on the fake of the unit tests and on DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from connectivity.adapters.ledger import DynamoDbLedger
from connectivity.domain.errors import NotReadyYet
from connectivity.domain.ledger import (
    Announcement,
    Beside,
    End,
    Entry,
    Link,
    Said,
    Served,
    announcement,
    begun_endpoints,
    given_policy,
)
from connectivity.domain.mails import Allowance
from connectivity.domain.model import Answered
from connectivity.domain.orphans import Known
from connectivity.domain.pacing import Bucket, Turn
from connectivity.domain.publication import Issue, Signature
from connectivity.domain.wish import Asked
from connectivity.usecases.ports import Ledger

from local.engine import EmbeddedAws
from tests.contract.callers import REGION, adapters_call
from tests.unit.usecases.fakes import FakeLedger

VPC = "vpc-0a1b2c3d"
FIRST = Issue(1, "2026-11-23T12:00:00Z", "fingerprint", Signature("1234abcd", "MEUCIQ=="))
SECOND = Issue(2, "2026-11-23T12:00:01Z", "withdrawn")
TABLE = "ledger-contract"
NOON = 1_800_000_000.0
PACED = Bucket("AnyCall", "any", burst=4, rate=0.25)


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with EmbeddedAws(gaps=("atomic_updates",)) as aws, adapters_call(aws.url):
        yield aws.client("dynamodb")


@pytest.fixture(params=["fake", "dynamodb"])
def ledger(request: pytest.FixtureRequest) -> Iterator[Ledger]:
    if request.param == "fake":
        yield FakeLedger()
        return
    dynamodb = request.getfixturevalue("dynamodb")
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    yield DynamoDbLedger(TABLE, "111122223333", REGION)
    dynamodb.delete_table(TableName=TABLE)


def test_knocks_are_counted(ledger: Ledger) -> None:
    assert [ledger.knock(VPC).knocks for _ in range(3)] == [1, 2, 3]


def test_what_a_knock_tells_is_kept_until_the_hold_is_given_up(ledger: Ledger) -> None:
    assert ledger.knock(VPC, {"wish": "enabled"}).heard == {"wish": "enabled"}
    seen = ledger.knock(VPC)
    assert seen.heard == {"wish": "enabled"}, "who tells nothing does not contradict"
    assert ledger.take(seen, "one")
    assert ledger.knock(VPC, {}).heard == {}
    assert not ledger.release(VPC, "one")
    assert ledger.take(ledger.read(VPC), "one")
    assert ledger.release(VPC, "one")
    assert ledger.read(VPC).heard is None


def test_only_one_takes_the_hold(ledger: Ledger) -> None:
    seen = ledger.knock(VPC)
    assert ledger.take(seen, "one")
    assert not ledger.take(seen, "other")
    assert ledger.read(VPC).holder == "one"


def test_the_hold_is_taken_at_once_where_nobody_has_it_and_the_entry_before_it_is_told(
    ledger: Ledger,
) -> None:
    assert ledger.take_if_free(VPC, "one") == Entry(VPC)
    assert (ledger.read(VPC).holder, ledger.read(VPC).begun) == ("one", 0)
    knocked = ledger.knock(VPC, {"wish": "enabled"})
    assert ledger.take_if_free(VPC, "other") is None
    assert ledger.read(VPC) == knocked
    assert ledger.take_if_free(VPC, "one") == knocked
    assert (ledger.read(VPC).begun, ledger.release(VPC, "one")) == (1, True)


def test_a_knock_after_the_hold_was_taken_at_once_sends_the_holder_round_again(
    ledger: Ledger,
) -> None:
    ledger.knock(VPC)
    assert ledger.take_if_free(VPC, "one")
    ledger.knock(VPC)
    assert not ledger.release(VPC, "one")


def test_what_the_holder_acts_on_is_kept_until_the_next_takes_the_hold(ledger: Ledger) -> None:
    assert ledger.take(ledger.knock(VPC), "one")
    ledger.record_asked(VPC, "tags and settings")
    assert ledger.release(VPC, "one")
    assert ledger.read(VPC).asked == "tags and settings"


def test_a_sweep_s_knock_sends_nobody_round_again(ledger: Ledger) -> None:
    assert ledger.take(ledger.knock(VPC), "one")
    assert ledger.hand_over(ledger.read(VPC), "something is missing", NOON)
    assert ledger.release(VPC, "one")


def test_what_a_sweep_hands_over_is_unread_until_somebody_takes_the_hold(ledger: Ledger) -> None:
    assert ledger.hand_over(ledger.read(VPC), "something is missing", NOON)
    handed = ledger.read(VPC)
    assert (handed.handed, handed.unread, handed.swept_at) == ("something is missing", True, NOON)
    assert ledger.take(handed, "one")
    assert ledger.release(VPC, "one")
    seen = ledger.read(VPC)
    assert (seen.handed, seen.unread) == ("something is missing", False)


def test_a_sweep_hands_nothing_to_who_took_the_hold_after_its_look(ledger: Ledger) -> None:
    """That execution may have looked before the sweep did."""
    seen = ledger.knock(VPC)
    assert ledger.take(seen, "one")
    assert not ledger.hand_over(seen, "something is missing", NOON)
    assert ledger.read(VPC).handed == ""


def test_a_hold_is_given_up_only_if_nobody_knocked_since(ledger: Ledger) -> None:
    assert ledger.take(ledger.knock(VPC), "one")
    ledger.knock(VPC)
    assert not ledger.release(VPC, "one")
    assert ledger.take(ledger.read(VPC), "one")
    assert ledger.release(VPC, "one")
    assert ledger.read(VPC).holder is None


def test_who_does_not_hold_has_nothing_to_give_up(ledger: Ledger) -> None:
    assert ledger.take(ledger.knock(VPC), "one")
    assert ledger.release(VPC, "other")
    assert ledger.read(VPC).holder == "one"


def test_of_two_that_announce_the_same_only_one_makes(ledger: Ledger) -> None:
    seen = ledger.knock(VPC)
    ledger.announce(seen, {"endpoint/ecs": "one", "resolver": "one"})
    with pytest.raises(NotReadyYet, match="somebody else is making the same"):
        ledger.announce(seen, {"resolver": "other"})
    assert ledger.read(VPC).held == {"endpoint/ecs": "making:one", "resolver": "making:one"}


def test_what_was_made_before_is_announced_anew(ledger: Ledger) -> None:
    ledger.knock(VPC)
    ledger.hold(VPC, {"resolver": "rslvr-in-gone"})
    ledger.announce(ledger.read(VPC), {"resolver": "two"})
    assert ledger.read(VPC).held == {"resolver": "making:two"}


def test_ids_and_turns_are_written_in_one_write_with_an_announcement(ledger: Ledger) -> None:
    turn = Turn("CreateVpcEndpoint", "make now", NOON, 6)
    beside = Beside({"group/endpoints": "sg-1"}, {"make now": turn})
    ledger.announce(ledger.knock(VPC), {"endpoint/ecs": "one"}, beside)
    entry = ledger.read(VPC)
    assert entry.held == {"endpoint/ecs": "making:one", "group/endpoints": "sg-1"}
    assert (entry.turns, entry.made_at, entry.groups_made_at) == ({"make now": turn}, 0, {})


def test_when_security_groups_are_made_is_written_with_their_announcement(ledger: Ledger) -> None:
    beside = Beside(groups_made_at=NOON)
    ledger.announce(ledger.knock(VPC), {"group/probe": "a-name"}, beside)
    entry = ledger.read(VPC)
    assert (entry.held, entry.groups_made_at) == (
        {"group/probe": "making:a-name"},
        {"group/probe": NOON},
    )


def test_what_is_let_go_is_held_no_longer(ledger: Ledger) -> None:
    ledger.knock(VPC)
    ledger.hold(VPC, {"resolver": "rslvr-in-1", "probe": VPC})
    assert ledger.read(VPC).holds_something
    ledger.record_gone(VPC, ["resolver", "probe"])
    assert not ledger.read(VPC).holds_something


def test_when_the_last_endpoint_was_made_is_kept_until_the_next_is(ledger: Ledger) -> None:
    ledger.knock(VPC)
    assert ledger.read(VPC).made_at == 0
    ledger.hold(VPC, {"endpoint/ecs": "vpce-1"}, made_at=NOON)
    ledger.hold(VPC, {"resolver": "rslvr-in-1"})
    entry = ledger.read(VPC)
    assert (entry.made_at, entry.held["endpoint/ecs"]) == (NOON, "vpce-1")


def test_when_each_security_group_was_made_is_kept_beside_that_of_the_last_endpoint(
    ledger: Ledger,
) -> None:
    ledger.knock(VPC)
    assert ledger.read(VPC).groups_made_at == {}
    ledger.hold(VPC, {"group/endpoints": "sg-1"}, made_at=NOON)
    ledger.hold(VPC, {"group/probe": "sg-2", "group/resolver": "sg-3"}, made_at=NOON + 1)
    ledger.hold(VPC, {"group/resolver": "sg-4"})
    entry = ledger.read(VPC)
    assert entry.made_at == 0
    assert entry.held["group/resolver"] == "sg-4"
    assert entry.groups_made_at == {
        "group/endpoints": NOON,
        "group/probe": NOON + 1,
        "group/resolver": NOON + 1,
    }


def test_what_an_endpoint_was_to_be_made_of_is_announced_with_its_token(ledger: Ledger) -> None:
    announced = Announcement("token", "sg-1", ("subnet-a", "subnet-b"))
    ledger.announce(ledger.knock(VPC), {"endpoint/ecs": str(announced)})
    entry = ledger.read(VPC)
    assert announcement(entry, "endpoint/ecs") == announced
    assert begun_endpoints(entry) == ("endpoint/ecs",)


def test_which_policies_were_set_is_remembered_of_what_is_held(ledger: Ledger) -> None:
    """Nothing is said any more of an endpoint that was replaced since."""
    ledger.knock(VPC)
    held = {"endpoint/ecs": "vpce-1", "endpoint/ssm": "vpce-2"}
    ledger.hold(VPC, held, NOON, {"endpoint/ecs": given_policy("vpce-1", "aa")})
    assert ledger.read(VPC).policies == {"endpoint/ecs": ("aa",)}
    before = ledger.read(VPC).policies["endpoint/ecs"]
    ledger.record_policies(
        VPC,
        {
            "endpoint/ecs": given_policy("vpce-1", "bb", before),
            "endpoint/ssm": given_policy("vpce-2", "cc"),
        },
    )
    entry = ledger.read(VPC)
    assert entry.policies == {"endpoint/ecs": ("bb", "aa"), "endpoint/ssm": ("cc",)}
    assert (entry.held, entry.made_at) == (held, NOON)
    ledger.hold(VPC, {"endpoint/ecs": "vpce-3"}, NOON)
    assert ledger.read(VPC).policies == {"endpoint/ssm": ("cc",)}
    assert ledger.entries() == (ledger.read(VPC),)


def test_the_entries_are_of_every_vpc_that_was_heard_of(ledger: Ledger) -> None:
    ledger.knock(VPC)
    assert ledger.entries() == (ledger.read(VPC),)


def test_a_publication_ends_the_doubt(ledger: Ledger) -> None:
    ledger.knock(VPC)
    ledger.record_doubt(VPC, "this", "2026-11-23T12:00:00Z", ["vpce-1"])
    entry = ledger.read(VPC)
    assert (entry.doubt, *entry.serving_endpoints) == ("this", "vpce-1")
    ledger.publish(VPC, FIRST, ["vpce-1"])
    entry = ledger.read(VPC)
    assert (entry.doubt, entry.generation, entry.verified) == ("", 1, "fingerprint")
    assert (*entry.verified_endpoints, *entry.proven_endpoints) == ("vpce-1",)


def test_what_was_verified_ends_the_doubt_and_the_probe_and_is_kept_until_it_is_published(
    ledger: Ledger,
) -> None:
    ledger.knock(VPC)
    ledger.hold(VPC, {"probe": VPC, "resolver": "rslvr-in-1"})
    ledger.record_doubt(VPC, "this", "2026-11-23T12:00:00Z", ())
    ledger.record_verified(VPC, ["vpce-1", "vpce-2"])
    entry = ledger.read(VPC)
    assert (entry.doubt, entry.held) == ("", {"resolver": "rslvr-in-1"})
    assert entry.proven_endpoints == {"vpce-1", "vpce-2"}
    ledger.publish(VPC, FIRST, ["vpce-1"])
    assert ledger.read(VPC).serving_endpoints == {"vpce-1"}


def test_what_the_connection_stands_on_is_written_down_until_it_is_withdrawn(
    ledger: Ledger,
) -> None:
    ledger.knock(VPC)
    assert ledger.read(VPC).served == Served()
    served = Served("wish", "rslvr-in-theirs", {"resolver": "rslvr-in-theirs"})
    ledger.publish(VPC, FIRST, ["vpce-1"], served)
    assert ledger.read(VPC).served == served
    ledger.publish(VPC, SECOND, ())
    assert ledger.read(VPC).served == Served()


def test_what_names_answer_is_written_down_with_the_round_in_which_they_were_asked(
    ledger: Ledger,
) -> None:
    ledger.knock(VPC)
    ledger.take(ledger.read(VPC), "execution")
    answers = {"ssm": Answered(("10.9.0.4", "10.9.1.4")), "ecs": Answered(error="NXDOMAIN")}
    ledger.record_answers(ledger.read(VPC), answers)
    entry = ledger.read(VPC)
    assert entry.answers == answers
    assert entry.answered_in == entry.round == "execution#1"


def test_a_refused_deletion_is_written_down_with_its_time_and_changes_nothing_else(
    ledger: Ledger,
) -> None:
    before = ledger.knock(VPC)
    assert (before.deletion, before.deletion_at) == ("", 0.0)
    ledger.record_deletion(VPC, "AWS was asked to delete subnet-1", 1_800_000_000.5)
    entry = ledger.read(VPC)
    assert (entry.deletion, entry.deletion_at) == (
        "AWS was asked to delete subnet-1",
        1_800_000_000.5,
    )
    assert entry == replace(before, deletion=entry.deletion, deletion_at=entry.deletion_at)


def test_whom_a_teardown_missed_is_written_down_until_the_next_publication(ledger: Ledger) -> None:
    ledger.knock(VPC)
    assert ledger.read(VPC).unconfirmed == ()
    ledger.record_unconfirmed(VPC, ["dns2", "dns3"])
    assert ledger.read(VPC).unconfirmed == ("dns2", "dns3")
    ledger.publish(VPC, FIRST, ["vpce-1"])
    assert ledger.read(VPC).unconfirmed == ()


def test_whoever_finds_a_bucket_full_has_their_turn_at_once(ledger: Ledger) -> None:
    assert ledger.reserve(PACED, 10, NOON) == Turn("AnyCall", "any", NOON, 10)
    assert ledger.reserve(PACED, 6, NOON + 40) == Turn("AnyCall", "any", NOON + 40, 6)


def test_whoever_comes_later_has_their_turn_when_all_before_them_are_paid(ledger: Ledger) -> None:
    """Four calls are there at once when the bucket is full, one when a quarter of it is."""
    turns = [ledger.reserve(PACED, calls, NOON) for calls in (6, 6, 4, 1, 6)]
    assert [turn.at - NOON for turn in turns] == [0, 24, 48, 64 - 12, 68]


def test_nobody_waits_for_a_turn_that_nobody_else_has(ledger: Ledger) -> None:
    """Not through a rounding either, whatever the calls cost and whenever it is."""
    for calls in range(1, 21):
        now = NOON + calls * 0.1234567
        turn = ledger.reserve(Bucket(f"Call {calls}", "any"), calls, now)
        assert turn.seconds(now) == 0, calls


def test_of_many_at_the_same_time_each_has_a_turn_of_its_own(ledger: Ledger) -> None:
    with ThreadPoolExecutor(20) as callers:
        turns = [*callers.map(lambda _: ledger.reserve(PACED, 4, NOON), range(100))]
    places = [int(turn.at - NOON) // 16 for turn in turns]
    assert len(set(places)) == 100
    assert all(turn.at == NOON + 16 * place for turn, place in zip(turns, places, strict=True))
    # An update that took effect and was not answered is sent again, and wastes a reservation.
    assert max(places) < (100 if isinstance(ledger, FakeLedger) else 200)


def test_a_bucket_is_of_one_kind_of_call_and_no_vpc(ledger: Ledger) -> None:
    ledger.reserve(PACED, 4, NOON)
    assert ledger.reserve(Bucket("OtherCall", "any", burst=4, rate=0.25), 4, NOON).at == NOON
    assert ledger.entries() == ()


def test_a_vpc_s_turn_is_remembered(ledger: Ledger) -> None:
    ledger.knock(VPC)
    assert ledger.read(VPC).turns == {}
    turns = {step: ledger.reserve(PACED, 6, NOON + 0.125) for step in ("plan", "call it now")}
    ledger.record_turns(VPC, turns)
    assert ledger.read(VPC).turns == turns


def test_an_issue_is_remembered_with_the_parameter_before_it_counts_as_published(
    ledger: Ledger,
) -> None:
    ledger.knock(VPC)
    ledger.issue(VPC, "/path/forwarding", FIRST)
    entry = ledger.read(VPC)
    assert (entry.issued, entry.held) == (FIRST, {"publication": "/path/forwarding"})
    assert (entry.generation, entry.verified, entry.highest_generation) == (0, "", 1)
    ledger.publish(VPC, SECOND, ())
    entry = ledger.read(VPC)
    assert (entry.issued, entry.generation, entry.verified) == (SECOND, 2, "withdrawn")


def test_something_may_happen_so_often_an_hour_and_each_hour_anew(ledger: Ledger) -> None:
    twice = Allowance("mails", 2)
    assert [ledger.allow(twice, "2026-11-23T12") for _ in range(3)] == [True, True, False]
    assert ledger.allow(Allowance("others", 2), "2026-11-23T12")
    assert ledger.allow(twice, "2026-11-23T13")
    assert ledger.entries() == ()


def test_a_hundred_at_the_same_time_are_not_allowed_more_than_one_after_the_other(
    ledger: Ledger,
) -> None:
    few = Allowance("mails", 5)
    with ThreadPoolExecutor(8) as pool:
        allowed = list(pool.map(lambda _: ledger.allow(few, "2026-11-23T12"), range(40)))
    assert sum(allowed) == 5


def test_mails_that_were_held_back_are_counted_until_somebody_asks(ledger: Ledger) -> None:
    assert ledger.take_held_back_mails() == 0
    ledger.hold_back_mail()
    ledger.hold_back_mail()
    assert ledger.take_held_back_mails() == 2
    assert ledger.take_held_back_mails() == 0


def test_orphans_are_remembered_as_seen_and_told(ledger: Ledger) -> None:
    assert ledger.known_orphans() == Known()
    ledger.remember_orphans(Known(frozenset({"vpce-1", "sg-1"}), frozenset({"sg-1"})))
    assert ledger.known_orphans() == Known(frozenset({"vpce-1", "sg-1"}), frozenset({"sg-1"}))
    ledger.remember_orphans(Known())
    assert ledger.known_orphans() == Known()
    assert ledger.entries() == (), "they are no entry of a VPC"


def test_only_a_vpc_that_is_known_is_knocked_on_by_a_host(ledger: Ledger) -> None:
    assert ledger.knock_if_known(VPC) is None
    assert ledger.entries() == ()
    ledger.knock(VPC)
    known = ledger.knock_if_known(VPC)
    assert known is not None
    assert known.knocks == 2


def test_of_two_requests_the_one_of_the_higher_order_stands(ledger: Ledger) -> None:
    first, second = Asked("1", {"wish": "enabled"}), Asked("2", {})
    assert ledger.remember_request(VPC, first) == first
    assert ledger.remember_request(VPC, second) == second
    assert ledger.remember_request(VPC, first) == second
    assert ledger.remember_request(VPC, second) == second, "delivered twice"
    assert ledger.entries() == (), "a request is no entry of a VPC"


def test_what_was_told_is_kept_with_the_status(ledger: Ledger) -> None:
    ledger.report(VPC, "connected", "6 services", ["dns1 failed"])
    assert ledger.read(VPC).told == {"dns1 failed"}
    ledger.report(VPC, "connected", "6 services")
    assert ledger.read(VPC).told == frozenset()


def test_since_when_a_withdrawal_stands_is_known_until_something_else_is_published(
    ledger: Ledger,
) -> None:
    ledger.knock(VPC)
    ledger.report(VPC, "connected", "all is well", ["told"])
    ledger.record_withdrawal(VPC, "2026-11-23T12:00:00Z", "removing", "on its way")
    entry = ledger.read(VPC)
    assert (entry.status, entry.detail) == ("removing", "on its way")
    assert entry.withdrawn_at == "2026-11-23T12:00:00Z"
    assert entry.told == {"told"}
    ledger.publish(VPC, SECOND, [])
    assert ledger.read(VPC).withdrawn_at == ""


def test_a_removal_has_begun_for_the_execution_that_began_it_and_until_it_ends(
    ledger: Ledger,
) -> None:
    ledger.take(ledger.knock(VPC), "one")
    ledger.hold(VPC, {"resolver": "rslvr-in-1", "probe": VPC})
    assert not ledger.read(VPC).is_being_removed
    ledger.record_removal(ledger.read(VPC))
    assert ledger.read(VPC).is_being_removed
    ledger.take(ledger.read(VPC), "two")
    assert not ledger.read(VPC).is_being_removed
    ledger.record_removal(ledger.read(VPC))
    ledger.record_removed(VPC, ["resolver"])
    entry = ledger.read(VPC)
    assert (entry.is_being_removed, dict(entry.held)) == (False, {"probe": VPC})
    ledger.record_removed(VPC, [])
    assert ledger.read(VPC).held


def test_a_knock_since_the_round_began_is_seen_in_the_entry(ledger: Ledger) -> None:
    assert ledger.take(ledger.knock(VPC), "one")
    assert not ledger.read(VPC).was_knocked_on
    ledger.knock(VPC)
    assert ledger.read(VPC).was_knocked_on


@pytest.mark.parametrize("knocked", [False, True], ids=["given up", "knocked on meanwhile"])
def test_what_is_said_is_written_with_the_end_of_the_hold(ledger: Ledger, knocked: bool) -> None:
    assert ledger.take(ledger.knock(VPC), "one")
    if knocked:
        ledger.knock(VPC)
    said = Said("connected", "6 services", frozenset({"told"}))
    assert ledger.release(VPC, "one", end=End(said)) is not knocked
    entry = ledger.read(VPC)
    assert (entry.status, entry.detail) == ("connected", "6 services")
    assert entry.told == {"told"}
    assert entry.holder == ("one" if knocked else None)


LINK = Link(7, "f" * 64, "one#1", {"resolver": "rslvr-in-1"})


@pytest.mark.parametrize("knocked", [False, True], ids=["given up", "knocked on meanwhile"])
def test_the_last_record_is_remembered_with_the_end_of_the_round(
    ledger: Ledger, knocked: bool
) -> None:
    assert ledger.take(ledger.knock(VPC), "one")
    assert ledger.read(VPC).recorded is None
    if knocked:
        ledger.knock(VPC)
    assert ledger.release(VPC, "one", end=End(link=LINK)) is not knocked
    assert ledger.read(VPC).recorded == LINK


def test_who_lost_the_hold_changes_no_chain(ledger: Ledger) -> None:
    assert ledger.take(ledger.knock(VPC), "one")
    assert ledger.take(ledger.read(VPC), "other")
    assert ledger.release(VPC, "one", end=End(link=LINK))
    assert ledger.read(VPC).recorded is None


def test_who_asks_to_be_removed_is_listed_in_the_order_of_asking(ledger: Ledger) -> None:
    first, second = VPC, "vpc-0badbad0"
    ledger.ask_for_removal(first, NOON)
    listed = [each for each in ledger.ask_for_removal(second, NOON + 1) if each.at >= NOON]
    assert [(each.vpc_id, each.at) for each in listed][-2:] == [(first, NOON), (second, NOON + 1)]


def test_the_list_of_who_asked_to_be_removed_does_not_grow_for_ever(ledger: Ledger) -> None:
    vpc_id = VPC
    for number in range(60):
        ledger.ask_for_removal(vpc_id, NOON + number)
    later = NOON + 24 * 3600
    ledger.ask_for_removal(vpc_id, later)
    recent = [each for each in ledger.ask_for_removal(vpc_id, later) if each.at >= later]
    assert len(recent) == 2


def test_who_is_connected_and_who_uses_what_is_others_is_told_apart(ledger: Ledger) -> None:
    for vpc_id, served in (
        ("vpc-alone", Served("wish", "rslvr-in-ours")),
        ("vpc-spoke", Served("wish", "rslvr-in-hub", {"resolver": "rslvr-in-hub"})),
        ("vpc-gone", Served()),
    ):
        ledger.knock(vpc_id)
        ledger.publish(vpc_id, FIRST, (), served)
    ledger.knock("vpc-new")
    assert ledger.connected() == {"vpc-alone", "vpc-spoke"}
    assert ledger.adopted() == {"vpc-spoke": {"rslvr-in-hub"}}
