"""Withdraw: on-premises stops forwarding before anything goes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from connectivity.domain.errors import Unavailable, WishedAgain
from connectivity.domain.tags import STATUS, STATUS_DETAIL, WISH
from connectivity.usecases.withdraw import Withdrawn

from tests.unit.example import VPC
from tests.unit.usecases.world import DOCUMENT, SETTINGS, World, connected


def how(withdrawn: Withdrawn) -> tuple[int, bool]:
    """On-premises is waited for."""
    return withdrawn.drain_seconds, withdrawn.acknowledging


def test_onprem_is_told_whose_forwarding_ends_and_given_time() -> None:
    world = connected()
    before = world.document
    assert how(world.withdraw()) == (SETTINGS.drain_seconds, False)
    assert world.document["state"] == "withdrawn"
    assert world.document["zones"] == []
    assert world.document["resolverIps"] == before["resolverIps"]
    assert world.document["generation"] == 2


def test_withdrawing_again_changes_nothing() -> None:
    world = connected()
    world.withdraw()
    said = world.document
    world.weather.changes.clear()
    assert not world.withdraw().acknowledging
    assert world.weather.changes == []
    assert world.document == said


def test_who_removed_the_tag_sees_that_it_was_heard() -> None:
    world = connected()
    world.ledger.report(VPC.id, "connected", "as before", ["a host failed"])
    world.withdraw()
    written = world.vpcs.all[VPC.id].tags
    assert written[STATUS] == world.entry.status == "removing"
    assert "on-premises is told to stop" in written[STATUS_DETAIL]
    assert world.entry.told == {"a host failed"}


def test_a_vpc_whose_tags_are_refused_is_withdrawn_as_well() -> None:
    world = connected()
    world.vpcs.refused = "TagLimitExceeded"
    world.withdraw()
    assert world.document["state"] == "withdrawn"
    assert world.entry.status != "removing"


def test_where_nothing_was_published_nobody_is_waited_for() -> None:
    world = World()
    assert world.withdraw() == Withdrawn()
    assert world.parameters.all == {}


def test_a_connection_after_a_withdrawal_is_a_newer_publication() -> None:
    world = connected()
    world.withdraw()
    world.connect()
    assert world.document["state"] == "active"
    assert world.document["generation"] == 3
    assert world.check().converged


def test_hosts_that_acknowledged_are_heard() -> None:
    world = connected()
    world.acknowledge("dns1", 1)
    world.acknowledge("dns2", 1, schema=2)
    assert how(world.withdraw()) == (SETTINGS.drain_seconds, True)


def test_no_name_of_a_parameter_travels_through_the_workflow() -> None:
    world = connected()
    for number in range(300):
        world.acknowledge(f"dns{number}", 1)
    assert len(json.dumps(world.withdraw().as_json())) < 200


def test_what_nobody_can_read_is_nobody_to_wait_for() -> None:
    world = connected()
    world.acknowledge("dns1", 1, schema=2)
    assert not world.withdraw().acknowledging


def test_a_withdrawal_that_somebody_removed_is_written_again_to_the_byte() -> None:
    """With its time: the drain is not counted anew."""
    world = connected()
    world.withdraw()
    said = world.parameters.all.pop(DOCUMENT)
    world.withdraw()
    assert world.parameters.all[DOCUMENT] == said


def test_a_repetition_gives_only_what_is_left_of_the_time() -> None:
    world = connected()
    world.withdraw()
    world.clock.waited += 45
    assert 0 < world.withdraw().drain_seconds <= SETTINGS.drain_seconds - 45
    world.clock.waited += 45
    assert world.withdraw().drain_seconds == 0


@pytest.mark.parametrize("wish", ["enabled", "plan"])
def test_whose_tag_is_back_is_not_withdrawn(wish: str) -> None:
    world = connected()
    world.vpcs.all[VPC.id] = replace(VPC, tags={WISH: wish})
    world.ledger.knock(VPC.id)
    with pytest.raises(WishedAgain):
        world.withdraw()
    assert world.document["state"] == "active"


@pytest.mark.parametrize("stands", ["the former one", "nothing"])
def test_a_withdrawal_that_onprem_could_not_read_yet_gets_all_of_the_time(stands: str) -> None:
    """The execution died, or the hour went by, between the ledger and the parameter."""
    world = connected()
    former = world.parameters.all[DOCUMENT]
    world.withdraw()
    del world.parameters.all[DOCUMENT]
    if stands == "the former one":
        world.parameters.all[DOCUMENT] = former
    world.clock.waited += 3600
    assert world.withdraw().drain_seconds == SETTINGS.drain_seconds
    world.clock.waited += 20
    left = world.withdraw().drain_seconds
    assert SETTINGS.drain_seconds - 30 < left <= SETTINGS.drain_seconds - 20, "of that time"


def test_a_withdrawal_of_which_nobody_knows_since_when_it_stands_gets_all_of_the_time() -> None:
    """The execution died between the parameter and the ledger."""
    world = connected()
    world.withdraw()
    world.ledger.record_withdrawal(VPC.id, "", "connected", "as before")
    said = world.document
    world.clock.waited += 3600
    assert world.withdraw().drain_seconds == SETTINGS.drain_seconds
    assert world.document == said
    assert world.entry.withdrawn_at > said["issuedAt"]
    world.clock.waited += SETTINGS.drain_seconds
    assert world.withdraw().drain_seconds == 0, "from now on somebody does"


def test_who_dies_while_a_removed_withdrawal_is_written_again_leaves_no_time_of_the_first() -> None:
    world = connected()
    world.withdraw()
    del world.parameters.all[DOCUMENT]
    world.clock.waited += 3600
    world.weather.lost = {"write forwarding"}
    with pytest.raises(Unavailable):
        world.withdraw()
    assert world.entry.withdrawn_at == ""
    assert world.withdraw().drain_seconds == SETTINGS.drain_seconds
