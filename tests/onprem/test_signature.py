"""Only what a pinned key signed is believed: real keys, real signatures, real forgeries."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from ecs_anywhere_dns.document import Document, read_document
from ecs_anywhere_dns.outcome import BadUsage, Refused
from ecs_anywhere_dns.pinned.belief import check_believed
from ecs_anywhere_dns.pinned.keys import key_of, read_public_key
from hypothesis import given
from hypothesis import strategies as st

from tests.onprem.example import content, settings
from tests.onprem.lab.document import document as made
from tests.onprem.lab.forked import REPOSITORY
from tests.onprem.lab.signing import SigningKey

KEY, OTHER = SigningKey(), SigningKey()
SIGNED = made(content(), KEY)
SPKI = PublicFormat.SubjectPublicKeyInfo


def believed(text: str, *entries: str, **changes: Any) -> Document:
    document = read_document(text)
    keys = {"signature": "required", "public_keys": entries or (KEY.entry,)}
    check_believed(document, settings(**keys | changes))
    return document


def refusal(text: str, *entries: str) -> str:
    with pytest.raises(Refused) as caught:
        believed(text, *entries)
    assert caught.value.cure
    return caught.value.message


def with_signature(**changes: Any) -> str:
    signed = json.loads(SIGNED)
    return json.dumps(signed | {"signature": signed["signature"] | changes})


def test_what_the_pinned_key_signed_is_believed() -> None:
    assert believed(SIGNED).generation == 1
    assert believed(SIGNED, KEY.public).generation == 1, "a key without an id is tried for any"
    spaced = json.dumps(json.loads(SIGNED), indent=2)
    assert believed(spaced).generation == 1, "white space is not what was signed"


def test_what_nobody_signed_is_refused() -> None:
    unsigned = made(content())
    assert "is not signed" in refusal(unsigned)
    assert believed(unsigned, signature="none").generation == 1
    assert believed(SIGNED, signature="none", public_keys=()).generation == 1


def test_a_key_that_was_not_pinned_is_refused_and_named() -> None:
    said = refusal(made(content(), OTHER))
    assert OTHER.id in said
    assert key_of(KEY.entry).fingerprint in said


def test_the_id_has_to_be_the_pinned_one_too() -> None:
    assert "not pinned" not in refusal(SIGNED, f"{KEY.public} {OTHER.id}")
    assert KEY.id in refusal(SIGNED, f"{KEY.public} {OTHER.id}")


def test_another_key_under_the_pinned_id_is_refused() -> None:
    forger = SigningKey()
    forger.id = KEY.id
    assert "not that of the pinned key" in refusal(made(content(), forger))
    assert "not that of the pinned key" in refusal(made(content(), forger), KEY.public)


def test_while_keys_are_exchanged_both_are_believed() -> None:
    for key in (KEY, OTHER):
        assert believed(made(content(), key), KEY.entry, OTHER.entry).generation == 1
        assert believed(made(content(), key), KEY.public, OTHER.public).generation == 1


@given(st.sampled_from(sorted(content())), st.data())
def test_content_under_a_true_signature_cannot_be_changed(key: str, data: st.DataObject) -> None:
    """With its checksum made right."""
    changed = content() | {key: data.draw(st.sampled_from(CHANGES[key]))}
    forged = json.loads(made(changed)) | {"signature": json.loads(SIGNED)["signature"]}
    assert refusal(json.dumps(forged))


CHANGES: dict[str, list[Any]] = {
    "schema": [2],
    "generation": [2, 1000],
    "state": ["draining"],
    "account": ["666666666666"],
    "region": ["eu-west-1"],
    "vpcId": ["vpc-0000000000000000a"],
    "vpcCidrs": [["10.0.0.0/17"]],
    "resolverIps": [["10.0.0.33", "10.0.1.32"]],
    "mode": ["region"],
    "zones": [["ecs.us-east-2.amazonaws.com"]],
    "names": [{"ecs.us-east-2.amazonaws.com": ["10.0.0.1"]}],
    "issuedAt": ["2027-01-01T00:00:00Z"],
}


@pytest.mark.parametrize(
    "changes",
    [
        {"value": base64.b64encode(b"\x30\x06\x02\x01\x00\x02\x01\x00").decode()},
        {"value": base64.b64encode(b"no DER").decode()},
        {"value": base64.b64encode(bytes(72)).decode()},
        {"value": "AAA"},
        {"value": "A=="},
        {"value": ""},
        {"value": "A" * 5000},
        {"value": None},
        {"algorithm": "ECDSA_SHA_384"},
        {"algorithm": "none"},
        {"keyId": "alias/mine"},
        {"keyId": ""},
        {"more": "1"},
    ],
)
def test_whatever_stands_for_a_signature_is_refused(changes: dict[str, Any]) -> None:
    assert refusal(with_signature(**changes))


@pytest.mark.parametrize(
    "first", [b"", b"ecs-anywhere forwarding 2\n", b"ecs-anywhere forwarding 1"]
)
def test_a_signature_for_another_purpose_is_none_here(first: bytes) -> None:
    pair = ec.generate_private_key(ec.SECP256R1())
    entry = base64.b64encode(pair.public_key().public_bytes(Encoding.DER, SPKI)).decode()
    text = made(content())
    value = base64.b64encode(pair.sign(first + text.encode(), ec.ECDSA(SHA256()))).decode()
    signature = {"algorithm": "ECDSA_SHA_256", "keyId": KEY.id, "value": value}
    assert refusal(json.dumps(json.loads(text) | {"signature": signature}), entry)


def test_another_digest_is_refused() -> None:
    pair = ec.generate_private_key(ec.SECP256R1())
    entry = base64.b64encode(pair.public_key().public_bytes(Encoding.DER, SPKI)).decode()
    text = made(content())
    over = b"ecs-anywhere forwarding 1\n" + text.encode()
    value = base64.b64encode(pair.sign(over, ec.ECDSA(SHA384()))).decode()
    signature = {"algorithm": "ECDSA_SHA_256", "keyId": KEY.id, "value": value}
    assert refusal(json.dumps(json.loads(text) | {"signature": signature}), entry)


@pytest.mark.parametrize("form", ["base64", "base64 in lines", "pem", "der", "output in a file"])
def test_a_public_key_is_read_in_every_form_that_people_have(form: str, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes({"pem": KEY.pem, "der": KEY.der}.get(form, f"{KEY.public}\n".encode()))
    said = {"base64": KEY.public, "base64 in lines": f"{KEY.public[:64]}\n{KEY.public[64:]}\n"}
    read = read_public_key(said.get(form, str(file)), KEY.id)
    assert read.entry == KEY.entry
    assert key_of(read.entry) == read


def test_a_compressed_point_is_written_as_aws_has_it() -> None:
    """RFC 5480 knows both; one key has one fingerprint."""
    pair = ec.generate_private_key(ec.SECP256R1())
    plain = pair.public_key().public_bytes(Encoding.DER, SPKI)
    point = pair.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    compressed = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + point
    assert read_public_key(base64.b64encode(compressed).decode()).der == plain


def _private(kind: Any) -> bytes:
    pem: bytes = kind.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem


@pytest.mark.parametrize(
    ("material", "said"),
    [
        (SigningKey(ec.SECP384R1()).der, "secp384r1"),
        (SigningKey(ec.SECP256K1()).pem, "secp256k1"),
        (
            rsa.generate_private_key(65537, 2048).public_key().public_bytes(Encoding.PEM, SPKI),
            "RSA",
        ),
        (ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.DER, SPKI), "Ed2"),
        (_private(ec.generate_private_key(ec.SECP256R1())), "holds no public key"),
        (KEY.der[:-1], "holds no public key"),
        (KEY.der[:-64] + bytes(64), "holds no public key"),
        (b"", "holds no public key"),
        (b"nonsense", "no public key"),
    ],
    ids=[
        "another curve",
        "another curve of 256 bits",
        "RSA",
        "Ed25519",
        "a private key",
        "cut off",
        "no point of the curve",
        "empty",
        "no key",
    ],
)
def test_no_other_key_is_taken(material: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(material)
    with pytest.raises(BadUsage, match=said) as caught:
        read_public_key(str(file))
    assert "PublicationPublicKey" in caught.value.cure


@given(st.text(max_size=200))
def test_whatever_is_said_to_be_a_key_is_read_or_refused_with_a_cure(said: str) -> None:
    for read in (read_public_key, key_of):
        try:
            assert read(said).der
        except BadUsage as problem:
            assert problem.message and problem.cure


@pytest.mark.parametrize(
    "key_id",
    ["alias/x", "arn:aws:kms:us-east-2:1:key/x", " ", KEY.id.upper()],
    ids=["alias", "arn", "blank", "capitals"],
)
def test_an_id_of_another_form_is_refused(key_id: str) -> None:
    with pytest.raises(BadUsage, match="has the wrong form") as caught:
        read_public_key(KEY.public, key_id)
    assert "PublicationKeyId" in caught.value.cure


def test_the_fingerprint_is_that_of_openssl_and_sha256sum(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(KEY.pem)
    command = "openssl pkey -pubin -in key.pem -outform DER | sha256sum"
    ran = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert key_of(KEY.entry).fingerprint == f"sha256:{ran.stdout.split()[0]}"


def test_the_library_is_loaded_only_where_a_document_is_verified() -> None:
    """Its import takes longer than all that `status` does."""
    program = (
        "import sys\nfrom ecs_anywhere_dns.cli import parser\nparser()\n"
        f"from ecs_anywhere_dns.pinned.keys import key_of\nkey_of({KEY.entry!r}).label\n"
        "sys.exit('cryptography' in sys.modules)"
    )
    path = {"PYTHONPATH": str(REPOSITORY / "onprem")}
    assert subprocess.run([sys.executable, "-c", program], env=path, check=False).returncode == 0
