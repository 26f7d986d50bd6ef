"""The view of AWS on one VPC, from which its entry in the ledger is rebuilt."""

from __future__ import annotations

from dataclasses import dataclass

from connectivity.domain.ledger import Entry
from connectivity.domain.model import InboundResolver, InterfaceEndpoint, SecurityGroup
from connectivity.domain.publication import Issue


@dataclass(frozen=True)
class Seen:
    """The view of AWS on one VPC."""

    entry: Entry
    """The VPC's entry in the ledger; `Entry(vpc_id)` where there is none."""
    owner: str
    """The value of our owner tag: the stack's name."""
    endpoints: tuple[InterfaceEndpoint, ...] = ()
    groups: tuple[SecurityGroup, ...] = ()
    resolvers: tuple[InboundResolver, ...] = ()
    """The resolvers, with their addresses."""
    our_resolvers: frozenset[str] = frozenset()
    """Ids of the resolvers that carry our owner tag."""
    probes: tuple[str, ...] = ()
    """Names of functions that carry our owner tag and are named as the VPC's probe is."""
    document: str = ""
    """Name of the parameter that holds the forwarding document; empty where there is none."""
    let_in: frozenset[str] = frozenset()
    """Ids of accounts and organizations whose callers our endpoint policies may have let in."""
    issue: Issue | None = None
    """The issue of the document; None where the stack's key did not sign it."""
    is_active: bool = False
    """True where the document tells on-premises to forward."""
    promised: tuple[str, ...] = ()
    """The resolver's addresses in such a document."""
    led_to: tuple[InterfaceEndpoint, ...] = ()
    """The interface endpoints, in any VPC, to which the names in such a document lead."""
    asked_at: InboundResolver | None = None
    """The resolver, in any VPC, that has these addresses; None where none has."""
