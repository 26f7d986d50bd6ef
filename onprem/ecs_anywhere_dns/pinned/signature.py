"""The signature of a document, checked with the keys that this host pinned: it proves that the app
wrote the document.

The app signs with AWS KMS: ECDSA on P-256 over the SHA-256 of FIRST_LINE and the document without
its signature. The first line is what this signature is for, so that one that was made for another
purpose, or for another version of the contract, is none here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ecs_anywhere_dns.outcome import Refused
from ecs_anywhere_dns.pinned.keys import PublicKey

BY_APP = "the app's next sweep replaces what it did not sign"
FIRST_LINE = b"ecs-anywhere forwarding 1\n"


@dataclass(frozen=True)
class Signature:
    """The signature of a document, not yet checked."""

    key_id: str
    value: bytes
    """DER."""
    over: bytes
    """The bytes that were signed."""


def check_signature(signature: Signature | None, keys: Sequence[PublicKey]) -> None:
    """Check that one of `keys` made the signature. Raises Refused. A key that was pinned with its
    id is tried only for signatures that name this id."""
    if signature is None:
        raise Refused(
            "the publication is not signed, and this host takes only what its pinned key signed",
            "update the app's stack if it has no signing key yet (output PublicationKeyId); if it "
            "has one, find out who wrote this",
            BY_APP,
        )
    named = [key for key in keys if key.id in ("", signature.key_id)]
    if not named:
        raise Refused(
            f"the publication says that key {signature.key_id} signed it, and this host pinned "
            f"{'; '.join(key.label for key in keys)}",
            "if the stack has a new key, compare its outputs PublicationKeyId and "
            "PublicationPublicKey, then `ecs-anywhere-dns init --public-key … --key-id … "
            "--replace-key`; if it has not, find out who wrote this publication",
        )
    if not any(_made_by(key, signature) for key in named):
        raise Refused(
            "the signature of the publication is not that of the pinned key "
            f"({'; '.join(key.label for key in named)})",
            "find out who wrote it",
            BY_APP,
        )


def _made_by(key: PublicKey, signature: Signature) -> bool:
    """Return whether the key made the signature. The library is loaded only here: its import takes
    80 ms, a verification 0.2 ms."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        # Not `load_der_public_key`, whose import brings every other kind of key.
        loaded = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key.point)
        loaded.verify(signature.value, signature.over, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True
