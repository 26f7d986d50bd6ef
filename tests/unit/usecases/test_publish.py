"""Publish: what on-premises reads, written only when it says something new."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from dataclasses import replace

import pytest
from connectivity.domain.errors import SigningRefused, Unavailable
from connectivity.domain.publication import canonical, is_intact
from connectivity.usecases.publish import Published
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from tests.unit.example import OPTIONS, WITH_ECR
from tests.unit.usecases.world import DOCUMENT, LIST, SIGNING_KEY, World, connected


def publish(world: World) -> Published:
    """What was verified last, once more."""
    desired = world.check().desired
    resolver = world.ensure_resolver(desired)
    verified = {
        "names": world.document["names"],
        "zones": world.document["zones"],
        "endpoint_ids": sorted(world.entry.verified_endpoints),
        "interfaces": world.entry.served.interfaces,
        "subnets": world.entry.served.subnets,
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


@pytest.mark.parametrize("signing_key", [SIGNING_KEY, ""], ids=["signed", "unsigned"])
def test_a_document_that_somebody_edited_is_restored_to_the_byte(signing_key: str) -> None:
    """No host has accepted the edited one: its checksum is wrong."""
    world = connected(signing_key=signing_key)
    ours = world.parameters.all[DOCUMENT]
    for edited in (json.dumps(world.document | {"zones": []}), "", "nonsense"):
        world.parameters.overwrite(DOCUMENT, edited)
        assert f"{DOCUMENT} was edited" in world.connect().detail
        assert world.parameters.all[DOCUMENT] == ours
    assert len(world.signatures.signed) == bool(signing_key)


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
    died = replace(entry, issued=world.issued)
    world.ledger.all[entry.vpc_id] = replace(died, held=world.entry.held)
    world.connect(OPTIONS)
    assert world.document["zones"] == json.loads(said)["zones"]
    assert world.document["generation"] == 3


@pytest.mark.parametrize("step", ["write forwarding", "write resolver-ips"])
def test_an_attempt_that_failed_is_repeated_with_the_same_text_and_no_second_signature(
    step: str,
) -> None:
    """Else a long bad weather would outrun what hosts accept: a thousand generations at once."""
    world = World()
    world.weather.refused = {step}
    world.connect()
    assert world.document["generation"] == world.entry.generation == 1
    assert len(world.signatures.signed) == 1


def test_what_is_published_is_signed_by_the_stack_s_key() -> None:
    world = connected()
    verify(world)
    world.connect(WITH_ECR)
    verify(world)
    world.withdraw()
    verify(world)
    assert len(world.signatures.signed) == 3


def verify(world: World) -> None:
    """As a DNS host does. Raises InvalidSignature."""
    document = world.document
    signature = document.pop("signature")
    assert (signature["algorithm"], signature["keyId"]) == ("ECDSA_SHA_256", SIGNING_KEY)
    message = b"ecs-anywhere forwarding 1\n" + canonical(document).encode()
    public_key = world.signatures.key.public_key()
    public_key.verify(b64decode(signature["value"]), message, ec.ECDSA(SHA256()))


def test_nothing_is_written_or_remembered_that_could_not_be_signed() -> None:
    world = connected()
    before, entry = dict(world.parameters.all), world.entry
    world.signatures.refusal = SigningRefused("the key is disabled")
    with pytest.raises(SigningRefused):
        world.withdraw()
    assert (world.parameters.all, world.entry.issued) == (before, entry.issued)
    world.signatures.refusal = None
    world.withdraw()
    assert world.document["state"] == "withdrawn"


@pytest.mark.parametrize("forge", [{"zones": ["bank.example"]}, {"generation": 10**9}], ids=str)
def test_a_forged_document_with_a_right_checksum_is_overwritten_with_ours(
    forge: dict[str, object],
) -> None:
    """Whoever pinned our key never believed it, so that nothing new has to be said."""
    world = connected()
    ours = world.parameters.all[DOCUMENT]
    world.parameters.overwrite(DOCUMENT, forged(world, **forge))
    assert not world.check().converged
    world.connect()
    assert world.parameters.all[DOCUMENT] == ours
    assert world.check().converged


def forged(world: World, **change: object) -> str:
    """The present document, changed, with the checksum that belongs to it."""
    document = {k: v for k, v in world.document.items() if k not in {"checksum", "signature"}}
    checksum = hashlib.sha256(canonical(document | change).encode()).hexdigest()
    return canonical(document | change | {"checksum": f"sha256:{checksum}"})


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
    assert said.endswith("generation 2; not yet confirmed by dns1")
