"""Withdraw: tell on-premises to stop forwarding, before anything that it forwards to goes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from connectivity.domain import ledger as ledgers
from connectivity.domain import pacing, publication, status, tags
from connectivity.domain.errors import TagsRefused, UnknownVpc
from connectivity.domain.ledger import Entry
from connectivity.domain.pacing import Turn
from connectivity.domain.publication import Publication
from connectivity.usecases.acknowledgements import hear_acknowledgements
from connectivity.usecases.aws import Aws
from connectivity.usecases.issuing import issue
from connectivity.usecases.remove import check_wish
from connectivity.usecases.turns import take_turn


@dataclass(frozen=True)
class Withdrawn:
    """How on-premises is waited for."""

    drain_seconds: int = 0
    """At most; 0 where nothing was published."""
    acknowledging: bool = False
    """Whether some DNS host says what it does: then it is heard, else the time is let pass."""
    turn: Turn | None = None
    """While it has not come nothing was done yet."""
    turn_seconds: int = 0

    def as_json(self) -> dict[str, Any]:
        said = {
            "drainSeconds": self.drain_seconds,
            "acknowledging": self.acknowledging,
            "turnSeconds": self.turn_seconds,
            "late": self.turn_seconds > pacing.LONGEST_WAIT,
        }
        return said | (status.waiting(self.turn).as_json() if self.turn else {})


def withdraw(vpc_id: str, now: float, aws: Aws) -> Withdrawn:
    """Return how on-premises is waited for, once it was told; `now` is in seconds since the epoch.
    Before the VPC's turn nothing is done. Repeated, it writes nothing, unless somebody has changed
    the document since. Raises WishedAgain before anything is said, and SigningRefused.

    The turn is to turn private DNS off, and that follows the drain. All are drained alike, so who
    begins in turn comes to it in turn; and nobody is withdrawn long before they go.
    """
    check_wish(vpc_id, aws.vpcs)
    entry = aws.ledger.read(vpc_id)
    calls = entry.interface_endpoints
    turn = take_turn(entry, pacing.TURNING_OFF, calls, now, aws.ledger) if calls else None
    if turn is not None and turn.seconds(now):
        return Withdrawn(turn=turn, turn_seconds=turn.seconds(now))
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
    if before != document:
        aws.parameters.write(document_name, document)
    return Withdrawn(
        drain_seconds=settings.drain_seconds,
        acknowledging=hear_acknowledgements(vpc_id, aws.parameters, path).confirming,
    )
