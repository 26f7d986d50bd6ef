"""The public keys of the app, as `init` pins them: read, named by a fingerprint, written down."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ecs_anywhere_dns.outcome import BadUsage, reason_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

P256_PREFIX = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
"""The beginning of every SubjectPublicKeyInfo of a key on P-256 whose point is not compressed:
RFC 5480, section 2. AWS KMS answers GetPublicKey in this form."""
UNCOMPRESSED = b"\x04"
"""The last byte of P256_PREFIX, and the first one of such a point."""
P256_LENGTH = len(P256_PREFIX) + 64
"""Bytes: two coordinates of 32 follow the prefix."""
KEY_ID = re.compile(r"mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""The form of a key id of AWS KMS, as in the schema of the document."""
LARGEST_FILE = 10_000
"""Bytes. A key on P-256 takes 178 in PEM."""
WHAT_IT_IS = (
    "give the stack's output PublicationPublicKey (base64), or a file with that key in PEM or DER"
)


@dataclass(frozen=True)
class PublicKey:
    """A public key on the curve P-256."""

    der: bytes
    """SubjectPublicKeyInfo."""
    id: str = ""
    """The key's id in AWS KMS; empty where nobody said."""

    @property
    def point(self) -> bytes:
        """Return the point on the curve, not compressed (SEC 1, 2.3.3): the end of `der`, whose
        beginning is P256_PREFIX."""
        return self.der[len(P256_PREFIX) - len(UNCOMPRESSED) :]

    @property
    def fingerprint(self) -> str:
        """Return SHA-256 over the DER form, as `openssl pkey -pubin -outform DER | sha256sum` has
        it."""
        return "sha256:" + hashlib.sha256(self.der).hexdigest()

    @property
    def entry(self) -> str:
        """Return the entry in the configuration: base64, and the id where there is one."""
        return f"{base64.b64encode(self.der).decode()} {self.id}".rstrip()

    @property
    def label(self) -> str:
        return f"{self.id or 'without an id'}, fingerprint {self.fingerprint}"


def key_of(entry: str) -> PublicKey:
    """Read an entry of `public_keys`. Raises BadUsage. Does not load the cryptography library,
    so whether the point lies on the curve is seen at the first document."""
    text, _, key_id = entry.partition(" ")
    der = _decoded(text)
    if der is None or len(der) != P256_LENGTH or not der.startswith(P256_PREFIX):
        raise BadUsage(
            f"public_keys: {entry[:60]!r} is no public key on the curve P-256",
            "`ecs-anywhere-dns init --public-key …` writes it",
        )
    return PublicKey(der, _checked_id(key_id) if key_id else "")


def read_public_key(said: str, key_id: str = "") -> PublicKey:
    """Read what a person gives: base64 of the DER form, or a file with PEM or DER. Raises
    BadUsage."""
    decoded = _decoded("".join(said.split()))
    content = _content(Path(said)) if decoded is None or Path(said).is_file() else decoded
    return PublicKey(_p256(content, said), _checked_id(key_id) if key_id else "")


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _checked_id(key_id: str) -> str:
    if not KEY_ID.fullmatch(key_id):
        raise BadUsage(
            f"key id {key_id[:80]!r} has the wrong form",
            "give the stack's output PublicationKeyId: the id alone, not the key's ARN or alias",
        )
    return key_id


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST_FILE)
    except (OSError, ValueError) as error:
        raise BadUsage(
            f"public key {str(file)[:80]!r} is neither base64 nor a file: {reason_of(error)}",
            WHAT_IT_IS,
        ) from None
    # A file may hold the stack's output as it is, too.
    return _decoded("".join(content.decode("ascii", "replace").split())) or content


def _p256(content: bytes, said: str) -> bytes:
    """Return the key in DER form, its point on the curve and not compressed. Raises BadUsage."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = _loaded(content)
    if key is None:
        raise BadUsage(f"{said[:80]!r} holds no public key", WHAT_IT_IS)
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        kind = getattr(getattr(key, "curve", None), "name", type(key).__name__)
        raise BadUsage(
            f"{said[:80]!r} is a key of another kind ({kind}), and the app signs with one on P-256",
            WHAT_IT_IS,
        )
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _loaded(content: bytes) -> PublicKeyTypes | None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import (
        load_der_public_key,
        load_pem_public_key,
    )

    load = (
        load_pem_public_key if content.lstrip().startswith(b"-----BEGIN") else load_der_public_key
    )
    try:
        return load(content)
    except (ValueError, UnsupportedAlgorithm):
        return None
