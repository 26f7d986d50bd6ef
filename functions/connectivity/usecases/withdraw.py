"""Withdraw: tell on-premises to stop forwarding, before anything that it forwards to goes."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectivity.domain import ledger as ledgers
from connectivity.domain import publication, status, tags
from connectivity.domain.errors import TagsRefused, UnknownVpc
from connectivity.domain.ledger import Entry
from connectivity.domain.publication import Publication
from connectivity.usecases.acknowledgements import hear_acknowledgements
from connectivity.usecases.aws import Aws
from connectivity.usecases.issuing import issue
from connectivity.usecases.remove import check_wish


@dataclass(frozen=True)
class Withdrawn:
    """How on-premises is waited for."""

    drain_seconds: int = 0
    """What is left of the time for it; 0 where nothing was published."""
    acknowledging: bool = False
    """Whether some DNS host says what it does: then it is heard, else the time is let pass."""

    def as_json(self) -> dict[str, Any]:
        return {"drainSeconds": self.drain_seconds, "acknowledging": self.acknowledging}


def withdraw(vpc_id: str, aws: Aws) -> Withdrawn:
    """Return how on-premises is waited for, once it was told. Repeated, it writes nothing, unless
    somebody has changed the document since. The time is counted from the withdrawal that stands;
    on-premises gets all of it anew where none stood, because nobody there may have read one.
    Raises WishedAgain before anything is said, and SigningRefused."""
    check_wish(vpc_id, aws.vpcs)
    entry = aws.ledger.read(vpc_id)
    withdrawn = _withdraw(entry, aws) if ledgers.PUBLICATION in entry.held else Withdrawn()
    _show(entry, aws)
    return withdrawn


def _show(entry: Entry, aws: Aws) -> None:
    """Write on the VPC that it is being torn down: until it is, minutes or an hour pass, and who
    removed the tag sees that it was heard. What a person was told stays told."""
    going = status.removing()
    if (entry.status, entry.detail) == (going.state, going.detail):
        return
    detail = tags.as_tag_value(going.detail)
    # A VPC that is gone has no tags; that AWS refuses them is told at the end.
    with suppress(TagsRefused, UnknownVpc):
        aws.vpcs.set_tags(entry.vpc_id, {tags.STATUS: going.state, tags.STATUS_DETAIL: detail})
        aws.ledger.report(entry.vpc_id, going.state, going.detail, entry.told)


def _withdraw(entry: Entry, aws: Aws) -> Withdrawn:
    vpc_id, settings = entry.vpc_id, aws.settings
    path = settings.parameter_path
    said = Publication(
        account=settings.account,
        region=settings.region,
        vpc_id=vpc_id,
        vpc_cidrs=(),
        resolver_ips=tuple(entry.resolver_ips),
        names={},
        zones=(),
        state="withdrawn",
    )
    _, document_name = publication.parameter_names(path, vpc_id)
    before = aws.parameters.read([document_name]).get(document_name, "")
    issued = issue(said, entry, before, aws)
    document = said.document(issued)
    if issued != entry.issued:
        aws.ledger.publish(vpc_id, issued, ())
    left = settings.drain_seconds
    if before == document:
        left = _left_of(left, issued.issued_at, aws.clock.now())
    else:
        aws.parameters.write(document_name, document)
    return Withdrawn(
        drain_seconds=left,
        acknowledging=hear_acknowledgements(vpc_id, aws.parameters, path).confirming,
    )


def _left_of(seconds: int, since: str, now: str) -> int:
    """Return how many of the seconds are left; both moments are in ISO 8601 UTC."""
    gone = (datetime.fromisoformat(now) - datetime.fromisoformat(since)).total_seconds()
    return min(seconds, max(0, math.ceil(seconds - gone)))
