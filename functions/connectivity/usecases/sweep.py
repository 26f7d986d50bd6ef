"""Sweep: knock on every VPC that asks for something or with which we are not done."""

from __future__ import annotations

from connectivity.domain import tags
from connectivity.domain.errors import Unavailable, Waiting
from connectivity.usecases.knock import knock
from connectivity.usecases.ports import Executions, Ledger, Vpcs


def sweep(vpcs: Vpcs, ledger: Ledger, executions: Executions) -> tuple[str, ...]:
    """The VPCs that were knocked on. Lost events, drift and unfinished work heal this way: work too
    whose execution ended after the last thing was gone and before anybody said so.

    One VPC that cannot be knocked on keeps no other from its turn; raises Unavailable afterwards.
    """
    asking = set(vpcs.with_tag(tags.WISH))
    unfinished = {entry.vpc_id for entry in ledger.entries() if not entry.is_at_rest}
    missed: dict[str, Waiting] = {}
    for vpc_id in sorted(asking | unfinished):
        try:
            knock(vpc_id, "sweep", ledger, executions)
        except Waiting as reason:
            missed[vpc_id] = reason
    if missed:
        raise Unavailable("; ".join(f"{vpc_id}: {why}" for vpc_id, why in missed.items()))
    return tuple(sorted(asking | unfinished))
