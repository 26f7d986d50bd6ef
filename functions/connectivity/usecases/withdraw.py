"""Withdraw: tell on-premises to stop forwarding, before anything that it forwards to goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connectivity.domain import ledger as ledgers
from connectivity.domain import pacing, publication, status
from connectivity.domain.acknowledgement import acknowledgement_names, read_acknowledgements
from connectivity.domain.ledger import Entry
from connectivity.domain.pacing import Turn
from connectivity.domain.publication import Publication
from connectivity.usecases.ports import Clock, Ledger, Parameters, Vpcs
from connectivity.usecases.remove import check_wish
from connectivity.usecases.settings import Settings
from connectivity.usecases.turns import take_turn


@dataclass(frozen=True)
class Withdrawn:
    """How on-premises is waited for."""

    drain_seconds: int = 0
    """At most; 0 where nothing was published."""
    acknowledging: bool = False
    """Whether some DNS host says what it does: then it is heard, else the time is let pass."""
    acknowledgements: tuple[str, ...] = ()
    """Names of their parameters, readable or not: they go with the publication."""
    turn: Turn | None = None
    """While it has not come nothing was done yet."""
    turn_seconds: int = 0

    def as_json(self) -> dict[str, Any]:
        said = {
            "drainSeconds": self.drain_seconds,
            "acknowledging": self.acknowledging,
            "acknowledgements": list(self.acknowledgements),
            "turnSeconds": self.turn_seconds,
            "late": self.turn_seconds > pacing.LONGEST_WAIT,
        }
        return said | (status.waiting(self.turn).as_json() if self.turn else {})


def withdraw(
    vpc_id: str,
    now: float,
    vpcs: Vpcs,
    parameters: Parameters,
    ledger: Ledger,
    clock: Clock,
    settings: Settings,
) -> Withdrawn:
    """When it is the VPC's turn; `now` is in seconds since the epoch. Repeated, it writes nothing,
    unless somebody has changed the document since. Raises WishedAgain before anything is said.

    The turn is to turn private DNS off, and that follows the drain. All are drained alike, so who
    begins in turn comes to it in turn; and nobody is withdrawn long before they go.
    """
    check_wish(vpc_id, vpcs)
    entry = ledger.read(vpc_id)
    calls = entry.interface_endpoints
    turn = take_turn(entry, pacing.TURNING_OFF, calls, now, ledger) if calls else None
    if turn is not None and turn.seconds(now):
        return Withdrawn(turn=turn, turn_seconds=turn.seconds(now))
    if ledgers.PUBLICATION not in entry.held:
        return Withdrawn()
    return _withdraw(entry, parameters, ledger, clock, settings)


def _withdraw(
    entry: Entry, parameters: Parameters, ledger: Ledger, clock: Clock, settings: Settings
) -> Withdrawn:
    vpc_id, path = entry.vpc_id, settings.parameter_path
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
    there = parameters.below(publication.folder(path, vpc_id))
    _, document_name = publication.parameter_names(path, vpc_id)
    document = there.get(document_name, "")
    stands = publication.states(document, said)
    generation = publication.generation_of(document)
    if not stands:
        generation = max(entry.generation, generation) + 1
        parameters.write(document_name, said.document(generation, clock.now()))
    if not stands or entry.verified != said.fingerprint:
        ledger.publish(vpc_id, generation, said.fingerprint, ())
    return Withdrawn(
        drain_seconds=settings.drain_seconds,
        acknowledging=bool(read_acknowledgements(there, path, vpc_id).readable),
        acknowledgements=acknowledgement_names(there, path, vpc_id),
    )
