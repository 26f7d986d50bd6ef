"""The connection of a VPC, as its entry in the ledger has it beside what is held.

Whether an active VPC was connected for what it asks for now, only the next look finds out. Until
then its entry says that it is connected, and what it uses of other VPCs: else a hub would be
removed under its spokes, and many VPCs at once, without a yes
(docs/decisions/0061-a-hub-that-others-stand-on.md).

An endpoint policy that is, to the word, the one of a choice that the stack may have made is written
down with its endpoint: any other counts as set by hand, and is kept.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectivity.domain import ledger
from connectivity.domain.endpoint_policy import fingerprint, is_default
from connectivity.domain.ledger import REBUILT, Served
from connectivity.domain.ownership import purpose_of
from connectivity.domain.policy_presets import document

from recovery.seen import Seen


def served(seen: Seen, held: Mapping[str, str]) -> Served:
    """Return what an active publication stands on; nothing where on-premises does not forward."""
    if not seen.is_active:
        return Served()
    ours = frozenset(held.values())
    theirs = [e for e in seen.led_to if e.exists and e.id not in ours]
    adopted = {purpose_of(e): e.id for e in theirs}
    if seen.asked_at and seen.asked_at.id not in ours:
        adopted[ledger.RESOLVER] = seen.asked_at.id
    elsewhere = (e.id for e in theirs if e.vpc != seen.entry.vpc_id or not e.private_dns)
    resolver = seen.asked_at.id if seen.asked_at else ""
    return Served(REBUILT, resolver, adopted, by_name=tuple(sorted(elsewhere)))


def promised(seen: Seen, held: Mapping[str, str]) -> dict[str, str]:
    """Return address -> subnet of the inbound resolver, ours or a hub's: what on-premises was told.
    Where that resolver is gone, its addresses are asked for again, wherever they lie now."""
    there = [r for r in seen.resolvers if r.id == held.get(ledger.RESOLVER)]
    if not there and seen.asked_at:
        there = [seen.asked_at]
    found = {ip.ip: ip.subnet for resolver in there for ip in resolver.attached}
    return found or dict.fromkeys(seen.promised, "")


def serving(seen: Seen, held: Mapping[str, str]) -> frozenset[str]:
    """Return our endpoints whose private DNS is on, where a document was published: on-premises
    relies on them, and a failure of the next verification leaves them on."""
    ours = set(held.values())
    return frozenset(
        e.id
        for e in seen.endpoints
        if seen.document and e.private_dns and e.exists and e.id in ours
    )


def policies(seen: Seen, held: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return by purpose the fingerprint of each endpoint policy that is one of our presets."""
    return {
        purpose: (fingerprint(endpoint.policy),)
        for endpoint in seen.endpoints
        if held.get(purpose := purpose_of(endpoint)) == endpoint.id
        and not is_default(endpoint.policy)
        and fingerprint(endpoint.policy)
        in {fingerprint(document(each, endpoint.service_name)) for each in seen.let_in}
    }
