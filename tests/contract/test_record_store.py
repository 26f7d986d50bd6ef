"""The records' store: the same test bodies on the fake and on Amazon S3."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from connectivity.adapters.evidence import S3RecordStore
from connectivity.domain.errors import EvidenceNotKept
from connectivity.usecases.ports import RecordStore

from local.engine import EmbeddedAws
from tests.contract.callers import adapters_call
from tests.unit.usecases.fakes import FakeRecordStore

BUCKET = "records-of-a-test"
Read = Callable[[str], bytes]


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    with EmbeddedAws(gaps=("gateway", "bucket_policies")) as aws, adapters_call(aws.url):
        client = aws.client("s3")
        client.create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "us-east-2"}
        )
        yield client


@pytest.fixture(params=["fake", "s3"])
def store(request: pytest.FixtureRequest) -> tuple[RecordStore, Read]:
    """A store, and how what is in it is read."""
    if request.param == "fake":
        fake = FakeRecordStore()
        return fake, fake.all.__getitem__
    client = request.getfixturevalue("s3")
    return S3RecordStore(BUCKET), lambda key: client.get_object(Bucket=BUCKET, Key=key)[
        "Body"
    ].read()


def test_a_record_is_stored_to_the_byte(store: tuple[RecordStore, Read]) -> None:
    records, read = store
    records.store("records/vpc-1/1.json", b'{"a":1}')
    assert read("records/vpc-1/1.json") == b'{"a":1}'


def test_the_same_key_again_is_one_record(store: tuple[RecordStore, Read]) -> None:
    records, read = store
    records.store("records/vpc-1/2.json", b"first")
    records.store("records/vpc-1/2.json", b"second")
    assert read("records/vpc-1/2.json") == b"second"


def test_s3_is_told_the_checksum_and_keeps_it(s3: Any) -> None:
    """Amazon S3 compares it with what came; Object Lock takes nothing without one."""
    S3RecordStore(BUCKET).store("records/vpc-1/3.json", b"said")
    head = s3.head_object(Bucket=BUCKET, Key="records/vpc-1/3.json", ChecksumMode="ENABLED")
    assert base64.b64decode(head["ChecksumSHA256"]) == hashlib.sha256(b"said").digest()


def test_a_policy_of_the_bucket_is_decided_with_its_conditions(s3: Any) -> None:
    """The template's own denies what comes over plain HTTP, and records come over TLS."""
    resource = f"arn:aws:s3:::{BUCKET}/*"
    denial = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": resource}
    over_http = {**denial, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    try:
        s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Statement": [over_http]}))
        S3RecordStore(BUCKET).store("records/vpc-1/4.json", b"{}")
        s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Statement": [denial]}))
        with pytest.raises(EvidenceNotKept):
            S3RecordStore(BUCKET).store("records/vpc-1/5.json", b"{}")
    finally:
        s3.delete_bucket_policy(Bucket=BUCKET)


def test_a_bucket_that_is_gone_is_a_fact_that_says_the_same_every_time(s3: Any) -> None:
    said = set()
    for _ in range(2):
        with pytest.raises(EvidenceNotKept) as refused:
            S3RecordStore("nobody-s-bucket").store("records/vpc-1/1.json", b"{}")
        said.add(str(refused.value))
    assert said == {
        "Amazon S3 answers NoSuchBucket for the bucket nobody-s-bucket: it was deleted: deploy "
        "with EvidenceDays=0, then with the former value"
    }
