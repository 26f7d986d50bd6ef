"""Publish: tell on-premises what was verified; written only when it says something new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectivity.domain import ledger as ledgers
from connectivity.domain import publication
from connectivity.domain.acknowledgement import read_acknowledgements
from connectivity.domain.desired import Desired
from connectivity.domain.ledger import Served
from connectivity.domain.publication import Publication
from connectivity.domain.status import Status, connected
from connectivity.usecases.ensure_resolver import Resolver
from connectivity.usecases.ports import Clock, Ledger, Parameters
from connectivity.usecases.settings import Settings


@dataclass(frozen=True)
class Published:
    """What on-premises reads now, and the status that follows."""

    parameter: str
    generation: int
    changed: bool
    status: Status

    def as_json(self) -> dict[str, Any]:
        return {
            "parameter": self.parameter,
            "generation": self.generation,
            "changed": self.changed,
        } | self.status.as_json()


def publish(
    desired: Desired,
    resolver: Resolver,
    verified: Mapping[str, Any],
    warnings: Sequence[str],
    repairs: Sequence[str],
    parameters: Parameters,
    ledger: Ledger,
    clock: Clock,
    settings: Settings,
) -> Published:
    """`verified` is `Verified.as_json()`, `repairs` what this run has put right. Raises
    PublicationTooLarge."""
    said = Publication(
        account=settings.account,
        region=settings.region,
        vpc_id=desired.vpc_id,
        vpc_cidrs=desired.vpc_cidrs,
        resolver_ips=resolver.ips,
        names={name: tuple(ips) for name, ips in verified["names"].items()},
        zones=tuple(verified["zones"]),
    )
    entry = ledger.read(desired.vpc_id)
    list_name, document_name = publication.parameter_names(settings.parameter_path, desired.vpc_id)
    there = parameters.below(publication.folder(settings.parameter_path, desired.vpc_id))
    stringlist = publication.string_list(resolver.ips)
    document = there.get(document_name, "")
    intact = publication.states(document, said)
    # It may have been written by an attempt that could not write its generation down.
    stated = publication.generation_of(document)
    generation = stated if intact else max(stated, entry.generation) + 1
    if ledgers.PUBLICATION not in entry.held:
        ledger.hold(desired.vpc_id, {ledgers.PUBLICATION: document_name})
    if there.get(list_name) != stringlist:
        parameters.write(list_name, stringlist, as_list=True)
    if not intact:
        parameters.write(document_name, said.document(generation, clock.now()))
    served = Served(desired.fingerprint, resolver.id, desired.adopted)
    ledger.publish(desired.vpc_id, generation, said.fingerprint, verified["endpoint_ids"], served)
    services = [endpoint.service for endpoint in desired.endpoints]
    said_of_it = read_acknowledgements(there, settings.parameter_path, desired.vpc_id)
    status = connected(
        services,
        resolver.ips,
        generation,
        warnings,
        said_of_it,
        adopted=desired.adopted.values(),
        repairs=repairs,
    )
    return Published(document_name, generation, not intact, status)
