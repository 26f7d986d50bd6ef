"""Withdraw: tell on-premises to stop forwarding, before anything that it forwards to goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connectivity.domain import ledger as ledgers
from connectivity.domain import pacing, publication, status
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
    """When it is the VPC's turn; `now` is in seconds since the epoch. Repeated, it writes nothing,
    unless somebody has changed the document since. Raises WishedAgain before anything is said, and
    SigningRefused.

    The turn is to turn private DNS off, and that follows the drain. All are drained alike, so who
    begins in turn comes to it in turn; and nobody is withdrawn long before they go.
    """
    check_wish(vpc_id, aws.vpcs)
    entry = aws.ledger.read(vpc_id)
    calls = entry.interface_endpoints
    turn = take_turn(entry, pacing.TURNING_OFF, calls, now, aws.ledger) if calls else None
    if turn is not None and turn.seconds(now):
        return Withdrawn(turn=turn, turn_seconds=turn.seconds(now))
    if ledgers.PUBLICATION not in entry.held:
        return Withdrawn()
    return _withdraw(entry, aws)


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
