"""The answers of the custom resource that knows the public key of the stack's signing key.

AWS CloudFormation has no attribute for the public key of an AWS::KMS::Key.
"""

from __future__ import annotations

import base64

from connectivity.domain.custom_resource import Answer, Request, refused

PUBLIC_KEY = "PublicKey"
"""The attribute: SubjectPublicKeyInfo in DER, in base64, as DNS hosts pin it."""


def described(key_id: str, public_key: bytes) -> Answer:
    """Return the answer that holds the public key. Another key is another resource."""
    data = {PUBLIC_KEY: base64.b64encode(public_key).decode()}
    return Answer("SUCCESS", _physical_id(key_id), "described", data)


def undescribed(key_id: str, error: Exception) -> Answer:
    """Return the answer where the key could not be read: the deployment is rolled back."""
    return refused(
        _physical_id(key_id),
        f"The public key of {key_id} could not be read. Deploy again; if it stays so, look into "
        f"the log of DescribePublicationKeyFunction. {type(error).__name__}: {error}",
    )


def forgotten(request: Request) -> Answer:
    """Return the answer to a deletion: there is nothing to delete, and nothing to object to."""
    return Answer("SUCCESS", request.physical_id, "nothing to delete")


def _physical_id(key_id: str) -> str:
    return f"public-key/{key_id}"
