"""Counts of each hour, events and mails that were held back, in Amazon DynamoDB."""

from __future__ import annotations

import time

from connectivity.adapters.table import Table
from connectivity.domain.mails import Allowance

_KEPT_SECONDS = 2 * 3600


class CountedHours:
    """Items of an account and Region, in the ledger's table."""

    def __init__(self, table: Table, hours: str, mails: str) -> None:
        """`hours` is what the ids of the hours' items begin with, `mails` the id of the item that
        counts mails."""
        self._table, self._hours, self._mails = table, hours, mails

    def allow(self, allowance: Allowance, hour: str) -> bool:
        """Count as the port says. Each hour has an item of its own, which expires: nothing has to
        be set back."""
        counted = self._table.update_if(
            "attribute_not_exists(happened) OR happened < :most",
            f"{self._hours}{hour}#{allowance.name}",
            "SET expires_at = :soon ADD happened :one",
            {":most": allowance.most, ":one": 1, ":soon": int(time.time()) + _KEPT_SECONDS},
        )
        return counted is not None

    def hold_back(self) -> None:
        self._table.update(self._mails, "ADD held_back :one", {":one": 1})

    def take_held_back(self) -> int:
        before = self._table.update(self._mails, "REMOVE held_back", {}, ReturnValues="UPDATED_OLD")
        return int(before.get("held_back", 0))
