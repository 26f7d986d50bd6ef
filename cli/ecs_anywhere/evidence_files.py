"""Records of runs, read from a folder or from a bucket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from connectivity.domain.evidence import FOLDER

from ecs_anywhere.chain import File

BUCKET = "s3://"
_LARGEST = 4_000_001
"""Bytes that are read of a file: more than any record has."""

_ALONE = {
    "InvalidObjectState": "it is in an archive of Amazon S3: restore it, and check again",
    "NoSuchKey": "it was deleted, or has expired, while the others were read",
}
"""Error codes of Amazon S3 that concern one object and say nothing of the others."""


class NoRecords(Exception):
    """Error: there is no record to check; the message says where was looked."""


def in_folder(folder: Path) -> Iterator[File]:
    """Yield the files of a folder and of all below it that may be records, each read when its turn
    comes. Raises NoRecords."""
    if not folder.is_dir():
        raise NoRecords(f"{folder} is no folder: give one with records, or s3://BUCKET")
    paths = sorted(path for path in folder.rglob("*.json") if path.is_file())
    if not paths:
        raise NoRecords(f"there is no record in {folder}: records are files that end in .json")
    for path in paths:
        yield File(path.relative_to(folder.parent).as_posix(), _read(path))


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_LARGEST)


def in_bucket(place: str, s3: Any) -> Iterator[File]:
    """Yield the objects below `s3://BUCKET/PREFIX` that may be records, of all VPCs where there is
    no prefix, each read when its turn comes. Raises NoRecords."""
    bucket, _, prefix = place.removeprefix(BUCKET).partition("/")
    below, is_empty = prefix or f"{FOLDER}/", True
    for key in _keys(s3, bucket, below):
        is_empty = False
        yield _object(s3, bucket, key)
    if is_empty:
        raise NoRecords(f"there is no record below {below} in the bucket {bucket}")


def newest_first(place: str, s3: Any) -> Iterator[File]:
    """Yield the objects below `s3://BUCKET/PREFIX` that may be records, each read when its turn
    comes, that of the highest key first."""
    bucket, _, prefix = place.removeprefix(BUCKET).partition("/")
    for key in sorted(_keys(s3, bucket, prefix), reverse=True):
        yield _object(s3, bucket, key)


def _keys(s3: Any, bucket: str, prefix: str) -> Iterator[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for each in page.get("Contents", ()):
            if each["Key"].endswith(".json"):
                yield str(each["Key"])


def _object(s3: Any, bucket: str, key: str) -> File:
    """Return an object, or why it alone cannot be read. Raises botocore's ClientError."""
    try:
        return File(key, s3.get_object(Bucket=bucket, Key=key)["Body"].read(_LARGEST))
    except ClientError as error:
        problem = _ALONE.get(error.response["Error"]["Code"])
        if problem is None:
            raise
        return File(key, b"", problem)
