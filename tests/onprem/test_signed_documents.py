"""Both halves of the contract: what the app signs is what the tool believes, with the same rules of
generations."""

from __future__ import annotations

from base64 import b64encode

import pytest
from connectivity.domain import generations
from ecs_anywhere_dns.document import read_document
from ecs_anywhere_dns.following import acceptance
from ecs_anywhere_dns.outcome import Refused
from ecs_anywhere_dns.pinned.keys import read_public_key
from ecs_anywhere_dns.pinned.signature import check_signature

from tests.unit.usecases.fakes import FakeSignatures
from tests.unit.usecases.world import DOCUMENT, SIGNING_KEY, World, connected


def published(world: World) -> str:
    return world.parameters.all[DOCUMENT]


def pinned(signatures: FakeSignatures) -> str:
    """The stack's output."""
    return b64encode(signatures.public_key()).decode()


def test_what_the_app_publishes_and_withdraws_is_believed_with_the_key_of_its_output() -> None:
    world = connected()
    keys = [read_public_key(pinned(world.signatures), SIGNING_KEY)]
    check_signature(read_document(published(world)).signature, keys)
    world.withdraw()
    check_signature(read_document(published(world)).signature, keys)


def test_what_another_key_signed_or_none_is_refused() -> None:
    keys = [read_public_key(pinned(FakeSignatures()))]
    for world in (connected(), connected(signing_key="")):
        with pytest.raises(Refused):
            check_signature(read_document(published(world)).signature, keys)


def test_the_app_counts_by_the_rules_of_the_tool() -> None:
    assert generations.LONGEST_JUMP == acceptance.LARGEST_STEP
    assert generations.HIGHEST_BELIEVED == acceptance.LARGEST_UNSIGNED
