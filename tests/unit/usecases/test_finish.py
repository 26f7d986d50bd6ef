"""Finish and report: the result is written once, a person is told once, no knock is lost."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from connectivity.domain import tags
from connectivity.domain.errors import Unavailable, Waiting
from connectivity.domain.ledger import KEPT_SECONDS
from connectivity.domain.mails import (
    MOST_ABOUT_A_VPC,
    MOST_ABOUT_HOSTS,
    MOST_ABOUT_REQUESTS,
    MOST_ABOUT_TAGS,
    NO_VPC,
)
from connectivity.domain.status import Status
from connectivity.usecases.finish import Failure, finish, finish_failed, report_failure, tell
from connectivity.usecases.knock import knock

from tests.unit.example import VPC
from tests.unit.usecases.world import EXECUTION, World, connected

CONNECTED = Status("connected", "6 services (all) resolve")
CAUSE = json.dumps({"errorMessage": "subnet-a is full", "errorType": "QuotaReached"})


@pytest.fixture
def world() -> World:
    """With an execution at work on the VPC."""
    world = World()
    world.executions.running.add(EXECUTION)
    world.ledger.take(world.ledger.knock(VPC.id), EXECUTION)
    return world


def end(world: World, status: Status | None = CONNECTED, execution: str = EXECUTION) -> bool:
    return finish(VPC.id, status, replace(world.desk, execution=execution)).again


def fail(world: World, error: str = "QuotaReached", cause: str = CAUSE) -> Status:
    return report_failure(VPC.id, Failure(error, cause), world.desk, world.aws)


def test_the_result_is_written_on_the_vpc_and_the_hold_given_up(world: World) -> None:
    assert end(world) is False
    assert world.vpcs.all[VPC.id].tags == {
        tags.STATUS: "connected",
        tags.STATUS_DETAIL: "6 services all resolve",
    }
    assert world.entry.holder is None


def test_the_same_result_is_not_written_again(world: World) -> None:
    end(world)
    world.weather.changes.clear()
    end(world)
    assert world.weather.changes == []


def test_without_a_result_nothing_is_written(world: World) -> None:
    assert end(world, status=None) is False
    assert world.weather.changes == []
    assert world.entry.holder is None


def test_a_knock_during_the_run_sends_it_round_again(world: World) -> None:
    assert knock(VPC.id, "tag", world.ledger, world.executions) is None
    assert end(world) is True
    assert world.entry.holder == EXECUTION
    world.ledger.take(world.entry, EXECUTION)
    assert end(world) is False


def test_an_execution_that_was_taken_over_ends_without_touching_the_hold(world: World) -> None:
    world.ledger.take(world.entry, "other")
    assert end(world) is False
    assert world.entry.holder == "other"


def test_a_vpc_that_is_gone_has_no_tags_to_write(world: World) -> None:
    world.vpcs.all.clear()
    assert end(world) is False
    assert world.entry.holder is None


def test_a_failure_is_written_and_told_in_awss_own_words(world: World) -> None:
    status = fail(world)
    assert status == Status("failed", "subnet-a is full")
    assert world.vpcs.all[VPC.id].tags[tags.STATUS] == "failed"
    [told] = world.notifications.sent
    assert told.startswith(f"ECS Anywhere private connectivity: {VPC.id} failed\n")
    assert told.endswith("subnet-a is full")


def test_a_failure_is_told_once_and_not_again_while_it_stays_the_same(world: World) -> None:
    fail(world)
    fail(world)
    assert len(world.notifications.sent) == 1
    fail(world, cause="something else")
    assert len(world.notifications.sent) == 2


def test_a_request_id_and_a_counter_do_not_make_a_failure_new(world: World) -> None:
    for number in range(9):
        request = f"RequestId: 1937b408-0b0e-4c6f-9a6e-{number:012}"
        fail(world, "Runtime.ExitError", f"{request} {number} of 9 tries")
    assert len(world.notifications.sent) == 1
    assert "8 of 9" in world.entry.detail, "what is written is the newest"


def test_a_host_s_own_words_are_in_no_mail(world: World) -> None:
    end(world, with_a_broken_host(why="URGENT sign in at https:__evil.example_x"))
    for number in range(10):
        end(world, with_a_broken_host(why=f"{number} other words"))
    [told] = world.notifications.sent
    assert "evil" not in told
    assert "9 other words" in world.entry.detail


def test_there_are_at_most_twelve_mails_an_hour_about_a_vpc_and_the_rest_is_counted(
    world: World,
) -> None:
    causes = [f"subnet-{letter} is full" for letter in "abcdefghijklmnop"]
    for cause in causes:
        fail(world, cause=cause)
    assert len(world.notifications.sent) == MOST_ABOUT_A_VPC
    world.clock.waited += 3600
    fail(world, cause=causes[-1])
    assert "4 more mails were held back" in world.notifications.sent[-1]
    assert len(world.notifications.sent) == MOST_ABOUT_A_VPC + 1


def test_what_was_held_back_is_told_an_hour_later_also_where_nothing_has_changed(
    world: World,
) -> None:
    for letter in "abcdefghijklm":
        fail(world, cause=f"subnet-{letter} is full")
    fail(world, cause="subnet-m is full")
    assert not any("subnet-m" in told for told in world.notifications.sent)
    world.clock.waited += 3600
    fail(world, cause="subnet-m is full")
    fail(world, cause="subnet-m is full")
    assert sum("subnet-m" in told for told in world.notifications.sent) == 1


@pytest.mark.parametrize(
    "error", ["UnreadableOption", "PreconditionsNotMet", "VpcNotAllowed", "PublicationTooLarge"]
)
def test_tags_requests_and_hosts_cannot_use_up_the_mails_of_the_workflow(
    world: World, error: str
) -> None:
    for number in range(100):
        report_failure(f"vpc-2000{number:04x}", Failure(error, f"{number}!"), world.desk, world.aws)
        stranger = f"vpc-{number:08x}"
        unknown = Failure("UnknownVpc", f"no {stranger}", refused=True)
        report_failure(stranger, unknown, world.desk, world.aws)
        said = Status("connected", "6 services; dns1 failed: x", (f"dns{number} failed",))
        tell(f"vpc-1000{number:04x}", said, world.desk)
    told = MOST_ABOUT_TAGS + MOST_ABOUT_REQUESTS + MOST_ABOUT_HOSTS
    assert len(world.notifications.sent) == told
    fail(world)
    assert "subnet-a is full" in world.notifications.sent[-1]


def test_a_request_that_was_overtaken_is_told_and_changes_no_status(world: World) -> None:
    end(world)
    overtaken = Failure("RequestOvertaken", "send it again", refused=True)
    report_failure(VPC.id, overtaken, world.desk, world.aws)
    assert world.entry.status == "connected"
    assert "send it again" in world.notifications.sent[-1]


def test_a_request_that_was_put_off_is_told_and_changes_no_status(world: World) -> None:
    end(world)
    put_off = Failure("RequestPutOff", "the next sweep", refused=True)
    report_failure(VPC.id, put_off, world.desk, world.aws)
    assert world.entry.status == "connected"
    assert "the next sweep" in world.notifications.sent[-1]


def test_a_request_that_names_no_vpc_is_told_as_one_and_leaves_nothing(world: World) -> None:
    refused = Failure("UnreadableRequest", "request event: x", refused=True)
    report_failure(NO_VPC, refused, world.desk, world.aws)
    [told] = world.notifications.sent
    assert told.split("\n") == [
        "ECS Anywhere private connectivity: a request that names no VPC",
        "request event: x",
    ]
    assert NO_VPC not in world.ledger.all


def test_a_vpc_that_never_was_is_kept_for_a_day_and_one_that_was_for_longer_than_a_year(
    world: World,
) -> None:
    world.vpcs.all.clear()
    fail(world, "UnknownVpc")
    end(world, None)
    assert world.ledger.kept_seconds[VPC.id] == 24 * 3600
    world.ledger.record_resolver_ips(VPC.id, {"10.0.0.9": "subnet-a"})
    world.ledger.take(world.ledger.knock(VPC.id), EXECUTION)
    end(world, None)
    assert world.ledger.kept_seconds[VPC.id] == KEPT_SECONDS


def test_where_aws_refuses_the_status_tags_a_person_is_told_once_whatever_the_status(
    world: World,
) -> None:
    world.vpcs.refused = "The maximum number of Tags for a resource has been reached"
    end(world)
    end(world, Status("connected", "7 services"))
    end(world, None)
    [told] = world.notifications.sent
    assert f"{VPC.id} is connected, and AWS refuses the tags that say so" in told
    assert "maximum number of Tags" in told
    assert EXECUTION in told
    assert world.entry.status == "connected"
    world.vpcs.refused = ""
    end(world, Status("connected", "8 services"))
    world.vpcs.refused = "a tag policy"
    end(world)
    assert len(world.notifications.sent) == 2, "refused again after it was allowed"


def test_a_status_that_does_not_fit_says_in_which_execution_the_rest_is(world: World) -> None:
    end(world, Status("connected", "word " * 100))
    written = world.vpcs.all[VPC.id].tags[tags.STATUS_DETAIL]
    assert written.endswith("... more in execution 17-20261123T120000Z")
    assert len(written) <= tags.LONGEST_VALUE


def test_a_failure_that_comes_back_after_a_success_is_told_again(world: World) -> None:
    fail(world)
    end(world)
    fail(world)
    assert len(world.notifications.sent) == 2


@pytest.mark.parametrize("lost", ["notify", "tag vpc"])
def test_a_failure_whose_report_got_lost_is_not_lost(world: World, lost: str) -> None:
    world.weather.lost = {lost}
    with pytest.raises(Unavailable):
        fail(world)
    fail(world)
    assert world.notifications.sent
    assert world.entry.status == "failed"
    assert world.vpcs.all[VPC.id].tags[tags.STATUS] == "failed"


def test_a_failure_that_could_not_be_told_is_told_by_the_next_attempt(world: World) -> None:
    world.weather.refused = {"notify"}
    world.patiently(lambda: fail(world))
    assert len(world.notifications.sent) == 1


BROKEN = "dns2 failed"


def with_a_broken_host(*others: str, why: str = "port 53 is taken") -> Status:
    detail = "; ".join(["6 services", f"{BROKEN}: {why}", *others])
    return Status("connected", detail, (BROKEN,))


def test_a_dns_host_that_failed_reaches_a_person_once(world: World) -> None:
    end(world, with_a_broken_host())
    end(world, with_a_broken_host())
    end(world, with_a_broken_host("confirmed by dns1 (bind)"))
    [told] = world.notifications.sent
    assert told == f"ECS Anywhere private connectivity: a DNS host of {VPC.id}\n{VPC.id}: {BROKEN}"
    assert world.entry.detail.endswith("confirmed by dns1 (bind)")


def test_a_repair_reaches_a_person_once_also_beside_news_of_a_dns_host(world: World) -> None:
    line = "repaired: vpce-1 was gone: made anew"
    said = Status("connected", f"6 services; {BROKEN}; {line}", (BROKEN, line))
    end(world, said)
    end(world, said)
    [told] = world.notifications.sent
    subject, text = told.split("\n")
    assert subject == f"ECS Anywhere private connectivity: {VPC.id} was repaired"
    assert text == f"{VPC.id}: {BROKEN}; {line}"


def test_a_dns_host_that_fails_again_after_it_was_well_is_told_again(world: World) -> None:
    end(world, with_a_broken_host())
    end(world)
    end(world, with_a_broken_host())
    assert len(world.notifications.sent) == 2


def test_of_two_dns_hosts_only_the_new_one_is_told(world: World) -> None:
    """Also where one's words are the end of the other's."""
    other = f"my{BROKEN}"
    end(world, Status("connected", f"6 services; {other}", (other,)))
    end(world, Status("connected", f"6 services; {BROKEN}; {other}", (BROKEN, other)))
    assert world.notifications.sent[1].endswith(f"\n{VPC.id}: {BROKEN}")


@pytest.mark.parametrize("lost", ["notify", "tag vpc"])
def test_news_of_a_dns_host_that_got_lost_is_not_lost(world: World, lost: str) -> None:
    world.weather.lost = {lost}
    with pytest.raises(Unavailable):
        end(world, with_a_broken_host())
    end(world, with_a_broken_host())
    assert world.notifications.sent
    assert BROKEN in world.entry.detail


def test_a_status_can_be_told_while_the_run_goes_on(world: World) -> None:
    waiting = Status("waiting", "its turn is at noon")
    for _ in range(2):
        tell(VPC.id, waiting, world.desk)
    assert world.vpcs.all[VPC.id].tags[tags.STATUS] == "waiting"
    assert world.weather.changes == ["tag vpc"]
    assert world.entry.holder == EXECUTION


def stopped_after(steps: int) -> World:
    """A run that AWS refused in the middle: `steps` of what it makes are there."""
    world = World()
    desired = world.check().desired
    with suppress(Waiting):
        world.ensure_endpoints(desired)
    if steps == 2:
        with suppress(Waiting):
            world.ensure_resolver(desired)
    return world


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (1, "6 interface endpoints stand and cost about 88 USD a month until the tag is removed; "),
        (
            2,
            "6 interface endpoints and an inbound resolver stand and cost about 270 USD a month "
            "until the tag is removed; ",
        ),
    ],
)
def test_a_failure_that_leaves_something_says_so_first_and_what_it_costs(
    steps: int, said: str
) -> None:
    world = stopped_after(steps)
    status = fail(world)
    assert status.detail.startswith(said)
    assert status.detail.endswith("subnet-a is full")
    assert said.rstrip("; ") in world.notifications.sent[0]
    assert len(said) < 160, "there is room for the reason in the tag"


def test_what_was_announced_and_never_made_is_not_counted() -> None:
    world = World()
    world.ledger.hold(VPC.id, {f"endpoint/{n}": f"making:{n}" for n in "abc"})
    assert fail(world).detail == "subnet-a is full"


def test_a_failure_before_anything_was_made_speaks_for_itself() -> None:
    assert fail(World()).detail == "subnet-a is full"


def test_a_failure_on_a_connected_vpc_says_first_that_the_connection_stands() -> None:
    status = fail(connected())
    assert status.detail == (
        "the connection stands as it was published (generation 1); subnet-a is full"
    )


@pytest.mark.parametrize("error", ["Throttled", "Unavailable"])
def test_a_connected_vpc_that_could_not_be_looked_at_has_not_failed(error: str) -> None:
    """AWS was too busy to show it: nothing was to be done, or the next sweep does it."""
    world = connected()
    world.ledger.take(world.entry, EXECUTION)
    finished = finish_failed(VPC.id, Failure(error, "{}", "reading"), world.desk, world.aws)
    assert finished.as_json() == {"again": False, "failure": None}
    assert world.notifications.sent == []
    assert world.entry.holder is None


@pytest.mark.parametrize(("hours", "tells"), [(71, False), (73, True)])
def test_a_connected_vpc_that_no_sweep_can_look_at_for_three_days_reaches_a_person_once(
    hours: int, tells: bool
) -> None:
    world = connected()
    failure = Failure("Throttled", "{}", "reading")
    for later in range(2):
        world.ledger.take(world.entry, EXECUTION)
        desk = replace(world.desk, now=world.entry.verified_at + hours * 3600 + later)
        finished = finish_failed(VPC.id, failure, desk, world.aws)
        assert bool(finished.failed_with) == tells
    assert len(world.notifications.sent) == tells


def test_who_has_just_changed_a_tag_is_told_that_the_vpc_could_not_be_looked_at() -> None:
    world = connected()
    world.ledger.knock(VPC.id, {})
    world.ledger.take(world.entry, EXECUTION)
    failure = Failure("Throttled", "{}", "reading")
    assert finish_failed(VPC.id, failure, world.desk, world.aws).failed_with == "Throttled"
    assert len(world.notifications.sent) == 1


@pytest.mark.parametrize("at", ["connecting", "taking away"])
def test_a_connected_vpc_that_could_not_be_changed_has_failed(at: str) -> None:
    world = connected()
    world.ledger.take(world.entry, EXECUTION)
    finished = finish_failed(VPC.id, Failure("Throttled", "{}", at), world.desk, world.aws)
    assert finished.as_json()["failure"]["error"] == "Throttled"
    assert world.entry.holder is None


def test_a_vpc_that_could_not_be_looked_at_before_it_was_connected_has_failed(world: World) -> None:
    failure = Failure("Throttled", "{}", "reading")
    finished = finish_failed(VPC.id, failure, replace(world.desk, execution=EXECUTION), world.aws)
    assert finished.failed_with == "Throttled"
    assert len(world.notifications.sent) == 1


def test_an_execution_that_makes_a_vpc_ready_measures_the_time_since_it_began(
    world: World,
) -> None:
    begun = datetime.fromtimestamp(world.seconds - 95, UTC)
    execution = f"{EXECUTION}-{begun:%Y%m%dT%H%M%S}000Z"
    world.ledger.take(world.entry, execution)
    desk = replace(world.desk, execution=execution)
    ready = finish(VPC.id, CONNECTED, desk)
    assert [(m.name, m.value) for m in ready.measures] == [("TimeToReady", 95)]
    assert finish(VPC.id, CONNECTED, desk).measures == (), "it was ready before"


def test_a_verification_that_fails_is_measured(world: World) -> None:
    why = Failure("NotResolvingYet", CAUSE)
    finished = finish_failed(VPC.id, why, world.desk, world.aws)
    assert [m.name for m in finished.measures] == ["FailedVerifications"]
