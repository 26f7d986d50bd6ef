"""What was heard of a VPC, in its item of the ledger: answers of names, and a refused deletion."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from connectivity.adapters.ledger_items import decimal
from connectivity.domain.ledger import Entry
from connectivity.domain.model import Answered


class Records(ABC):
    """The part of the port `Ledger` that is about what was heard."""

    def record_answers(self, entry: Entry, answers: Mapping[str, Answered]) -> None:
        self._update(
            entry.vpc_id,
            "SET answers = :answers, answered_at = :now, answered_in = :round",
            {
                ":answers": {name: asdict(said) for name, said in answers.items()},
                ":now": decimal(time.time()),
                ":round": entry.round,
            },
        )

    def record_deletion(self, vpc_id: str, line: str, at: float) -> None:
        values = {":line": line, ":at": decimal(at)}
        self._update(vpc_id, "SET deletion = :line, deletion_at = :at", values)

    @abstractmethod
    def _update(
        self, vpc_id: str, expression: str, values: Mapping[str, Any], **more: Any
    ) -> dict[str, Any]: ...
