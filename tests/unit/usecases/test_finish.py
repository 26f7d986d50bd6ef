"""Finish and report: the result is written once, a person is told once, no knock is lost."""

from __future__ import annotations

import json

import pytest
from connectivity.domain import tags
from connectivity.domain.errors import Unavailable
from connectivity.domain.status import Status
from connectivity.usecases.finish import finish, report_failure, tell
from connectivity.usecases.knock import knock

from tests.unit.example import VPC
from tests.unit.usecases.world import World

CONNECTED = Status("connected", "6 services (all) resolve")
CAUSE = json.dumps({"errorMessage": "subnet-a is full", "errorType": "QuotaReached"})


@pytest.fixture
def world() -> World:
    """With an execution at work on the VPC."""
    world = World()
    world.executions.running.add("me")
    world.ledger.take(world.ledger.knock(VPC.id), "me")
    return world


def end(world: World, status: Status | None = CONNECTED, execution: str = "me") -> bool:
    return finish(VPC.id, execution, status, world.vpcs, world.ledger, world.notifications)


def fail(world: World, error: str = "QuotaReached", cause: str = CAUSE) -> Status:
    return report_failure(VPC.id, error, cause, world.vpcs, world.ledger, world.notifications)


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
    assert world.entry.holder == "me"
    world.ledger.take(world.entry, "me")
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


BROKEN = "dns2 failed: port 53 is taken"


def with_a_broken_host(*others: str) -> Status:
    return Status("connected", "; ".join(["6 services", BROKEN, *others]), (BROKEN,))


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
    assert [told.rpartition(": dns2")[2] for told in world.notifications.sent][1:] == [
        " failed: port 53 is taken"
    ]


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
        tell(VPC.id, waiting, world.vpcs, world.ledger, world.notifications)
    assert world.vpcs.all[VPC.id].tags[tags.STATUS] == "waiting"
    assert world.weather.changes == ["tag vpc"]
    assert world.entry.holder == "me"
