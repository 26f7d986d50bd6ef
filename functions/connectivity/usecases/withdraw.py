"""Withdraw: tell on-premises to stop forwarding, before anything that it forwards to goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connectivity.domain import ledger as ledgers
from connectivity.domain import publication
from connectivity.domain.acknowledgement import acknowledgement_names, read_acknowledgements
from connectivity.domain.publication import Publication
from connectivity.usecases.ports import Clock, Ledger, Parameters
from connectivity.usecases.settings import Settings


@dataclass(frozen=True)
class Withdrawn:
    """How on-premises is waited for."""

    drain_seconds: int = 0
    """At most; 0 where nothing was published."""
    acknowledging: bool = False
    """Whether some DNS host says what it does: then it is heard, else the time is let pass."""
    acknowledgements: tuple[str, ...] = ()
    """Names of their parameters, readable or not: they go with the publication."""

    def as_json(self) -> dict[str, Any]:
        return {
            "drainSeconds": self.drain_seconds,
            "acknowledging": self.acknowledging,
            "acknowledgements": list(self.acknowledgements),
        }


def withdraw(
    vpc_id: str, parameters: Parameters, ledger: Ledger, clock: Clock, settings: Settings
) -> Withdrawn:
    """Repeated, it writes nothing, unless somebody has changed the document since."""
    entry, path = ledger.read(vpc_id), settings.parameter_path
    if ledgers.PUBLICATION not in entry.held:
        return Withdrawn()
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
