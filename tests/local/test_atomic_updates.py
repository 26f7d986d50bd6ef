"""Many at once write one item of a DynamoDB table, and read it: each write is whole, and so is
each answer."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.config import Config

from local.engine import EmbeddedAws

WRITERS, WRITES = 4, 12
KEY = {"id": {"S": "one"}}


def write(table: Any, writer: int) -> None:
    """Add attributes to the item and take each away again, and read it in between."""
    for number in range(WRITES):
        name = {"#n": f"of{writer}x{number}"}
        said = {"TableName": "items", "Key": KEY, "ExpressionAttributeNames": name}
        table.update_item(
            **said,
            UpdateExpression="SET #n = :x ADD written :one",
            ExpressionAttributeValues={":x": {"S": "x" * 50}, ":one": {"N": "1"}},
        )
        table.get_item(TableName="items", Key=KEY)
        table.scan(TableName="items")
        if number % 2:
            table.update_item(**said, UpdateExpression="REMOVE #n")


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads that take turns every few microseconds, as many processors would have it."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty")
def test_no_answer_shows_half_of_a_write_and_no_write_is_lost() -> None:
    with EmbeddedAws(gaps=("atomic_updates",)) as aws:
        table = boto3.client(
            "dynamodb",
            endpoint_url=aws.url,
            region_name=aws.settings.region,
            aws_access_key_id="any",
            aws_secret_access_key="any",
            config=Config(retries={"max_attempts": 0}),
        )
        table.create_table(
            TableName="items",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        with ThreadPoolExecutor(WRITERS) as threads:
            for done in [threads.submit(write, table, number) for number in range(WRITERS)]:
                done.result()
        item = table.get_item(TableName="items", Key=KEY)["Item"]
    assert item["written"] == {"N": str(WRITERS * WRITES)}
    assert len([name for name in item if name.startswith("of")]) == WRITERS * WRITES // 2
