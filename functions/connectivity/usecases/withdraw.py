"""Withdraw: tell on-premises to stop forwarding, before anything that it forwards to goes."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectivity.domain import status, tags
from connectivity.domain.errors import TagsRefused, UnknownVpc
from connectivity.domain.ledger import Entry
from connectivity.domain.publication import Publication
from connectivity.domain.removal import plan_withdrawal
from connectivity.domain.removal_steps import Withdraw
from connectivity.usecases.acknowledgements import hear
from connectivity.usecases.aws import Aws
from connectivity.usecases.called_back import check_wish
from connectivity.usecases.issuing import issue


@dataclass(frozen=True)
class Withdrawn:
    """The way in which the teardown waits for on-premises."""

    drain_seconds: int = 0
    """The seconds that are left to wait; 0 where nothing was published."""
    acknowledging: bool = False
    """True where some DNS host acknowledges: then its acknowledgement is awaited, else the time."""

    def as_json(self) -> dict[str, Any]:
        return {"drainSeconds": self.drain_seconds, "acknowledging": self.acknowledging}


def withdraw(vpc_id: str, aws: Aws) -> Withdrawn:
    """Return how on-premises is waited for, once it was told. Repeated, it writes nothing, unless
    somebody has changed the document since. The time is counted from the moment in which the
    withdrawal that stands was written. Raises WishedAgain before anything is said, and
    SigningRefused.

    The tag was read a moment ago. It is read again where somebody has knocked since: that is how a
    tag which is put back makes itself heard; the steps that change something look again anyhow.
    """
    entry = aws.ledger.read(vpc_id)
    if entry.was_knocked_on:
        check_wish(entry, aws.vpcs)
    steps = plan_withdrawal(aws.ownership(entry), aws.settings.parameter_path)
    if not steps:
        _record(entry, entry.withdrawn_at, aws)
        return Withdrawn()
    return _withdraw(steps[0], entry, aws)


def _withdraw(step: Withdraw, entry: Entry, aws: Aws) -> Withdrawn:
    said = Publication(
        account=aws.settings.account,
        region=aws.settings.region,
        vpc_id=entry.vpc_id,
        vpc_cidrs=(),
        resolver_ips=tuple(entry.resolver_ips),
        names={},
        zones=(),
        state="withdrawn",
    )
    before, heard = hear(entry.vpc_id, aws.parameters, aws.settings.parameter_path)
    issued = issue(said, entry, before, aws)
    document = said.document(issued)
    stands = before == document
    if issued != entry.issued or (entry.withdrawn_at and not stands):
        # Before the document is written, and without a time: whoever dies in between leaves a
        # withdrawal of which nobody knows since when it stands.
        aws.ledger.publish(entry.vpc_id, issued, ())
    if not stands:
        aws.parameters.write(step.parameter, document)
    now = aws.clock.now()
    since = entry.withdrawn_at if stands and entry.withdrawn_at else now
    _record(entry, since, aws)
    left = _left_of(aws.settings.drain_seconds, since, now)
    return Withdrawn(drain_seconds=left, acknowledging=heard.confirming)


def _record(entry: Entry, withdrawn_at: str, aws: Aws) -> None:
    """Write down since when the withdrawal stands, and on the VPC that it is being torn down: until
    it is, minutes or an hour pass, and who removed the tag sees that it was heard. What a person
    was told stays told."""
    shown = _show(entry, aws)
    if (withdrawn_at, shown) != (entry.withdrawn_at, (entry.status, entry.detail)):
        aws.ledger.record_withdrawal(entry.vpc_id, withdrawn_at, *shown)


def _show(entry: Entry, aws: Aws) -> tuple[str, str]:
    """Return the status and the detail that the VPC shows. A VPC that is gone has no tags; that AWS
    refuses them is told at the end."""
    going, shown = status.removing(), (entry.status, entry.detail)
    if shown != (going.state, going.detail):
        detail = tags.as_tag_value(going.detail)
        with suppress(TagsRefused, UnknownVpc):
            written = {tags.STATUS: going.state, tags.STATUS_DETAIL: detail}
            aws.vpcs.set_tags(entry.vpc_id, written)
            return going.state, going.detail
    return shown


def _left_of(seconds: int, since: str, now: str) -> int:
    """Return how many of the seconds are left; both moments are in ISO 8601 UTC."""
    gone = (datetime.fromisoformat(now) - datetime.fromisoformat(since)).total_seconds()
    return min(seconds, max(0, math.ceil(seconds - gone)))
