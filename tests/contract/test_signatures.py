"""The signing key's promises: the same test bodies on the fake and on AWS KMS."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from connectivity.adapters.signatures import KmsSignatures
from connectivity.domain.errors import SigningRefused, Throttled, Unavailable
from connectivity.usecases.ports import Signatures
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from local.engine import EmbeddedAws
from local.unkind.faults import Aim, Fault
from tests.contract.callers import adapters_call
from tests.unit.usecases.fakes import FakeSignatures

DIGEST = hashlib.sha256(b"said").digest()


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(gaps=("gateway", "signing_keys")) as aws, adapters_call(aws.url):
        yield aws


def make_key(aws: EmbeddedAws, **how: Any) -> str:
    how = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"} | how
    return str(aws.client("kms").create_key(**how)["KeyMetadata"]["KeyId"])


@pytest.fixture(params=["fake", "kms"])
def signatures(request: pytest.FixtureRequest) -> Signatures:
    if request.param == "fake":
        return FakeSignatures()
    return KmsSignatures(make_key(request.getfixturevalue("aws")))


def test_a_signature_of_a_digest_is_one_of_what_was_digested(signatures: Signatures) -> None:
    key = load_der_public_key(signatures.public_key())
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(signatures.sign(DIGEST), b"said", ec.ECDSA(SHA256()))
    key.verify(signatures.sign(DIGEST), DIGEST, ec.ECDSA(Prehashed(SHA256())))


def test_no_two_signatures_of_one_digest_are_the_same(signatures: Signatures) -> None:
    assert signatures.sign(DIGEST) != signatures.sign(DIGEST)


def disabled(aws: EmbeddedAws, key: str) -> None:
    aws.client("kms").disable_key(KeyId=key)


def scheduled_for_deletion(aws: EmbeddedAws, key: str) -> None:
    aws.client("kms").schedule_key_deletion(KeyId=key)


@pytest.mark.parametrize(
    ("spoil", "cure"),
    [
        (disabled, "is disabled. To mend it: aws kms enable-key --key-id {key}"),
        (scheduled_for_deletion, "aws kms cancel-key-deletion --key-id {key} and then"),
    ],
    ids=["disabled", "pending deletion"],
)
def test_a_key_that_cannot_sign_is_a_fact_with_the_command_that_mends_it(
    aws: EmbeddedAws, spoil: Callable[[EmbeddedAws, str], None], cure: str
) -> None:
    key = make_key(aws)
    spoil(aws, key)
    with pytest.raises(SigningRefused) as refused:
        KmsSignatures(key).sign(DIGEST)
    assert cure.format(key=key) in str(refused.value)
    with pytest.raises(SigningRefused):
        KmsSignatures(key).public_key()
    assert not KmsSignatures(key).is_usable()


def test_a_key_that_can_sign_is_usable(signatures: Signatures) -> None:
    assert signatures.is_usable()


def test_a_key_that_is_gone_or_of_another_kind_is_a_fact(aws: EmbeddedAws) -> None:
    with pytest.raises(SigningRefused, match="PublicationSigning=none"):
        KmsSignatures("00000000-0000-0000-0000-000000000000").sign(DIGEST)
    with pytest.raises(SigningRefused, match="the key was deleted"):
        KmsSignatures("00000000-0000-0000-0000-000000000000").is_usable()
    other = make_key(aws, KeySpec="SYMMETRIC_DEFAULT", KeyUsage="ENCRYPT_DECRYPT")
    with pytest.raises(SigningRefused, match="not the key that the stack made"):
        KmsSignatures(other).sign(DIGEST)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.THROTTLED, Throttled),
        (Fault.SERVER_ERROR, Unavailable),
        (Fault.DROPPED_REQUEST, Unavailable),
        (Fault.LOST_ANSWER, Unavailable),
    ],
)
def test_the_weather_over_aws_kms_is_waited_for(
    aws: EmbeddedAws, fault: Fault, error: type[Exception]
) -> None:
    signatures = KmsSignatures(make_key(aws))
    aws.weather.forget_aims()
    for nth in (1, 2, 3):  # as often as the SDK tries
        aws.weather.aim(Aim(fault, "kms:Sign", caller="stranger", nth=nth))
    with pytest.raises(error):
        signatures.sign(DIGEST)
    assert signatures.sign(DIGEST)
