"""Describe the publication key: tell CloudFormation the public key, for the stack's outputs."""

from __future__ import annotations

from connectivity.domain import signing_key
from connectivity.domain.custom_resource import Answer, Request
from connectivity.usecases.ports import Signatures, Stacks


def describe_publication_key(
    request: Request, key_id: str, signatures: Signatures, stacks: Stacks
) -> Answer:
    """Answer CloudFormation, and return the answer. A deletion never fails."""
    answer = _answer(request, key_id, signatures)
    stacks.answer(request, answer)
    return answer


def _answer(request: Request, key_id: str, signatures: Signatures) -> Answer:
    if request.kind == "Delete":
        return signing_key.forgotten(request)
    try:
        return signing_key.described(key_id, signatures.public_key())
    except Exception as error:  # noqa: BLE001 (whatever it is, CloudFormation waits for an answer)
        return signing_key.undescribed(key_id, error)
