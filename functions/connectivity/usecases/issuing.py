"""Issue a publication: number it, date it, sign it, once for all attempts to write it."""

from __future__ import annotations

from connectivity.domain import generations, publication
from connectivity.domain.ledger import Entry
from connectivity.domain.publication import Issue, Publication, Signature
from connectivity.usecases.aws import Aws


def issue(said: Publication, entry: Entry, document: str, aws: Aws) -> Issue:
    """Return the issue of `said` that is to stand in Parameter Store, where `document` stands now,
    perhaps by somebody else. The issue that the ledger remembers is returned again where it says
    the same and DNS hosts would take it. Raises SigningRefused."""
    highest = _highest(entry, document, aws)
    if entry.issued is not None and _still_holds(entry.issued, said, highest, aws):
        return entry.issued
    generation, issued_at = highest + 1, aws.clock.now()
    signature = _signature(said.digest(generation, issued_at), aws)
    checksum = said.checksum(generation, issued_at)
    return Issue(generation, issued_at, said.fingerprint, signature, checksum)


def _highest(entry: Entry, document: str, aws: Aws) -> int:
    """Return the highest generation that a DNS host may have accepted."""
    if aws.settings.signing_key:
        return generations.highest_signed(entry, document)
    _, name = publication.parameter_names(aws.settings.parameter_path, entry.vpc_id)
    return generations.highest_unsigned(entry, aws.parameters.history(name))


def _still_holds(issued: Issue, said: Publication, highest: int, aws: Aws) -> bool:
    return (
        issued.fingerprint == said.fingerprint
        and issued.key_id == aws.settings.signing_key
        and issued.generation >= highest
    )


def _signature(digest: bytes, aws: Aws) -> Signature | None:
    """Return the signature of a digest; None where the stack does not sign."""
    key_id = aws.settings.signing_key
    return Signature.of(key_id, aws.signatures.sign(digest)) if key_id else None
