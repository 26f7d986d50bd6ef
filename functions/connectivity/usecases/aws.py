"""All ports in one bundle, with what the stack's parameters say."""

from __future__ import annotations

from dataclasses import dataclass

from connectivity.domain.ledger import Entry
from connectivity.domain.ownership import Ownership
from connectivity.usecases.patience import Patience
from connectivity.usecases.ports import (
    Clock,
    Endpoints,
    Groups,
    HostedZones,
    Ledger,
    Metrics,
    Organizations,
    Parameters,
    Probe,
    Resolvers,
    Signatures,
    Vpcs,
)
from connectivity.usecases.settings import Settings


@dataclass(frozen=True)
class Aws:
    """AWS and the ledger, as the use cases know them."""

    vpcs: Vpcs
    endpoints: Endpoints
    groups: Groups
    resolvers: Resolvers
    hosted_zones: HostedZones
    organizations: Organizations
    parameters: Parameters
    signatures: Signatures
    probe: Probe
    ledger: Ledger
    metrics: Metrics
    clock: Clock
    settings: Settings
    patience: Patience
    """The patience of this invocation, which begins when it is first asked for."""

    def ownership(self, entry: Entry) -> Ownership:
        """Return what tells our things in this VPC from other people's."""
        return Ownership(self.settings.us, entry)
