"""Buckets of Amazon S3, made by the service's API: moto 5.2.5's own type keeps the encryption and
the tags, and drops all the rest.

Not kept: `OwnershipControls` beyond its rules, notifications, replication, logging and websites, of
which a template is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Properties = Mapping[str, Any]
KNOWN = frozenset(
    {
        "BucketEncryption",
        "BucketName",
        "LifecycleConfiguration",
        "ObjectLockConfiguration",
        "ObjectLockEnabled",
        "OwnershipControls",
        "PublicAccessBlockConfiguration",
        "Tags",
        "VersioningConfiguration",
    }
)

ACTIONS = frozenset(
    {
        "AbortIncompleteMultipartUpload",
        "ExpirationDate",
        "ExpirationInDays",
        "NoncurrentVersionExpiration",
        "NoncurrentVersionExpirationInDays",
        "NoncurrentVersionTransition",
        "NoncurrentVersionTransitions",
        "Transition",
        "Transitions",
    }
)
"""Actions, of which CloudFormation wants one in each lifecycle rule, though Amazon S3 does not
(reference of AWS::S3::Bucket Rule; aws-cloudformation/cloudformation-coverage-roadmap#132)."""


def create(s3: Any, name: str, properties: Properties) -> str:
    """Make the bucket, and return its name. Raises ValueError for a property that is not known."""
    if unknown := sorted(properties.keys() - KNOWN):
        raise ValueError(f"{', '.join(unknown)} of AWS::S3::Bucket is unknown (embedded AWS)")
    bucket = str(properties.get("BucketName", name))
    region = s3.meta.region_name
    place = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    locked = {"ObjectLockEnabledForBucket": True} if properties.get("ObjectLockEnabled") else {}
    s3.create_bucket(Bucket=bucket, **locked, **({} if region == "us-east-1" else place))
    for name_of, put in _PUT.items():
        if name_of in properties:
            put(s3, bucket, properties[name_of])
    return bucket


def update(s3: Any, bucket: str, before: Properties, after: Properties) -> None:
    """Change what differs, and take back what is no longer said. Raises ValueError for what cannot
    be changed in place here."""
    differing = {n for n in before.keys() | after.keys() if before.get(n) != after.get(n)}
    if fixed := sorted(differing - _PUT.keys() - {"Tags"}):
        raise ValueError(f"{', '.join(fixed)} of AWS::S3::Bucket is not updated (embedded AWS)")
    for name in sorted(differing & _PUT.keys()):
        if name in after:
            _PUT[name](s3, bucket, after[name])
        elif name in _TAKE_BACK:
            _TAKE_BACK[name](s3, bucket)


def delete(s3: Any, bucket: str, _properties: Properties) -> None:
    """Delete the bucket. Amazon S3 refuses one that holds anything, and so CloudFormation fails."""
    s3.delete_bucket(Bucket=bucket)


def _put_encryption(s3: Any, bucket: str, said: Properties) -> None:
    """Encrypt a bucket. CloudFormation's names are the API's but for the word before the
    default."""
    rules = [
        {
            {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}.get(k, k): v
            for k, v in rule.items()
        }
        for rule in said["ServerSideEncryptionConfiguration"]
    ]
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})


def _put_lifecycle(s3: Any, bucket: str, said: Properties) -> None:
    rules = [_rule(rule) for rule in said["Rules"]]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})


def _rule(rule: Properties) -> dict[str, Any]:
    """Return a rule of CloudFormation as the API has it. Raises ValueError for one that does none
    of what CloudFormation asks for."""
    if not ACTIONS & rule.keys():
        raise ValueError(f"at least one of {sorted(ACTIONS)} needs to be specified")
    expiration: dict[str, Any] = {}
    if "ExpirationInDays" in rule:
        expiration["Days"] = int(rule["ExpirationInDays"])
    if "ExpiredObjectDeleteMarker" in rule:
        expiration["ExpiredObjectDeleteMarker"] = rule["ExpiredObjectDeleteMarker"]
    return {
        "ID": rule["Id"],
        "Status": rule["Status"],
        "Filter": {"Prefix": rule.get("Prefix", "")},
        **({"Expiration": expiration} if expiration else {}),
        **(
            {"NoncurrentVersionExpiration": rule["NoncurrentVersionExpiration"]}
            if "NoncurrentVersionExpiration" in rule
            else {}
        ),
    }


def _put_lock(s3: Any, bucket: str, said: Properties) -> None:
    retention = dict(said["Rule"]["DefaultRetention"])
    retention |= {unit: int(retention[unit]) for unit in ("Days", "Years") if unit in retention}
    s3.put_object_lock_configuration(
        Bucket=bucket,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": retention},
        },
    )


_PUT: Mapping[str, Callable[[Any, str, Properties], object]] = {
    "VersioningConfiguration": lambda s3, bucket, said: s3.put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration=said
    ),
    "PublicAccessBlockConfiguration": lambda s3, bucket, said: s3.put_public_access_block(
        Bucket=bucket, PublicAccessBlockConfiguration=said
    ),
    "OwnershipControls": lambda s3, bucket, said: s3.put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls=said
    ),
    "BucketEncryption": _put_encryption,
    "LifecycleConfiguration": _put_lifecycle,
    "ObjectLockConfiguration": _put_lock,
}
"""Property -> the call that sets it, in the order in which they are made."""
_TAKE_BACK: Mapping[str, Callable[[Any, str], object]] = {
    "BucketEncryption": lambda s3, bucket: s3.delete_bucket_encryption(Bucket=bucket),
    "LifecycleConfiguration": lambda s3, bucket: s3.delete_bucket_lifecycle(Bucket=bucket),
    "PublicAccessBlockConfiguration": lambda s3, bucket: s3.delete_public_access_block(
        Bucket=bucket
    ),
}
"""Property -> the call that takes it back; of the others nothing is left to take back."""
