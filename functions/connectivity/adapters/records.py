"""Records about a VPC, in its item of the ledger.

Answers of names, a refused deletion, what was removed, what was verified and what was not, a
withdrawal, endpoint policies, and who did not confirm.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from connectivity.adapters.ledger_items import decimal, places, set_policies
from connectivity.domain.ledger import PROBE, Entry
from connectivity.domain.model import Answered


class Records(ABC):
    """The part of the port `Ledger` that is about what was found out and what was done."""

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

    def record_removed(self, vpc_id: str, purposes: Iterable[str]) -> None:
        names = places(purposes)
        change = "REMOVE " + ", ".join(["removing", *(f"held.{place}" for place in names)])
        more = {"ExpressionAttributeNames": names} if names else {}
        self._update(vpc_id, change, {}, **more)

    def record_doubt(self, vpc_id: str, fingerprint: str, at: str, proven: Iterable[str]) -> None:
        self._update(
            vpc_id,
            "SET doubt = :fingerprint, doubted_at = :at, proven_endpoints = :proven",
            {":fingerprint": fingerprint, ":at": at, ":proven": sorted(proven)},
        )

    def record_verified(self, vpc_id: str, endpoint_ids: Iterable[str]) -> None:
        names = places([PROBE])
        gone = ", ".join(f"held.{place}" for place in names)
        self._update(
            vpc_id,
            f"SET proven_endpoints = :ids REMOVE doubt, doubted_at, {gone}",
            {":ids": sorted(endpoint_ids)},
            ExpressionAttributeNames=names,
        )

    def record_withdrawal(self, vpc_id: str, at: str, status: str, detail: str) -> None:
        self._update(
            vpc_id,
            "SET withdrawn_at = :at, #status = :status, detail = :detail",
            {":at": at, ":status": status, ":detail": detail},
            ExpressionAttributeNames={"#status": "status"},
        )

    def record_policies(self, vpc_id: str, policies: Mapping[str, str]) -> None:
        names, change, values = set_policies(policies)
        said = f"SET {change.removeprefix(', ')}"
        self._update(vpc_id, said, values, ExpressionAttributeNames=names)

    def record_unconfirmed(self, vpc_id: str, hosts: Sequence[str]) -> None:
        self._update(vpc_id, "SET unconfirmed = :hosts", {":hosts": list(hosts)})

    @abstractmethod
    def _update(
        self, vpc_id: str, expression: str, values: Mapping[str, Any], **more: Any
    ) -> dict[str, Any]: ...
