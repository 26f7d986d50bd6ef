"""Write a rebuilt entry, on condition that nobody has been at work on the VPC meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from connectivity.adapters.ledger_items import served_item, set_policies, untaken_since
from connectivity.adapters.table import Table
from connectivity.domain.ledger import Entry, given_policy
from ecs_anywhere.stack import Stack

_ACTED_ON = ("expires_at", "asked", "handed", "unread", "answers", "answered_at", "answered_in")


def write(before: Entry, rebuilt: Entry, stack: Stack) -> bool:
    """Write the entry, without what was acted on last, so that the next sweep looks at the VPC.
    Return False, with nothing changed, if an execution has taken the hold since `before` was
    read."""
    condition, values = untaken_since(before)
    names, policies, lines = set_policies(
        {p: given_policy(rebuilt.held[p], given) for p, given in _new_policies(before, rebuilt)}
    )
    more: dict[str, Any] = {"ExpressionAttributeNames": names} if names else {}
    issued = {":issued": asdict(rebuilt.issued)} if rebuilt.issued else {}
    connected = {":served": served_item(rebuilt.served)} if rebuilt.served.wish else {}
    changed = Table(stack.table).update_if(
        condition,
        stack.prefix + rebuilt.vpc_id,
        "SET held = :held, resolver_ips = :ips, generation = :generation, "
        f"verified_endpoints = :verified{', issued = :issued' if issued else ''}"
        f"{', served = :served' if connected else ''}{policies} "
        f"REMOVE {', '.join(forgotten(before, rebuilt))} ADD knocks :none",
        {
            ":held": dict(rebuilt.held),
            ":ips": dict(rebuilt.resolver_ips),
            ":generation": rebuilt.generation,
            ":verified": sorted(rebuilt.verified_endpoints),
            ":none": 0,
            **issued,
            **connected,
            **lines,
            **values,
        },
        **more,
        ReturnValues="ALL_NEW",
    )
    return changed is not None


def forgotten(before: Entry, rebuilt: Entry) -> Iterator[str]:
    """Yield the attributes that say what was acted on last, or what is not so any more."""
    yield from _ACTED_ON
    if not rebuilt.served.wish:
        yield "served"
    for name in ("withdrawn_at", "removing"):
        if getattr(before, name) != getattr(rebuilt, name):
            yield name


def _new_policies(before: Entry, rebuilt: Entry) -> Iterator[tuple[str, str]]:
    """Yield purpose and fingerprint of the endpoint policies that the ledger did not know."""
    for purpose, given in rebuilt.policies.items():
        if before.policies.get(purpose) != given:
            yield purpose, given[0]
