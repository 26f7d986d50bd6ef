"""Publish: what on-premises reads, written only when it says something new."""

from __future__ import annotations

import json

import pytest
from connectivity.domain.errors import Unavailable
from connectivity.domain.publication import is_intact
from connectivity.usecases.publish import Published

from tests.unit.example import OPTIONS, WITH_ECR
from tests.unit.usecases.world import DOCUMENT, LIST, World, connected


def publish(world: World) -> Published:
    """What was verified last, once more."""
    desired = world.check().desired
    resolver = world.ensure_resolver(desired)
    verified = {
        "names": world.document["names"],
        "zones": world.document["zones"],
        "endpoint_ids": sorted(world.entry.verified_endpoints),
    }
    return world.publish(desired, resolver, verified)


def test_people_and_scripts_read_the_ips_and_the_pick_up_tool_the_document() -> None:
    world = connected()
    assert world.parameters.all[LIST].split(",") == world.document["resolverIps"]
    assert is_intact(world.parameters.all[DOCUMENT])
    assert world.document["state"] == "active"
    assert "ecs-a.us-east-2.amazonaws.com" in world.document["zones"]


def test_saying_the_same_again_writes_nothing() -> None:
    world = connected()
    assert publish(world).changed is False
    assert world.weather.changes == []


def test_a_new_content_is_a_new_generation() -> None:
    world = connected(OPTIONS)
    world.connect(WITH_ECR)
    assert world.document["generation"] == world.entry.generation == 2


def test_a_document_that_somebody_edited_is_written_anew() -> None:
    world = connected()
    edited = world.document | {"zones": []}
    world.parameters.all[DOCUMENT] = json.dumps(edited)
    published = publish(world)
    assert published.changed
    assert is_intact(world.parameters.all[DOCUMENT])
    assert world.document["generation"] == 2


def test_a_list_that_somebody_edited_is_written_anew_and_is_no_new_generation() -> None:
    world = connected()
    world.parameters.all[LIST] = "1.2.3.4"
    publish(world)
    assert world.parameters.all[LIST].split(",") == world.document["resolverIps"]
    assert world.document["generation"] == 1


def test_a_lost_answer_does_not_give_two_contents_the_same_generation() -> None:
    """The document was written, its generation not written down: the next one is newer still."""
    world = connected(OPTIONS)
    world.weather.lost = {"write forwarding"}
    world.connect(WITH_ECR)
    assert world.document["generation"] == world.entry.generation == 2
    world.connect(OPTIONS)
    assert world.document["generation"] == world.entry.generation == 3


def test_a_document_that_was_written_by_a_run_that_died_is_older_than_the_next() -> None:
    world = connected(OPTIONS)
    said, entry = world.parameters.all[DOCUMENT], world.entry
    world.connect(WITH_ECR)
    world.ledger.publish(entry.vpc_id, entry.generation, entry.verified, entry.verified_endpoints)
    world.connect(OPTIONS)
    assert world.document["zones"] == json.loads(said)["zones"]
    assert world.document["generation"] == 3


def test_the_status_says_which_generation_onprem_reads() -> None:
    world = connected()
    status = publish(world).status
    assert status.state == "connected"
    assert "6 services resolve privately through 10.20.0." in status.detail
    assert "generation 1" in status.detail


def test_what_is_published_is_what_is_held() -> None:
    """A teardown removes what is held: so this is written down before the first parameter is."""
    world = World()
    world.weather.lost = {"write resolver-ips"}
    desired = world.check().desired
    resolver = world.patiently(lambda: world.ensure_resolver(desired))
    with pytest.raises(Unavailable):
        world.publish(desired, resolver, {"names": {}, "zones": (), "endpoint_ids": ()})
    assert world.entry.held["publication"] == DOCUMENT


def test_a_new_publication_is_not_yet_confirmed_by_who_confirmed_the_last() -> None:
    world = connected(OPTIONS)
    world.acknowledge("dns1", 1)
    assert publish(world).status.detail.endswith("generation 1; confirmed by dns1 (bind)")
    world.connect(WITH_ECR)
    said = world.check(WITH_ECR).status.detail
    assert "generation 2; not yet confirmed by dns1; warning" in said
