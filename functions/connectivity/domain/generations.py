"""Generations: which number the next document carries, whatever somebody else wrote meanwhile.

The rules of a DNS host, to which this keeps: it accepts a document with a generation above the
highest that it accepted, by at most `LONGEST_JUMP`; the same generation it accepts only with the
same content; it accepts any generation where it never accepted one. Whoever pinned the stack's
public key accepts only what the stack signed.
"""

from __future__ import annotations

from collections.abc import Sequence

from connectivity.domain.ledger import Entry
from connectivity.domain.publication import generation_of, is_issue

LONGEST_JUMP = 1000
HIGHEST_BELIEVED = 900_000_000
"""Generations of others above this are not believed, so that our own never come to the schema's
maximum: from here it is a hundred million documents of our own away."""


def highest_signed(entry: Entry, document: str) -> int:
    """Return the highest generation that a DNS host may have accepted, where it accepts only what
    is signed: the ledger's. What stands in the parameter counts only if the ledger knows nothing,
    because it was lost, or because this is the first publication."""
    known = entry.highest_generation
    return known or _believed(generation_of(document), HIGHEST_BELIEVED)


def highest_unsigned(entry: Entry, history: Sequence[str]) -> int:
    """Return the highest generation that a DNS host may have accepted, where it accepts what
    anybody writes. `history` are the parameter's values, oldest first: a host that looked at each
    of them accepted those that its rules allow."""
    highest = entry.highest_generation
    for document in _since_ours(entry, history):
        most = highest + LONGEST_JUMP if highest else HIGHEST_BELIEVED
        highest = max(highest, _believed(generation_of(document), most))
    return highest


def _since_ours(entry: Entry, history: Sequence[str]) -> Sequence[str]:
    """Return what was written after we wrote our last document, also where somebody has written
    the same again later; everything where it is not in the history."""
    for place, document in enumerate(history):
        if entry.issued is not None and is_issue(document, entry.issued):
            return history[place + 1 :]
    return history


def _believed(generation: int, most: int) -> int:
    """Return the generation, or 0 where it is beyond what is believed."""
    return generation if generation <= min(most, HIGHEST_BELIEVED) else 0
