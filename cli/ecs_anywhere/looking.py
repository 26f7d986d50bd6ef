"""Reads what a stack's VPCs are like: a few calls for the whole Region, and one for each connected
VPC."""

from __future__ import annotations

from connectivity.adapters import wiring
from connectivity.domain.ledger import Entry
from connectivity.usecases.acknowledgements import hear_acknowledgements

from ecs_anywhere.overview import Looked
from ecs_anywhere.stack import Stack


def look(stack: Stack) -> Looked:
    """Return what there is of every VPC. Raises as the adapters do."""
    entries = wiring.ledger().entries()
    parameters, path = wiring.parameters(), stack.path
    return Looked(
        account=stack.account,
        region=stack.region,
        entries=entries,
        seen=wiring.account().look(()),
        acknowledged={
            entry.vpc_id: hear_acknowledgements(entry.vpc_id, parameters, path)
            for entry in entries
            if _is_published(entry)
        },
    )


def _is_published(entry: Entry) -> bool:
    return bool(entry.served.wish)
