"""Writes a rebuilt entry, on condition that nobody has been at work on the VPC meanwhile."""

from __future__ import annotations

from dataclasses import asdict

from connectivity.adapters.ledger_items import untaken_since
from connectivity.adapters.table import Table
from connectivity.domain.ledger import Entry
from ecs_anywhere.stack import Stack


def write(before: Entry, rebuilt: Entry, stack: Stack) -> bool:
    """Return False, with nothing changed, if an execution has taken the hold since `before` was
    read. What was acted on last is forgotten, so that the next sweep looks at the VPC."""
    condition, values = untaken_since(before)
    issued = {":issued": asdict(rebuilt.issued)} if rebuilt.issued else {}
    changed = Table(stack.table).update_if(
        condition,
        stack.prefix + rebuilt.vpc_id,
        "SET held = :held, resolver_ips = :ips, generation = :generation, "
        f"verified_endpoints = :verified{', issued = :issued' if issued else ''} "
        "REMOVE expires_at, asked, handed, unread, served ADD knocks :none",
        {
            ":held": dict(rebuilt.held),
            ":ips": dict(rebuilt.resolver_ips),
            ":generation": rebuilt.generation,
            ":verified": sorted(rebuilt.verified_endpoints),
            ":none": 0,
            **issued,
            **values,
        },
        ReturnValues="ALL_NEW",
    )
    return changed is not None
