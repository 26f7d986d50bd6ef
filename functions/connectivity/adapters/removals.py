"""The VPCs that asked to be removed, in Amazon DynamoDB: one item per account and Region, with a
list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectivity.adapters.ledger_items import decimal
from connectivity.adapters.table import Table
from connectivity.domain.safety_valve import WITHIN, Asking

_MOST_OLD = 50
"""Entries that count no more and may stay on the list."""


class Removals:
    """The list of an account and Region, in the ledger's table."""

    def __init__(self, table: Table, id_: str) -> None:
        self._table, self._id = table, id_

    def ask(self, vpc_id: str, now: float) -> tuple[Asking, ...]:
        """Append a VPC, and return the whole list. DynamoDB appends one after another, so two that
        ask at the same time see the same order."""
        listed = self._table.update(
            self._id,
            "SET asking = list_append(if_not_exists(asking, :none), :mine)",
            {":none": [], ":mine": [{"vpc_id": vpc_id, "at": decimal(now)}]},
            ReturnValues="ALL_NEW",
        )["asking"]
        self._forget_old(listed, now)
        return tuple(Asking(each["vpc_id"], float(each["at"])) for each in listed)

    def _forget_old(self, listed: Sequence[Mapping[str, Any]], now: float) -> None:
        """Drop what counts no more. If somebody asks meanwhile, it is left to the next one."""
        recent = [each for each in listed if now - float(each["at"]) < WITHIN]
        if len(listed) - len(recent) > _MOST_OLD:
            self._table.update_if(
                "size(asking) = :length",
                self._id,
                "SET asking = :recent",
                {":length": len(listed), ":recent": recent},
            )
