"""Signatures, through AWS KMS: the private key never leaves it.

Errors of Sign, GetPublicKey and DescribeKey: AWS KMS API reference. What lasts until somebody
changes the key is a fact with its cure; throttles and failures of AWS KMS are `aws.call`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from connectivity.adapters.aws import call, client
from connectivity.adapters.refusals import code_of, message_of
from connectivity.domain.errors import SigningRefused
from connectivity.domain.publication import ALGORITHM

_NEW_KEY = (
    "deploy the stack with PublicationSigning=none, then with kms, which makes a new key, and pin "
    "its public key on every DNS host"
)
_CURES = {
    "DisabledException": "aws kms enable-key --key-id {key}",
    "KMSInvalidStateException": "if its deletion is scheduled, aws kms cancel-key-deletion "
    "--key-id {key} and then aws kms enable-key --key-id {key}",
    "NotFoundException": f"the key was deleted: {_NEW_KEY}",
    "AccessDeniedException": "the key's policy or a policy of the organization forbids it: compare "
    "the key's policy with the stack's template, and put that back with aws kms put-key-policy "
    "--key-id {key} --policy-name default --policy file://POLICY.json",
    "InvalidKeyUsageException": f"it is not the key that the stack made: {_NEW_KEY}",
}
"""AWS's error code -> what a person can do. AWS CloudFormation mends nothing that was changed or
deleted by hand while its template stays the same."""


class KmsSignatures:
    """The port `Signatures` on AWS."""

    def __init__(self, key_id: str, client: Callable[[str], Any] = client) -> None:
        self._key_id = key_id
        self._client = client

    def sign(self, digest: bytes) -> bytes:
        try:
            answer = call(
                self._client("kms").sign,
                KeyId=self._key_id,
                Message=digest,
                MessageType="DIGEST",
                SigningAlgorithm=ALGORITHM,
            )
        except ClientError as error:
            raise self._explained(error) from error
        signature: bytes = answer["Signature"]
        return signature

    def public_key(self) -> bytes:
        try:
            answer = call(self._client("kms").get_public_key, KeyId=self._key_id)
        except ClientError as error:
            raise self._explained(error) from error
        public_key: bytes = answer["PublicKey"]
        return public_key

    def is_usable(self) -> bool:
        try:
            answer = call(client("kms").describe_key, KeyId=self._key_id)
        except ClientError as error:
            raise self._explained(error) from error
        return bool(answer["KeyMetadata"]["KeyState"] == "Enabled")

    def _explained(self, error: ClientError) -> Exception:
        cure = _CURES.get(code_of(error))
        if cure is None:
            return error
        reason = (message_of(error) or code_of(error)).rstrip(".")
        return SigningRefused(
            f"AWS KMS refuses {error.operation_name} with the key {self._key_id}: {reason}. "
            f"To mend it: {cure.format(key=self._key_id)}"
        )
