"""Keep the record of a round: sign it, store it, and return the link that the ledger remembers.

Nothing here fails a VPC's connection. What passes by itself the workflow tries again, a few times.
What could not be done is a line for a person, and the ledger names the record also where it could
not be stored: whoever checks the chain sees the gap.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from connectivity.domain import evidence
from connectivity.domain.errors import Fact, Throttled, Unavailable
from connectivity.domain.evidence import Outcome, Place, Ran, Record
from connectivity.domain.ledger import Entry, Link
from connectivity.domain.publication import Signature
from connectivity.usecases.ports import RecordStore, Signatures

logger = logging.getLogger(__name__)

TRIES = 4
"""The number of times that the workflow tries to keep a record while AWS throttles or does not
answer: with the intervals of its retries, half a minute to a minute."""


@dataclass(frozen=True)
class Archive:
    """The ports by which records are kept and signed."""

    place: Place
    records: RecordStore
    signatures: Signatures
    signing_key: str
    """Id of the key in AWS KMS; empty where nothing is signed."""
    is_last_try: bool = True
    """The last try: the run goes on without its record where AWS throttles or does not answer."""


@dataclass(frozen=True)
class Kept:
    """The result of keeping a record."""

    link: Link | None = None
    """The link of the chain; None where there was nothing to keep."""
    problem: str = ""
    """A line for a person; empty where the record is kept as it should be."""


def keep_record(
    archive: Archive | None, entry: Entry, ran: Ran, outcome: Outcome, now: float
) -> Kept:
    """Keep the record of the round that ends `now`, in seconds since the epoch, if it is to be kept
    and was not yet. Raises Throttled and Unavailable, but for the last try; nothing else."""
    if archive is None or not ran.is_to_be_kept(outcome.at) or evidence.is_recorded(entry):
        return Kept()
    record = evidence.record_of(archive.place, entry, ran, outcome, now)
    signature, unsigned = _sign(record, archive)
    text = record.text(signature)
    unstored = _store(evidence.key_of(entry), text, archive)
    problem = unstored or unsigned
    if problem:
        logger.warning("the record of %s is not kept as it should be: %s", entry.vpc_id, problem)
    return Kept(evidence.link_of(entry, text), evidence.not_kept(problem) if problem else "")


def _sign(record: Record, archive: Archive) -> tuple[Signature | None, str]:
    """Return the signature, or none and why."""
    if not archive.signing_key:
        return None, ""
    try:
        signed = archive.signatures.sign(record.digest(archive.signing_key))
    except Exception as why:  # noqa: BLE001 (whatever it is, the VPC is connected all the same)
        _try_again_after(why, archive)
        return None, f"it is not signed, {_said(why)}"
    return Signature.of(archive.signing_key, signed), ""


def _store(key: str, text: str, archive: Archive) -> str:
    """Store the record. Return why it could not be, empty if it was."""
    try:
        archive.records.store(key, text.encode())
    except Exception as why:  # noqa: BLE001 (whatever it is, the VPC is connected all the same)
        _try_again_after(why, archive)
        return f"it is not stored, {_said(why)}"
    return ""


def _try_again_after(why: Exception, archive: Archive) -> None:
    """Raise what passes by itself, so that the workflow tries again."""
    if isinstance(why, Throttled | Unavailable) and not archive.is_last_try:
        raise why


def _said(why: Exception) -> str:
    """Return what a person can read. Only a fact says the same every time."""
    return str(why) if isinstance(why, Fact) else type(why).__name__
