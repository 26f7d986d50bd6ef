"""What a DNS server has to forward, and to whom: all that its fragment is rendered from."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ecs_anywhere_dns.document import Document, Mode
from ecs_anywhere_dns.pinned.aws_names import region_zones_of

DNS_PORT = 53


@dataclass(frozen=True)
class Forwarding:
    """Always "forward only": a dead resolver is a failure, never a question to the internet.

    Without zones it is the forwarding that is none: what a withdrawn document asks for.
    """

    zones: tuple[str, ...]
    """Lower case, sorted, without a final dot. Each is also exempt from DNSSEC validation, which
    an isolated site cannot do, and from rebinding protection, as its answers are private."""
    forwarders: tuple[str, ...]
    """IPv4 addresses, sorted."""
    label: str
    """For the header of a fragment: VPC, generation, state."""
    port: int = DNS_PORT
    """53, apart from laboratories."""

    @property
    def is_none(self) -> bool:
        return not self.zones


NOTHING = Forwarding((), (), "nothing is forwarded")


def forwarding_of(
    document: Document, forwarders: Collection[str], mode: Mode | None, port: int = DNS_PORT
) -> Forwarding:
    """`forwarders` are those of the document's resolver IPs that are fit to be used; `mode` None
    is the document's own."""
    if document.state == "withdrawn":
        return Forwarding((), (), document.label, port)
    zones = document.zones if (mode or document.mode) == "names" else _region_zones(document)
    return Forwarding(tuple(sorted(zones)), tuple(sorted(forwarders)), document.label, port)


def _region_zones(document: Document) -> tuple[str, ...]:
    """The Region's, and what was published outside it, such as a name under api.aws."""
    region = region_zone(document)
    return (region, *(zone for zone in document.zones if not f".{zone}".endswith(f".{region}")))


def region_zone(document: Document) -> str:
    """Return `<region>.amazonaws.com`, with the domain that the names of this partition have."""
    return region_zones_of(document.region)[0]
