"""Kept records that are evidence: whoever may put objects into the bucket can write any file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectivity.domain.evidence import sha256_of
from connectivity.domain.ledger import Entry
from connectivity.domain.printable import printable

from ecs_anywhere import chain


class NotVouched(Exception):
    """Error: nobody vouches for a file; the message names it, and says why."""


class Vouched:
    """The records of one VPC, read from the newest to the oldest. A record is believed if the
    ledger's link names its bytes, if a record that is believed names them as the one before, or if
    it is as a record has to be and the stack's key has signed it."""

    def __init__(self, entry: Entry, key: chain.PublicKey | None, key_id: str = "") -> None:
        self._vpc_id, self._key = entry.vpc_id, key
        self._key_ids = [key_id] if key_id else []
        self._named = {entry.recorded.sha256} if entry.recorded else set()

    def content(self, file: chain.File) -> Mapping[str, Any]:
        """Return what the record in a file says. Raises NotVouched."""
        name = printable(file.name)
        try:
            record = chain.read(file)
        except chain.UnreadableRecord as why:
            raise NotVouched(f"{name} is no record: {why}") from why
        if record.vpc_id != self._vpc_id:
            raise NotVouched(f"{name} is a record of {record.vpc_id}")
        if sha256_of(file.data) not in self._named:
            self._require_signed(file, name)
        if record.previous:
            self._named.add(record.previous)
        return record.content

    def _require_signed(self, file: chain.File, name: str) -> None:
        if self._key is None:
            raise NotVouched(
                f"{name} is not what the ledger names, and the stack has no key that could have "
                "signed it"
            )
        for problem in chain.check([file], self._key, key_ids=self._key_ids).problems:
            raise NotVouched(f"{name} is {problem.kind}: {problem.what}")
