"""Withdraw: tell on-premises to stop forwarding, before anything that it forwards to goes."""

from __future__ import annotations

from connectivity.domain import ledger as ledgers
from connectivity.domain.publication import Publication, parameter_names
from connectivity.usecases.ports import Clock, Ledger, Parameters
from connectivity.usecases.settings import Settings


def withdraw(
    vpc_id: str, parameters: Parameters, ledger: Ledger, clock: Clock, settings: Settings
) -> int:
    """Seconds to leave on-premises for it; 0 where nothing was published."""
    entry = ledger.read(vpc_id)
    if ledgers.PUBLICATION not in entry.held:
        return 0
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
    if entry.verified != said.fingerprint:
        generation = entry.generation + 1
        _, document_name = parameter_names(settings.parameter_path, vpc_id)
        parameters.write(document_name, said.document(generation, clock.now()))
        ledger.publish(vpc_id, generation, said.fingerprint, ())
    return settings.drain_seconds
