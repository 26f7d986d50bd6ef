"""AWS KMS as signing needs it: keys of a template, and Sign.

moto 5.2.5 makes every AWS::KMS::Key of a template a symmetric one and forgets it at once when it is
deleted, takes a digest for a message, and signs with a key that is disabled. AWS: API reference of
AWS KMS (Sign), and the template reference of AWS CloudFormation (AWS::KMS::Key).
"""

from __future__ import annotations

import base64
import json
from functools import partial
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from moto.core.exceptions import JsonRESTError
from moto.kms.exceptions import ValidationException
from moto.kms.models import Key, kms_backends
from moto.kms.responses import KmsResponse

if TYPE_CHECKING:
    from local.engine import EmbeddedAws

LARGEST_MESSAGE = 4096
"""Bytes of a message of type RAW."""
DIGEST_BYTES = 32
"""The length of a digest of the one algorithm that is known here, ECDSA_SHA_256."""
DEFAULT_WINDOW = 30
"""Days until a deleted key is gone, if the template does not say."""

_STOCK_GET_PUBLIC_KEY = KmsResponse.get_public_key


def install(_aws: EmbeddedAws) -> None:
    Key.create_from_cloudformation_json = partial(_create, Key)
    Key.delete = _schedule_deletion
    KmsResponse.sign = _sign
    KmsResponse.get_public_key = _get_public_key


def _create(_kind: Any, _name: str, resource: Any, account: str, region: str, **_: Any) -> Key:
    properties = resource["Properties"]
    backend = kms_backends[account][region]
    key = backend.create_key(
        policy=json.dumps(properties["KeyPolicy"], default=str),
        key_usage=properties.get("KeyUsage", "ENCRYPT_DECRYPT"),
        key_spec=properties.get("KeySpec", "SYMMETRIC_DEFAULT"),
        description=properties.get("Description"),
        tags=properties.get("Tags", []),
    )
    key.pending_window = int(properties.get("PendingWindowInDays", DEFAULT_WINDOW))
    return key


def _schedule_deletion(key: Any, account: str, region: str) -> None:
    """Delete a key as CloudFormation does."""
    kms_backends[account][region].schedule_key_deletion(key.id, key.pending_window)


def _sign(response: Any) -> str:
    """Answer Sign."""
    given = response._get_param("KeyId")
    response._validate_key_id(given)
    key = response.kms_backend.describe_key(response.kms_backend.any_id_to_key_id(given))
    algorithm = response._get_param("SigningAlgorithm")
    _refuse_unusable(key, algorithm)
    message = response._get_param("Message")
    digest = _digest(message, response._get_param("MessageType") or "RAW")
    signature = key.private_key.private_key.sign(digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
    return json.dumps(
        {
            "KeyId": key.arn,
            "Signature": base64.b64encode(signature).decode(),
            "SigningAlgorithm": algorithm,
        }
    )


def _get_public_key(response: Any) -> str:
    """Answer GetPublicKey, which names the key by its ARN."""
    answer = json.loads(_STOCK_GET_PUBLIC_KEY(response))
    key = response.kms_backend.describe_key(answer["KeyId"])
    _refuse_state(key)
    return json.dumps(answer | {"KeyId": key.arn, "KeySpec": key.key_spec})


def _refuse_unusable(key: Any, algorithm: str) -> None:
    _refuse_state(key)
    if key.key_usage != "SIGN_VERIFY":
        raise JsonRESTError(
            "InvalidKeyUsageException",
            f"{key.arn} key usage is {key.key_usage} which is not valid for Sign.",
        )
    if algorithm not in key.signing_algorithms or algorithm != "ECDSA_SHA_256":
        raise JsonRESTError(
            "InvalidKeyUsageException", f"{algorithm} is incompatible with {key.key_spec}."
        )


def _refuse_state(key: Any) -> None:
    if key.key_state == "PendingDeletion":
        raise JsonRESTError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    if not key.enabled:
        raise JsonRESTError("DisabledException", f"{key.arn} is disabled.")


def _digest(message: bytes, kind: str) -> bytes:
    if kind == "DIGEST":
        if len(message) != DIGEST_BYTES:
            raise ValidationException("Digest is invalid length for algorithm ECDSA_SHA_256.")
        return message
    if len(message) > LARGEST_MESSAGE:
        raise ValidationException(
            "1 validation error detected: Value at 'message' failed to satisfy constraint: Member "
            f"must have length less than or equal to {LARGEST_MESSAGE}"
        )
    hashed = hashes.Hash(hashes.SHA256())
    hashed.update(message)
    return hashed.finalize()
