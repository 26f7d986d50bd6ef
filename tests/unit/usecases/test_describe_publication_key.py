"""Describe the publication key: the stack's output, by which DNS hosts pin it."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace

import pytest
from connectivity.domain.custom_resource import LONGEST_REASON, Answer, Request
from connectivity.domain.errors import SigningRefused
from connectivity.usecases.describe_publication_key import describe_publication_key

from tests.unit.usecases.fakes import FakeSignatures, FakeStacks

CREATED = Request("Create", "https://example.com", "arn:stack", "unique", "Described", "")
KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"


def answered(request: Request, signatures: FakeSignatures, key: str = KEY) -> Answer:
    stacks = FakeStacks()
    answer = describe_publication_key(request, key, signatures, stacks)
    assert stacks.answers == [(request, answer)]
    return answer


def test_cloudformation_is_told_the_public_key() -> None:
    signatures = FakeSignatures()
    answer = answered(CREATED, signatures)
    assert answer.status == "SUCCESS"
    assert b64decode(answer.data["PublicKey"]) == signatures.public_key()


def test_the_same_key_is_the_same_resource_and_another_key_another() -> None:
    made = answered(CREATED, FakeSignatures()).physical_id
    updated = replace(CREATED, kind="Update", physical_id=made)
    assert answered(updated, FakeSignatures()).physical_id == made
    assert answered(updated, FakeSignatures(), "another").physical_id != made


@pytest.mark.parametrize("kind", ["Create", "Update"])
@pytest.mark.parametrize("error", [SigningRefused("it is disabled"), ValueError("ü\n" * 3000)])
def test_a_key_that_cannot_be_read_is_an_answer_too(kind: str, error: Exception) -> None:
    answer = answered(replace(CREATED, kind=kind), FakeSignatures(refusal=error))
    assert (answer.status, bool(answer.physical_id)) == ("FAILED", True)
    assert len(answer.reason) <= LONGEST_REASON
    assert answer.reason.startswith(f"The public key of {KEY} could not be read. Deploy again")


def test_a_deletion_is_never_in_anybody_s_way() -> None:
    """Also of a resource that never came to be, and while the key cannot be read."""
    refusing = FakeSignatures(refusal=RuntimeError())
    for physical_id in ("public-key/1", "stack-Described-1ABC"):
        deleted = replace(CREATED, kind="Delete", physical_id=physical_id)
        answer = answered(deleted, refusing)
        assert (answer.status, answer.physical_id) == ("SUCCESS", physical_id)
