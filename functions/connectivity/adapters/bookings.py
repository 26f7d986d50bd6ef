"""Bookings of AWS's token buckets, in Amazon DynamoDB: one item per account, Region and bucket."""

from __future__ import annotations

from connectivity.adapters.ledger_items import decimal
from connectivity.adapters.table import Table
from connectivity.domain.pacing import Bucket, Turn, cost, granted


class Bookings:
    """The buckets of an account and Region, in the ledger's table."""

    def __init__(self, table: Table, prefix: str) -> None:
        self._table, self._prefix = table, prefix

    def reserve(self, bucket: Bucket, calls: int, now: float) -> Turn:
        """Book calls, and return the turn. A hundred at the same time wait for each other inside
        DynamoDB; nobody has to try again, as the condition is on the time and not on what somebody
        has read."""
        id_, returned = self._prefix + bucket.name, {"ReturnValues": "UPDATED_NEW"}
        spent = {":cost": decimal(cost(bucket, calls))}
        booked = self._table.update_if(
            "attribute_not_exists(booked_until) OR booked_until <= :now",
            id_,
            "SET booked_until = :now + :cost",
            spent | {":now": decimal(now)},
            **returned,
        ) or self._table.update(
            # It never goes back, so the condition holds no moment later either.
            id_,
            "SET booked_until = booked_until + :cost",
            spent,
            **returned,
        )
        return granted(bucket, calls, float(booked["booked_until"]), now)
