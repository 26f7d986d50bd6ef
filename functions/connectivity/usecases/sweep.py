"""Sweep: knock on every VPC that asks for something or for which we hold something."""

from __future__ import annotations

from connectivity.domain import tags
from connectivity.usecases.knock import knock
from connectivity.usecases.ports import Executions, Ledger, Vpcs


def sweep(vpcs: Vpcs, ledger: Ledger, executions: Executions) -> tuple[str, ...]:
    """The VPCs that were knocked on. Lost events, drift and unfinished work heal this way."""
    asking = set(vpcs.with_tag(tags.WISH))
    holding = {entry.vpc_id for entry in ledger.entries()}
    for vpc_id in sorted(asking | holding):
        knock(vpc_id, "sweep", ledger, executions)
    return tuple(sorted(asking | holding))
