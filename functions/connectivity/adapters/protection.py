"""The ledger's protection against deletion, through Amazon DynamoDB."""

from __future__ import annotations

from connectivity.adapters.aws import call, client


class DynamoDbProtection:
    """The port `Protection` on AWS."""

    def __init__(self, table: str) -> None:
        self._table = table

    def turn(self, *, on: bool) -> None:
        """Turn it on or off. Turning it to what it is already is no error for AWS, either."""
        update = client("dynamodb").update_table
        call(update, TableName=self._table, DeletionProtectionEnabled=on)
