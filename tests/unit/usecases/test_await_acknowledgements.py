"""Await acknowledgements: as soon as all have stopped forwarding, and never longer than agreed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from connectivity.domain import tags
from connectivity.domain.acknowledgement import MOST_HOSTS, MOST_LOOKED_AT
from connectivity.domain.errors import NotAcknowledgedYet, Unavailable, WishedAgain

from tests.unit.example import VPC
from tests.unit.usecases.world import ACKNOWLEDGEMENTS, DOCUMENT, SETTINGS, World, connected


@pytest.fixture
def world() -> World:
    """Withdrawn as generation 2, from dns1 and dns2, which had acknowledged the first."""
    world = connected()
    world.acknowledge("dns1", 1)
    world.acknowledge("dns2", 1)
    assert world.withdraw().acknowledging
    return world


def test_whoever_has_not_confirmed_is_waited_for_and_named(world: World) -> None:
    world.acknowledge("dns1", 2)
    with pytest.raises(NotAcknowledgedYet, match=r"generation 2 \(withdrawn\) .* by dns2$"):
        world.await_acknowledgements()


def test_it_goes_on_as_soon_as_all_have_confirmed(world: World) -> None:
    world.acknowledge("dns1", 2)
    world.acknowledge("dns2", 2, "degraded")
    assert world.await_acknowledgements() == 0
    assert world.entry.unconfirmed == ()


def test_a_host_that_failed_to_stop_is_waited_for(world: World) -> None:
    world.acknowledge("dns1", 2)
    world.acknowledge("dns2", 2, "failed")
    with pytest.raises(NotAcknowledgedYet, match="dns2"):
        world.await_acknowledgements()


@pytest.mark.parametrize("said", [(3, "withdrawn"), (2**53, "active"), (2, "active")])
def test_who_acknowledges_what_was_never_withdrawn_is_waited_for_and_named_as_unusable(
    world: World, said: tuple[int, str]
) -> None:
    generation, state = said
    world.acknowledge("dns1", 2)
    world.acknowledge("dns2", generation, state=state)
    unusable = rf"unusable acknowledgement of dns2 \(generation {generation} {state}\)"
    with pytest.raises(NotAcknowledgedYet, match=f"by dns2; {unusable}"):
        world.await_acknowledgements()
    world.clock.waited += SETTINGS.drain_seconds
    assert world.await_acknowledgements() == 1
    assert world.entry.unconfirmed == ("dns2",)


def test_the_drain_time_ends_it_and_the_ledger_knows_who_was_missing(world: World) -> None:
    world.acknowledge("dns1", 2)
    world.clock.waited += SETTINGS.drain_seconds
    assert world.await_acknowledgements() == 1
    assert world.entry.unconfirmed == ("dns2",)


def test_the_state_machine_s_own_count_ends_it_as_well(world: World) -> None:
    with pytest.raises(NotAcknowledgedYet):
        world.await_acknowledgements(SETTINGS.drain_seconds - 1)
    world.await_acknowledgements(SETTINGS.drain_seconds)
    assert world.entry.unconfirmed == ("dns1", "dns2")


def test_the_time_counts_from_the_withdrawal_and_not_from_a_repetition(world: World) -> None:
    world.clock.waited += SETTINGS.drain_seconds - 10
    world.withdraw()
    with pytest.raises(NotAcknowledgedYet):
        world.await_acknowledgements()
    world.clock.waited += 10
    world.withdraw()
    world.await_acknowledgements()


def test_a_withdrawal_that_is_written_long_after_it_was_issued_is_waited_for_from_then_on() -> None:
    """The execution died between the ledger and the parameter, and the next one came late."""
    world = connected()
    for host in ("dns1", "dns2"):
        world.acknowledge(host, 1)
    former = world.parameters.all[DOCUMENT]
    world.withdraw()
    world.parameters.all[DOCUMENT] = former
    world.clock.waited += 10 * SETTINGS.drain_seconds
    assert world.withdraw().acknowledging
    assert world.document["issuedAt"] < world.entry.withdrawn_at, "the same issue, to the byte"
    for _ in range(2):
        with pytest.raises(NotAcknowledgedYet):
            world.await_acknowledgements()
    world.clock.waited += SETTINGS.drain_seconds - 30
    world.withdraw()  # by another execution, which gives no time anew
    with pytest.raises(NotAcknowledgedYet):
        world.await_acknowledgements()
    world.clock.waited += 30
    assert world.await_acknowledgements() == 2


def test_a_withdrawal_of_a_former_version_is_waited_for_by_its_own_time(world: World) -> None:
    world.ledger.record_withdrawal(VPC.id, "", "removing", "")
    with pytest.raises(NotAcknowledgedYet):
        world.await_acknowledgements()
    world.clock.waited += SETTINGS.drain_seconds
    assert world.await_acknowledgements() == 2


def test_a_look_that_does_not_show_the_document_is_not_taken_for_its_removal(world: World) -> None:
    """AWS answers GetParametersByPath as well as it can."""
    world.parameters.unlisted = {DOCUMENT}
    with pytest.raises(NotAcknowledgedYet):
        world.await_acknowledgements()


def test_what_somebody_removed_nobody_can_confirm_and_it_is_not_waited_for(world: World) -> None:
    world.acknowledge("dns1", 2)
    del world.parameters.all[DOCUMENT]
    world.await_acknowledgements()
    assert world.entry.unconfirmed == ("dns2",)


def test_a_tag_put_back_ends_the_waiting_at_once(world: World) -> None:
    world.vpcs.all[VPC.id] = replace(VPC, tags={tags.WISH: "enabled"})
    with pytest.raises(WishedAgain):
        world.await_acknowledgements()


def test_a_host_that_acknowledges_only_now_is_removed_with_the_others(world: World) -> None:
    for host in ("dns1", "dns2", "dns3"):
        world.acknowledge(host, 2)
    world.disconnect()
    assert world.parameters.all == {}


def test_where_there_are_more_than_can_be_looked_at_the_drain_time_is_waited_for(
    world: World,
) -> None:
    """Whoever floods the folder hides no host behind the flood."""
    for number in range(MOST_LOOKED_AT):
        world.parameters.all[f"{ACKNOWLEDGEMENTS}/flood{number}"] = "x"
    for host in ("dns1", "dns2"):
        world.acknowledge(host, 2)
    with pytest.raises(NotAcknowledgedYet, match=r"is not yet confirmed by 1 hosts$"):
        world.await_acknowledgements()
    world.clock.waited += SETTINGS.drain_seconds
    world.await_acknowledgements()


def test_what_is_waited_for_is_named_in_a_line_of_bounded_length(world: World) -> None:
    for number in range(1300):
        world.acknowledge(f"{number}{'a' * 120}", 1)
    with pytest.raises(NotAcknowledgedYet, match=r"and 391 more$") as raised:
        world.await_acknowledgements()
    assert len(str(raised.value)) < 1600
    world.clock.waited += SETTINGS.drain_seconds
    world.await_acknowledgements()
    assert len(world.entry.unconfirmed) == MOST_HOSTS


def test_a_teardown_names_who_did_not_confirm_until_the_vpc_is_connected_again(
    world: World,
) -> None:
    world.acknowledge("dns1", 2)
    said = (
        "dns2 has not confirmed that it stopped forwarding: "
        "run `ecs-anywhere-dns rollback --to-none` there"
    )
    assert said in world.disconnect()
    assert world.parameters.all == {}
    world.probe.group = None
    assert said in world.disconnect(), "the next sweep, too"
    world.connect()
    assert said not in world.disconnect()


@pytest.mark.parametrize("lost", range(12))
def test_lost_answers_leave_no_acknowledgement_behind(lost: int) -> None:
    world = connected()
    world.acknowledge("dns1", 1)
    world.weather.lost = {lost}
    world.disconnect()
    assert world.parameters.all == {}
    assert world.entry.unconfirmed == ("dns1",)


def test_a_withdrawal_whose_answer_was_lost_is_not_written_twice() -> None:
    world = connected()
    world.weather.lost = {"write forwarding"}
    with pytest.raises(Unavailable):
        world.withdraw()
    said = world.document
    world.withdraw()
    assert world.document == said
    assert world.entry.generation == 2
