"""The forwarding of a DNS server, zones and their forwarders: the only input of its fragments."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ecs_anywhere_dns.document import Document, Mode
from ecs_anywhere_dns.pinned.aws_names import region_zones_of

DNS_PORT = 53


@dataclass(frozen=True)
class Forwarding:
    """Zones and their forwarders. Always "forward only": a dead resolver is a failure, never a
    question to the internet. Without zones nothing is forwarded, as a withdrawn document asks."""

    zones: tuple[str, ...]
    """Lower case, sorted, without a final dot. Each is also exempt from DNSSEC validation, which
    an isolated site cannot do, and from rebinding protection, as its answers are private."""
    forwarders: tuple[str, ...]
    """IPv4 addresses, sorted: of all zones."""
    label: str
    """VPC, generation and state, for the header of a fragment."""
    port: int = DNS_PORT
    """53, apart from laboratories."""
    apart: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Each zone with its own forwarders, where not all zones have the same, as those of several
    VPCs; else empty. Made by `forwarding_to`."""

    @property
    def is_none(self) -> bool:
        return not self.zones

    @property
    def targets(self) -> Mapping[str, tuple[str, ...]]:
        """Return each zone with its forwarders."""
        return dict(self.apart) or dict.fromkeys(self.zones, self.forwarders)

    @property
    def groups(self) -> tuple[Forwarding, ...]:
        """Return the parts of which each has one set of forwarders: a single part where all zones
        have the same."""
        zones_to: dict[tuple[str, ...], list[str]] = {}
        for zone, forwarders in self.targets.items():
            zones_to.setdefault(forwarders, []).append(zone)
        return tuple(
            Forwarding(tuple(zones), forwarders, self.label, self.port)
            for forwarders, zones in zones_to.items()
        )

    def restricted_to(self, zones: Collection[str]) -> Forwarding:
        """Return this forwarding with none but the given zones."""
        if set(zones).issuperset(self.zones):
            return self
        left = {zone: to for zone, to in self.targets.items() if zone in zones}
        return forwarding_to(left, self.label, self.port)


NOTHING = Forwarding((), (), "nothing is forwarded")


def forwarding_of(
    document: Document, forwarders: Collection[str], mode: Mode | None, port: int = DNS_PORT
) -> Forwarding:
    """Return the forwarding that a document asks for. `forwarders` are the fit ones among its
    resolver IPs; `mode` None is the document's own mode."""
    if document.state == "withdrawn":
        return Forwarding((), (), document.label, port)
    zones = document.zones if (mode or document.mode) == "names" else _region_zones(document)
    return Forwarding(tuple(sorted(zones)), tuple(sorted(forwarders)), document.label, port)


def forwarding_to(
    targets: Mapping[str, Collection[str]], label: str, port: int = DNS_PORT
) -> Forwarding:
    """Return the forwarding of each zone of `targets` to its forwarders. Equal targets in another
    order give an equal value."""
    sorted_targets = {zone: tuple(sorted(targets[zone])) for zone in sorted(targets)}
    distinct = set(sorted_targets.values())
    return Forwarding(
        zones=tuple(sorted_targets),
        forwarders=tuple(sorted({address for each in distinct for address in each})),
        label=label,
        port=port,
        apart=tuple(sorted_targets.items()) if len(distinct) > 1 else (),
    )


def merged(parts: Sequence[Forwarding]) -> Forwarding:
    """Return the union of `parts`, of which no two share a zone. The label names the parts that
    have zones, or all parts where none has."""
    if len(parts) == 1:
        return parts[0]
    said = [part for part in parts if not part.is_none] or parts
    targets = {zone: to for part in parts for zone, to in part.targets.items()}
    port = said[0].port if said else DNS_PORT
    return forwarding_to(targets, "; ".join(part.label for part in said), port)


def _region_zones(document: Document) -> tuple[str, ...]:
    """Return the Region's zone, and the published zones outside it, such as a name under
    api.aws."""
    region = region_zone(document)
    return (region, *(zone for zone in document.zones if not f".{zone}".endswith(f".{region}")))


def region_zone(document: Document) -> str:
    """Return `<region>.amazonaws.com`, with the domain that the names of this partition have."""
    return region_zones_of(document.region)[0]
