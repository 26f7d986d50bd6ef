"""The app's key: AWS KMS's, as far as whoever has the public half can tell."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


class SigningKey:
    """A key pair on P-256 (or another curve), with an id as AWS KMS gives it."""

    def __init__(self, curve: ec.EllipticCurve | None = None) -> None:
        self.id = str(uuid4())
        self._pair = ec.generate_private_key(curve or ec.SECP256R1())

    @cached_property
    def public(self) -> str:
        """Base64 of SubjectPublicKeyInfo, the stack's output PublicationPublicKey."""
        return base64.b64encode(self.der).decode()

    @property
    def entry(self) -> str:
        """The entry in the configuration of a host."""
        return f"{self.public} {self.id}"

    @property
    def der(self) -> bytes:
        return self._public(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self._public(Encoding.PEM)

    def sign(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """The document with its signature; one that it has already is replaced."""
        unsigned = {key: value for key, value in content.items() if key != "signature"}
        canonical = json.dumps(unsigned, sort_keys=True, separators=(",", ":"))
        value = self._pair.sign(
            b"ecs-anywhere forwarding 1\n" + canonical.encode(), ec.ECDSA(SHA256())
        )
        signature = {
            "algorithm": "ECDSA_SHA_256",
            "keyId": self.id,
            "value": base64.b64encode(value).decode(),
        }
        return {**unsigned, "signature": signature}

    def _public(self, encoding: Encoding) -> bytes:
        return self._pair.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
