"""Records, in Amazon S3.

What Amazon S3 refuses becomes a fact that names AWS's code alone: what stands in a status must not
change with the id of a request.
"""

from __future__ import annotations

from botocore.exceptions import ClientError

from connectivity.adapters.aws import brief_client, call
from connectivity.adapters.refusals import code_of
from connectivity.domain.errors import EvidenceNotKept

_CURES = {
    "AccessDenied": "a policy of the bucket, of its key or of the organization forbids it: compare "
    "it with the stack's template",
    "NoSuchBucket": "it was deleted: deploy with EvidenceDays=0, then with the former value",
}
"""AWS's error code -> what a person can do. AWS CloudFormation makes nothing anew that was deleted
by hand while its template stays the same."""


class S3RecordStore:
    """The port `RecordStore` on AWS."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    def store(self, key: str, data: bytes) -> None:
        """Store a record with its checksum: so Amazon S3 refuses bytes that were changed on their
        way, and Object Lock takes the record."""
        try:
            call(
                brief_client("s3").put_object,
                Bucket=self._bucket,
                Key=key,
                Body=data,
                ContentType="application/json",
                ChecksumAlgorithm="SHA256",
            )
        except ClientError as error:
            code = code_of(error)
            cure = _CURES.get(code, "the next run tries again")
            said = f"Amazon S3 answers {code} for the bucket {self._bucket}: {cure}"
            raise EvidenceNotKept(said) from error
