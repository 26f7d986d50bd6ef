"""The documents that this host applied, read again at the beginning of a run.

A schema is not looked at twice for the same text: importing its library takes as long as all else
that a run does that finds nothing to do. `State.validated` holds which texts it was found to fit.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ecs_anywhere_dns.document import Document, fingerprint, read_document
from ecs_anywhere_dns.memory.records import Last
from ecs_anywhere_dns.outcome import Refused


@dataclass(frozen=True)
class Memory:
    """The documents that were applied of one VPC, read once at the beginning of a run."""

    last: Last
    document: Document | None = None
    """The document; None also where an older version of this tool applied one that this version
    cannot read."""
    known: Document | None = None
    """The last document that named addresses; None as `document`."""

    @classmethod
    def of(cls, last: Last, validated: Collection[str] = ()) -> Memory:
        """Return it. Of the texts whose fingerprints are in `validated` the schema is not asked."""
        document = _understood(last.document, validated)
        is_same = last.known == last.document
        return cls(last, document, document if is_same else _understood(last.known, validated))

    def read(self, text: str) -> Document:
        """Return the document that was published. Raises what `read_document` does."""
        for document in (self.document, self.known):
            if document is not None and document.text == text:
                return document
        return read_document(text)


def fingerprints(*documents: Document | None) -> frozenset[str]:
    """Return what `State.validated` keeps of documents that were read."""
    return frozenset(fingerprint(document.text) for document in documents if document)


def _understood(text: str, validated: Collection[str]) -> Document | None:
    try:
        return read_document(text, validated) if text else None
    except Refused:
        return None
