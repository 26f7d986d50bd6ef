"""The stack's public key, with which records are checked."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Sequence
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

_LONGEST = 4096


class UnreadableKey(Exception):
    """Error: the text or file is no public key; the message says what is needed."""


class EcPublicKey:
    """Public key on an elliptic curve, a `chain.PublicKey`."""

    def __init__(self, key: ec.EllipticCurvePublicKey) -> None:
        self._key = key

    def has_signed(self, digest: bytes, signature: bytes) -> bool:
        try:
            self._key.verify(signature, digest, ec.ECDSA(Prehashed(SHA256())))
        except InvalidSignature:
            return False
        return True


class AnyKey:
    """Several keys as one `chain.PublicKey`: any of them may have signed, as after a key was
    exchanged."""

    def __init__(self, keys: Sequence[EcPublicKey]) -> None:
        self._keys = keys

    def has_signed(self, digest: bytes, signature: bytes) -> bool:
        return any(key.has_signed(digest, signature) for key in self._keys)


def read_keys(given: Iterable[str]) -> AnyKey | None:
    """Return the keys that were given; None for none. Raises UnreadableKey."""
    keys = [read_key(each) for each in given if each]
    return AnyKey(keys) if keys else None


def read_key(given: str) -> EcPublicKey:
    """Return the key in a text, or in the file of that name: SubjectPublicKeyInfo in DER, in
    base64, as the stack's output PublicationPublicKey says it, or PEM. Raises UnreadableKey."""
    text = _text(given).strip()
    try:
        if text.startswith("-----"):
            key = load_pem_public_key(text.encode())
        else:
            key = load_der_public_key(b64decode(text, validate=True))
    except ValueError:
        key = None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise UnreadableKey(
            "--public-key is no public key: give the stack's output PublicationPublicKey, or the "
            "name of a file that holds it"
        )
    return EcPublicKey(key)


def _text(given: str) -> str:
    try:
        with Path(given).open(encoding="utf-8") as file:
            return file.read(_LONGEST)
    except (OSError, ValueError):
        return given
