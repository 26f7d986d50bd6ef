"""A standby: it serves while the VPC before it does not answer, and not a moment without need."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ecs_anywhere_dns.answers.questions import Answer, Question
from ecs_anywhere_dns.commands.examination import examine
from ecs_anywhere_dns.commands.status import status
from ecs_anywhere_dns.configuration import check_order
from ecs_anywhere_dns.document import read_document
from ecs_anywhere_dns.following.kept_back import with_zones
from ecs_anywhere_dns.following.rollback import rollback
from ecs_anywhere_dns.following.standby import (
    GOOD_LOOKS,
    MOST_LOOKS,
    PAUSE,
    TRIES,
    after_look,
    gone_back,
    gone_over,
    looks_needed,
)
from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.memory.records import Duty
from ecs_anywhere_dns.outcome import Exit
from hypothesis import given
from hypothesis import strategies as st

from tests.onprem.several import Died, Site, Vpc
from tests.onprem.test_several_vpcs import OHIO, assert_right, ohio, rival, site

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
STEP = timedelta(minutes=5)
FIRST = "vpc-0000000a"


def pair(folder: Path) -> tuple[Site, Vpc, Vpc]:
    first, standby = ohio(), rival()
    there = site(folder, first, standby, changes={standby.id: {"standby_for": first.id}})
    assert_right(there, first)
    return there, first, standby


def over(there: Site, first: Vpc, standby: Vpc) -> None:
    first.answers = False
    report = there.apply()
    assert there.of(report, standby).exit == Exit.DONE, report.lines()
    assert_right(there, standby)


def runs_until_back(there: Site, first: Vpc) -> int:
    for number in range(1, 100):
        there.apply()
        if there.private(first):
            return number
    raise AssertionError("it never went back")


def test_while_the_first_answers_the_standby_is_asked_and_serves_nothing(tmp_path: Path) -> None:
    there, first, standby = pair(tmp_path)
    report = there.apply()
    assert report.exit == Exit.DONE and not report.changed
    assert there.private(standby) == set()
    assert f"stands by for {first.id}" in there.of(report, standby).summary
    standby.answers = False
    assert there.of(there.apply(), standby).exit == Exit.PREFLIGHT_FAILED, (
        "seen before it is needed"
    )


def test_it_goes_over_when_no_resolver_ip_answers_in_several_looks(tmp_path: Path) -> None:
    there, first, standby = pair(tmp_path)
    there.paused = 0.0
    over(there, first, standby)
    assert there.paused == PAUSE * (TRIES - 1)
    assert all(set(first.names) <= set(loaded) for loaded in there.server.history[1:])


def test_a_link_that_is_back_within_a_run_changes_nothing(tmp_path: Path) -> None:
    there, first, _ = pair(tmp_path)
    first.answers = False
    asks = there.asks

    def back_at_the_second_look(questions: Sequence[Question]) -> dict[Question, Answer]:
        answers = asks(questions)
        first.answers = True
        return answers

    there.asks = back_at_the_second_look  # type: ignore[method-assign]
    report = there.apply()
    assert report.exit == Exit.DONE and not report.changed
    assert_right(there, first)


def test_a_new_publication_that_is_not_answered_is_no_reason_to_go_over(tmp_path: Path) -> None:
    """As what is in force is answered. Once that is not either, the standby serves."""
    there, first, standby = pair(tmp_path)
    new, asks = f"ecr.{OHIO}.amazonaws.com", there.asks

    def not_yet(questions: Sequence[Question]) -> dict[Question, Answer]:
        return {
            question: Answer("timeout") if question.name == new else answer
            for question, answer in asks(questions).items()
        }

    there.asks = not_yet  # type: ignore[method-assign]
    first.publish(services=("ecs", "ssm", "ecr"))
    loads = len(there.server.history)
    report = there.apply()
    assert there.of(report, first).exit == Exit.PREFLIGHT_FAILED
    assert any("its standby is not needed" in hint for hint in there.of(report, first).hints)
    assert len(there.server.history) == loads and there.private(standby) == set()
    over(there, first, standby)


def test_it_goes_over_also_where_the_first_cannot_be_read(tmp_path: Path) -> None:
    """Behind one link with its resolver IPs lies its Parameter Store."""
    there, first, standby = pair(tmp_path)
    first.is_readable = False
    report = there.apply()
    assert there.of(report, first).exit == Exit.FETCH_FAILED
    assert_right(there, first)
    over(there, first, standby)


def test_a_standby_that_cannot_be_read_serves_with_what_it_believed_last(tmp_path: Path) -> None:
    there, first, standby = pair(tmp_path)
    standby.is_readable = False
    over(there, first, standby)


def test_it_goes_back_only_after_several_good_looks(tmp_path: Path) -> None:
    there, first, standby = pair(tmp_path)
    over(there, first, standby)
    first.answers = True
    assert runs_until_back(there, first) == GOOD_LOOKS
    assert_right(there, first)
    assert there.apply().exit == Exit.DONE


def test_good_looks_are_counted_one_after_the_other(tmp_path: Path) -> None:
    there, first, standby = pair(tmp_path)
    over(there, first, standby)
    for _ in range(10):
        first.answers = True
        for _ in range(GOOD_LOOKS - 1):
            there.apply()
        first.answers = False
        there.apply()
    assert_right(there, standby)
    assert len(there.server.history) == 2, "one switch to the first, one to the standby"


def test_runs_in_quick_succession_are_one_look(tmp_path: Path) -> None:
    """As of a person who tries again and again."""
    there, first, standby = pair(tmp_path)
    over(there, first, standby)
    first.answers = True
    for _ in range(10):
        there.now -= STEP - timedelta(seconds=1)
        there.apply()
    assert_right(there, standby)


def test_each_time_it_goes_over_within_a_day_it_waits_longer(tmp_path: Path) -> None:
    there, first, standby = pair(tmp_path)
    waited = []
    for _ in range(3):
        over(there, first, standby)
        first.answers = True
        waited.append(runs_until_back(there, first))
    assert waited == [GOOD_LOOKS, 2 * GOOD_LOOKS, 4 * GOOD_LOOKS]
    there.now += timedelta(days=2)
    over(there, first, standby)
    first.answers = True
    assert runs_until_back(there, first) == GOOD_LOOKS


def test_where_neither_answers_nothing_is_changed(tmp_path: Path) -> None:
    there, first, standby = pair(tmp_path)
    before = there.server.file.read_text()
    first.answers = standby.answers = False
    report = there.apply()
    assert report.exit == Exit.PREFLIGHT_FAILED and not report.changed
    assert there.server.file.read_text() == before
    first.answers = True
    assert there.of(there.apply(), first).exit == Exit.DONE
    assert there.server.file.read_text() == before, "it never went over"
    assert_right(there, first)


def test_a_standby_that_does_not_answer_as_published_is_rolled_back(tmp_path: Path) -> None:
    there, first, standby = pair(tmp_path)
    before = there.server.file.read_text()
    first.answers, there.poisoned = False, {f"ecs.{OHIO}.amazonaws.com"}
    report = there.apply()
    assert there.of(report, standby).exit == Exit.ROLLED_BACK
    assert there.server.file.read_text() == before
    first.answers, there.poisoned = True, set()
    there.apply()
    assert_right(there, first)


def test_a_way_back_that_fails_leaves_the_standby_serving(tmp_path: Path) -> None:
    """And is tried again only after twice as many good looks, and so on."""
    there, first, standby = pair(tmp_path)
    over(there, first, standby)
    first.answers, there.poisoned = True, set(first.names)
    for _ in range(GOOD_LOOKS - 1):
        there.apply()
    before, loads = there.server.file.read_text(), len(there.server.history)
    report = there.apply()
    assert there.of(report, first).exit == Exit.ROLLED_BACK
    assert there.server.file.read_text() == before
    for factor in (2, 4):
        for _ in range(factor * GOOD_LOOKS - 1):
            there.apply()
        assert len(there.server.history) == loads + factor, "there and back, once in that time"
        there.apply()
    there.poisoned = set()
    assert there.private(standby) == set(standby.names)


def test_a_run_that_is_killed_while_it_undoes_a_way_back_makes_the_next_try_as_rare(
    tmp_path: Path,
) -> None:
    there, first, standby = pair(tmp_path)
    over(there, first, standby)
    first.answers, there.poisoned = True, set(first.names)
    for _ in range(GOOD_LOOKS - 1):
        there.apply()

    def die(step: str) -> None:
        if step == "roll back":
            raise Died

    there.tell = die
    with pytest.raises(Died):
        there.apply()
    there.tell, loads = lambda _: None, len(there.server.history)
    for _ in range(2 * GOOD_LOOKS - 1):
        there.apply()
    assert len(there.server.history) == loads + 1, "only to undo it"
    there.poisoned = set()
    assert_right(there, standby)


def test_a_way_over_that_fails_is_tried_again_at_once_and_then_rarely(tmp_path: Path) -> None:
    there, first, standby = pair(tmp_path)
    first.answers, there.poisoned = False, {f"ecs.{OHIO}.amazonaws.com"}
    loads = []
    for _ in range(24):
        there.apply()
        loads.append((len(there.server.history) - 1) // 2)
    assert loads[1] == 2, "the first failure may have been a moment's"
    assert loads[-1] <= 6, "in two hours"
    there.poisoned = set()
    for _ in range(12):
        there.apply()
    assert_right(there, standby)


def test_a_way_back_from_a_standby_that_died_rests_where_it_fails(tmp_path: Path) -> None:
    there, first, standby = pair(tmp_path)
    over(there, first, standby)
    first.answers, standby.answers, there.poisoned = True, False, set(first.names)
    loads = len(there.server.history)
    for _ in range(24):
        there.apply()
    assert (len(there.server.history) - loads) // 2 <= 6, "in two hours"
    there.poisoned = set()
    for _ in range(12):
        there.apply()
    assert_right(there, first)


def test_a_first_vpc_that_cannot_be_read_serves_where_its_standby_died(tmp_path: Path) -> None:
    there, first, standby = pair(tmp_path)
    over(there, first, standby)
    first.is_readable, first.answers, standby.answers = False, True, False
    there.apply()
    assert_right(there, first)


def test_a_standby_whose_newest_publication_is_refused_serves_with_the_last(
    tmp_path: Path,
) -> None:
    there, first, standby = pair(tmp_path)
    there.changes[standby.id]["account"] = standby.account
    standby.publish(account="999999999999")
    assert there.of(there.apply(), standby).exit == Exit.REFUSED
    first.answers = False
    report = there.apply()
    assert there.of(report, standby).exit == Exit.REFUSED
    assert f"serves in the place of {first.id}" in there.of(report, standby).summary
    assert_right(there, standby)


def narrow(there: Site, vpc: Vpc) -> None:
    """As an administrator who does not believe the networks of this VPC any more."""
    pins = {"networks": ("10.99.0.0/16",)}
    there.changes[vpc.id] = {**there.changes.get(vpc.id, {}), **pins}


@pytest.mark.parametrize("is_readable", [True, False])
def test_no_standby_begins_to_serve_with_a_document_that_the_pins_refuse_now(
    tmp_path: Path, is_readable: bool
) -> None:
    there, first, standby = pair(tmp_path)
    narrow(there, standby)
    first.answers, standby.is_readable = False, is_readable
    loads = len(there.server.history)
    report = there.apply()
    said = there.of(report, standby)
    assert said.exit == (Exit.REFUSED if is_readable else Exit.FETCH_FAILED), said.lines()
    assert any("is not believed any more" in hint for hint in said.hints)
    assert len(there.server.history) == loads and there.private(standby) == set()
    del there.changes[standby.id]["networks"]
    there.apply()
    assert_right(there, standby)


def test_no_way_back_leads_to_a_document_that_the_pins_refuse_now(tmp_path: Path) -> None:
    """Also not where the standby does not answer; and its duty goes on."""
    there, first, standby = pair(tmp_path)
    over(there, first, standby)
    narrow(there, first)
    first.answers, standby.answers, loads = True, False, len(there.server.history)
    there.apply()
    standby.answers = True
    for _ in range(2 * GOOD_LOOKS):
        report = there.apply()
        assert there.of(report, first).exit == Exit.REFUSED
    assert len(there.server.history) == loads
    assert f"serves in the place of {first.id}" in there.of(report, standby).summary
    assert_right(there, standby)


def test_a_standby_serves_for_a_vpc_whose_document_the_pins_refuse_now(tmp_path: Path) -> None:
    there, first, standby = pair(tmp_path)
    narrow(there, first)
    report = there.apply()
    assert there.of(report, first).exit == Exit.REFUSED
    assert_right(there, first)
    over(there, first, standby)


def test_a_standby_that_does_not_answer_any_more_is_not_waited_for(tmp_path: Path) -> None:
    there, first, standby = pair(tmp_path)
    over(there, first, standby)
    first.answers, standby.answers = True, False
    there.apply()
    assert_right(there, first)


def shown_by_doctor(there: Site) -> dict[str, tuple[str, ...]]:
    """Return the forwarding that `doctor` judges: what `apply` would do now."""
    before = (dict(there.server.loaded), sorted(p.name for p in there.folder.rglob("*")))
    there.server.judged.clear()
    examine(there.hosts())
    assert before == (dict(there.server.loaded), sorted(p.name for p in there.folder.rglob("*")))
    return dict(there.server.judged[0].targets)


def test_doctor_judges_what_apply_does_whoever_serves(tmp_path: Path) -> None:
    """Also in the run in which it goes over, and in the one in which it goes back."""
    there, first, standby = pair(tmp_path)
    for answers in (True, False, False, True, True, True, True, False, True):
        first.answers = answers
        there.now += STEP
        said = shown_by_doctor(there)
        assert there.apply().publications
        assert said == there.server.loaded, (answers, there.now)
    first.publish(services=("ecs", "ssm", "ecs-a"))
    standby.publish(services=("ecs", "ssm", "ecs-t"))
    first.answers, standby.answers = False, True
    said = shown_by_doctor(there)
    there.apply()
    assert said == there.server.loaded


def test_a_dry_run_shows_the_way_back_and_counts_no_look(tmp_path: Path) -> None:
    there, first, standby = pair(tmp_path)
    over(there, first, standby)
    first.answers = True
    for _ in range(looks_needed(Duty(), NOW) - 1):
        there.apply()
    for _ in range(3):
        assert there.apply(dry=True).would_change, "the next run goes back"
    assert_right(there, standby)
    there.apply()
    assert_right(there, first)


def test_nobody_is_told_to_restart_agents_for_it(tmp_path: Path) -> None:
    """Names and endpoints stay, only their addresses are others."""
    there, first, standby = pair(tmp_path)
    first.answers = False
    report = there.apply()
    assert not [h for h in there.of(report, standby).hints if "restart the ECS agent" in h]


def test_both_say_who_serves_in_the_place_of_whom(tmp_path: Path) -> None:
    """In the report, in the status, and in the acknowledgements."""
    there, first, standby = pair(tmp_path)
    over(there, first, standby)
    report = there.apply()
    assert there.of(report, first).exit == Exit.PREFLIGHT_FAILED
    assert f"its standby {standby.id} serves in its place since" in there.of(report, first).summary
    assert f"serves in the place of {first.id} since" in there.of(report, standby).summary
    assert f"its standby {standby.id} serves" in first.written[-1]["detail"]
    assert f"in the place of {first.id}" in standby.written[-1]["detail"]
    assert (first.written[-1]["result"], standby.written[-1]["result"]) == ("failed", "applied")
    said = {
        each["vpc"]: each["standby"] for each in status(there.hosts(), tmp_path)["publications"]
    }
    assert f"serves in the place of {first.id} since" in said[standby.id]
    first.answers = True
    report = there.apply()
    assert there.of(report, first).exit == Exit.DEGRADED
    assert f"answered again 1 of {GOOD_LOOKS} times" in there.of(report, standby).summary


def test_a_run_that_changes_nothing_acknowledges_nothing_while_the_standby_serves(
    tmp_path: Path,
) -> None:
    there, first, standby = pair(tmp_path)
    over(there, first, standby)
    there.apply()
    number = len(first.written), len(standby.written)
    for _ in range(5):
        there.apply()
    assert (len(first.written), len(standby.written)) == number


def test_a_first_vpc_that_withdraws_leaves_its_names_to_the_standby(tmp_path: Path) -> None:
    there, first, standby = pair(tmp_path)
    first.publish(state="withdrawn")
    assert there.apply().exit == Exit.DONE
    assert_right(there, standby)
    assert all(set(standby.names) <= set(loaded) for loaded in there.server.history[1:])
    first.publish(state="active")
    there.apply()
    assert_right(there, first)


def test_what_is_asked_for_anew_while_the_standby_serves_waits_for_the_way_back(
    tmp_path: Path,
) -> None:
    there, first, standby = pair(tmp_path)
    over(there, first, standby)
    first.publish(answers=True)
    there.apply()
    assert_right(there, standby)
    runs_until_back(there, first)
    assert_right(there, first)


# --- a duty, and for whom it is


def gone_over_by_hand(there: Site, first: Vpc, standby: Vpc) -> None:
    """To the first one, as decision 0063 says it."""
    over(there, first, standby)
    there.changes[standby.id] = {"after": (first.id,)}
    first.answers = True
    there.apply()
    assert_right(there, first)


def assert_stays(there: Site, first: Vpc) -> None:
    loads = len(there.server.history)
    there.now += timedelta(days=40)
    there.apply()
    assert len(there.server.history) == loads
    assert_right(there, first)


def test_a_duty_ends_with_standby_for(tmp_path: Path) -> None:
    there, first, standby = pair(tmp_path)
    gone_over_by_hand(there, first, standby)
    there.changes[standby.id] = {"standby_for": first.id}
    assert_stays(there, first)


def test_a_duty_ends_with_following(tmp_path: Path) -> None:
    """Of the standby, or of any VPC beside the first one."""
    there, first, standby = pair(tmp_path)
    over(there, first, standby)
    first.answers, there.vpcs = True, [first]
    there.apply()
    there.apply()
    there.vpcs = [first, standby]
    assert_stays(there, first)


def test_a_duty_is_one_for_the_vpc_that_it_began_for(tmp_path: Path) -> None:
    there, first, standby = pair(tmp_path)
    over(there, first, standby)
    other = Vpc("vpc-0000000d", "10.4", OHIO)
    there.vpcs = [other, standby]
    there.changes[standby.id] = {"standby_for": other.id}
    there.apply()
    assert_right(there, other)


def test_a_duty_ends_where_a_person_took_the_names_from_the_standby(tmp_path: Path) -> None:
    there, first, standby = pair(tmp_path)
    over(there, first, standby)
    rollback([host for host in there.hosts() if host.settings.vpc == standby.id], to_none=True)
    first.answers = True
    there.apply()
    assert_right(there, first)
    standby.publish()
    report = there.apply()
    assert f"it stands by for {first.id}" in there.of(report, standby).summary
    assert_right(there, first)


def test_a_duty_that_the_former_release_wrote_goes_on(tmp_path: Path) -> None:
    there, first, standby = pair(tmp_path)
    over(there, first, standby)
    file = tmp_path / "state" / f"standby-{standby.id}.json"
    said = json.loads(file.read_text())
    assert said.pop("first") == first.id
    file.write_text(json.dumps(said))
    first.answers = True
    assert runs_until_back(there, first) == GOOD_LOOKS


def test_a_standby_that_is_withdrawn_while_it_serves_leaves_the_names_to_the_first(
    tmp_path: Path,
) -> None:
    there, first, standby = pair(tmp_path)
    over(there, first, standby)
    first.answers = True
    standby.publish(state="withdrawn")
    there.apply()
    assert_right(there, first)
    assert all(set(first.names) <= set(loaded) for loaded in there.server.history[1:])


@pytest.mark.parametrize("is_readable", [True, False])
def test_a_standby_that_is_withdrawn_gives_no_name_of_a_dead_first_vpc_to_the_internet(
    tmp_path: Path, is_readable: bool
) -> None:
    there, first, standby = pair(tmp_path)
    over(there, first, standby)
    standby.publish(state="withdrawn")
    first.is_readable = is_readable
    for _ in range(3):
        report = there.apply()
        assert there.of(report, standby).exit == Exit.DONE, report.lines()
        assert there.server.loaded == dict.fromkeys(first.names, tuple(first.resolver_ips))
    assert all(set(first.names) <= set(loaded) for loaded in there.server.history[1:])
    first.answers = first.is_readable = True
    assert there.apply().exit == Exit.DONE
    assert_right(there, first)


def test_a_name_that_a_standby_drops_stays_with_the_dead_first_vpc(tmp_path: Path) -> None:
    there, first, standby = pair(tmp_path)
    over(there, first, standby)
    standby.publish(services=("ecs",))
    for _ in range(3):
        report = there.apply()
        assert there.of(report, standby).exit == Exit.DONE, report.lines()
    ssm = f"ssm.{OHIO}.amazonaws.com"
    assert there.server.loaded[ssm] == tuple(first.resolver_ips)
    assert_right(there, standby)
    standby.publish(state="withdrawn")
    loads = len(there.server.history)
    for _ in range(3):
        there.apply()
        assert there.server.loaded == dict.fromkeys(first.names, tuple(first.resolver_ips))
    assert len(there.server.history) == loads + 1
    first.answers = True
    for _ in range(GOOD_LOOKS):
        there.apply()
    assert_right(there, first)


@pytest.mark.parametrize(
    ("forwarders", "expected"),
    [
        (("10.1.0.32",), ("10.1.0.32",)),
        (("10.9.0.32",), ("10.1.0.32", "10.1.1.32")),
        ((), ("10.1.0.32", "10.1.1.32")),
    ],
)
def test_what_a_vpc_gets_is_forwarded_as_its_other_zones_and_only_to_what_it_publishes(
    forwarders: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    """All alike, as what is remembered of a VPC has the same forwarders for all zones."""
    held = Forwarding(("ecs.example",) if forwarders else (), forwarders, "of now")
    seen = with_zones(held, ("ssm.example",), read_document(ohio().text), 53)
    assert seen.targets == dict.fromkeys((*held.zones, "ssm.example"), expected)


def test_names_of_a_vpc_that_never_answered_are_not_given_up_and_end_with_following_it(
    tmp_path: Path,
) -> None:
    first, standby = ohio(answers=False), rival()
    there = Site(tmp_path, [first, standby], {standby.id: {"standby_for": first.id}})
    there.apply()
    assert_right(there, standby)
    standby.publish(state="withdrawn")
    there.apply()
    assert set(there.server.loaded) == set(first.names)
    there.vpcs, there.changes = [standby], {}
    there.apply()
    assert there.server.loaded == {}


def test_what_a_vpc_gives_up_goes_to_no_document_that_the_pins_refuse_now(tmp_path: Path) -> None:
    there, first, standby = pair(tmp_path)
    over(there, first, standby)
    narrow(there, first)
    standby.publish(state="withdrawn")
    there.apply()
    assert there.server.loaded == {}


def test_a_standby_of_a_standby_serves_where_both_before_it_do_not_answer(tmp_path: Path) -> None:
    first, second, third = ohio(), rival(), Vpc("vpc-0000000d", "10.4", OHIO)
    changes = {second.id: {"standby_for": first.id}, third.id: {"standby_for": second.id}}
    there = site(tmp_path, first, second, third, changes=changes)
    first.answers = False
    there.apply()
    assert_right(there, second)
    second.answers = False
    report = there.apply()
    assert f"serves in the place of {second.id}" in there.of(report, third).summary
    assert_right(there, third)
    second.answers = True
    for _ in range(GOOD_LOOKS):
        there.apply()
    assert_right(there, second)
    first.answers = True
    for _ in range(2 * GOOD_LOOKS):  # the second one began to serve twice
        report = there.apply()
    assert_right(there, first)
    assert all("stands by for" in there.of(report, vpc).summary for vpc in (second, third))


# --- beside a third VPC


def with_third(folder: Path, first: Vpc, standby: Vpc, third: Vpc) -> Site:
    """The third comes after the first, and the standby after the third."""
    changes: dict[str, dict[str, Any]] = {
        standby.id: {"standby_for": first.id, "after": (third.id,)},
        third.id: {"after": (first.id,)},
    }
    there = site(folder, first, standby, third, changes=changes)
    check_order([there.settings_of(vpc) for vpc in there.vpcs])
    return there


def test_a_standby_that_comes_after_a_third_vpc_serves_all_the_same(tmp_path: Path) -> None:
    first, standby, third = ohio(), rival(), Vpc("vpc-0000000d", "10.4", OHIO)
    there = with_third(tmp_path, first, standby, third)
    over(there, first, standby)
    first.answers = True
    assert runs_until_back(there, first) == GOOD_LOOKS


def test_a_standby_leaves_to_a_third_vpc_what_the_first_does_not_claim(tmp_path: Path) -> None:
    third = Vpc("vpc-0000000d", "10.4", OHIO, services=("ecs", "s3"))
    first, standby = ohio(), rival(services=("ecs", "ssm", "s3"))
    there = with_third(tmp_path, first, standby, third)
    s3 = f"s3.{OHIO}.amazonaws.com"
    assert there.private(third) == {s3}
    first.answers = False
    there.apply()
    assert there.private(third) == {s3}
    assert there.private(standby) == {*standby.names} - {s3}


def test_a_standby_that_got_none_of_the_names_does_not_say_that_it_serves(tmp_path: Path) -> None:
    first, standby = ohio(services=("ecs",)), rival(services=("ssm",))
    there = site(tmp_path, first, standby, changes={standby.id: {"standby_for": first.id}})
    first.answers = False
    report = there.apply()
    assert f"it stands by for {first.id}" in there.of(report, standby).summary
    assert "serves in its place" not in there.of(report, first).summary


# --- the count itself


@given(st.lists(st.booleans(), max_size=60))
def test_it_is_never_enough_without_that_many_good_looks_in_a_row(looks: list[bool]) -> None:
    duty, now, row = gone_over(Duty(), NOW, FIRST), NOW, 0
    for is_fit in looks:
        now += STEP
        duty = after_look(duty, now, is_fit=is_fit)
        row = row + 1 if is_fit else 0
        assert duty.good == row


@given(st.integers(0, 40))
def test_it_waits_longer_each_time_and_never_for_ever(times: int) -> None:
    duty = Duty()
    needed = []
    for _ in range(times):
        duty = gone_over(gone_back(duty), NOW, FIRST)
        needed.append(looks_needed(duty, NOW))
    assert needed == sorted(needed)
    assert all(GOOD_LOOKS <= each <= MOST_LOOKS for each in needed)


@pytest.mark.parametrize("apart", [timedelta(days=-400), timedelta(hours=-1)])
def test_a_clock_that_was_set_back_does_not_stop_the_count(apart: timedelta) -> None:
    duty = after_look(gone_over(Duty(), NOW, FIRST), NOW, is_fit=True)
    assert after_look(duty, NOW + apart, is_fit=True).good == 2
