"""The orphans that were seen and reported, in Amazon DynamoDB: one item per account and Region."""

from __future__ import annotations

from connectivity.adapters.table import Table
from connectivity.domain.orphans import Known


class RememberedOrphans:
    """The item of an account and Region, in the ledger's table."""

    def __init__(self, table: Table, id_: str) -> None:
        self._table, self._id = table, id_

    def read(self) -> Known:
        found = self._table.item(self._id)
        return Known(frozenset(found.get("seen", ())), frozenset(found.get("told", ())))

    def write(self, known: Known) -> None:
        """The names are placeholders because DynamoDB reserves some."""
        self._table.update(
            self._id,
            "SET #seen = :seen, #told = :told",
            {":seen": sorted(known.seen), ":told": sorted(known.told)},
            ExpressionAttributeNames={"#seen": "seen", "#told": "told"},
        )
