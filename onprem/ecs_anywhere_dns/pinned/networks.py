"""The addresses that a document may have: those in the networks that this host pinned.

A VPC's network is a /16 to a /28, and may lie anywhere but in the ranges below that no host can be
reached in ("VPC CIDR blocks" of the Amazon VPC user guide). Most lie in the private ranges.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, ip_address

from ecs_anywhere_dns.outcome import BadUsage, Refused

PRIVATE = tuple(
    IPv4Network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)
"""RFC 1918 and RFC 6598: a pinned network within one of these may be as large as it is."""
LOOPBACK = IPv4Network("127.0.0.0/8")
NOWHERE = tuple(
    IPv4Network(cidr) for cidr in ("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4")
)
"""Unspecified, link-local, multicast, reserved with broadcast: no resolver is there."""
WIDEST_VPC = 16
NARROWEST_VPC = 28
"""Prefix lengths that AWS takes for a network of a VPC."""
MOST_PUBLIC = 5
"""Networks of a VPC that AWS allows unless it was asked for more."""
FIND_OUT = (
    "find out who wrote it, nothing was changed; if the VPC was given a network, add it: "
    "`ecs-anywhere-dns init --network …`"
)


@dataclass(frozen=True)
class PinnedNetworks:
    """The networks in which this host believes addresses to be."""

    pinned: tuple[IPv4Network, ...]

    def check(
        self,
        vpc_cidrs: Sequence[str],
        resolver_ips: Iterable[str],
        names: Mapping[str, Iterable[str]],
    ) -> None:
        """Check the networks and addresses of a document. Raises Refused, naming the first that is
        not in the pinned networks."""
        for cidr in vpc_cidrs:
            self._check_vpc_network(cidr)
        for address in resolver_ips:
            self._check_address("resolver IP", address)
        for name, addresses in names.items():
            for address in addresses:
                self._check_address(name, address)

    def check_resolver_ip(self, said: str) -> None:
        """Check a resolver IP of the configuration. Raises BadUsage where it lies outside the
        pinned networks."""
        if not any(ip_address(said) in network for network in self.pinned):
            raise BadUsage(
                f"resolver_ips: {said} lies outside networks ({self._listed})",
                "correct one of both",
            )

    def _check_vpc_network(self, cidr: str) -> None:
        network = IPv4Network(cidr, strict=False)
        if not WIDEST_VPC <= network.prefixlen <= NARROWEST_VPC:
            raise Refused(
                f"the publication gives the VPC the network {cidr}, and AWS has none but "
                f"/{WIDEST_VPC} to /{NARROWEST_VPC}",
                FIND_OUT,
            )
        if not any(network.overlaps(pinned) for pinned in self.pinned):
            raise Refused(
                f"the publication gives the VPC the network {cidr}, and this host pinned "
                f"{self._listed}",
                FIND_OUT,
            )

    def _check_address(self, what: str, said: str) -> None:
        address = IPv4Address(said)
        if not any(address in network for network in self.pinned):
            raise Refused(
                f"{what}: the address {said} lies outside the networks that this host pinned "
                f"({self._listed})",
                FIND_OUT,
            )

    @property
    def _listed(self) -> str:
        return ", ".join(map(str, self.pinned))


def pinned_networks(said: Sequence[str], *, laboratory: bool = False) -> PinnedNetworks:
    """Read `networks` of the configuration; a laboratory may have them on the loopback. Raises
    BadUsage where one is wider than anybody can mean."""
    if not said:
        raise BadUsage("networks is empty", "name the networks of the VPC, as in 10.0.0.0/16")
    networks = tuple(_network(cidr, laboratory) for cidr in said)
    public = [network for network in networks if not _is_private(network)]
    if len(public) > MOST_PUBLIC:
        raise BadUsage(
            f"networks: {len(public)} of them are public, and a VPC has at most {MOST_PUBLIC}",
            "name the networks of the VPC, and no others",
        )
    return PinnedNetworks(networks)


def _network(cidr: str, laboratory: bool) -> IPv4Network:
    try:
        network = IPv4Network(cidr)
    except ValueError as error:
        raise BadUsage(
            f"networks: {cidr[:80]!r} is no IPv4 network: {error}", "write it as in 10.0.0.0/16"
        ) from None
    if "/" not in cidr:
        raise BadUsage(f"networks: {cidr} has no length", "write it as in 10.0.0.0/16")
    if laboratory and network.subnet_of(LOOPBACK):
        return network
    if any(network.overlaps(nowhere) for nowhere in (*NOWHERE, LOOPBACK)):
        raise BadUsage(
            f"networks: no VPC is in {cidr} (loopback, link-local, multicast, reserved)",
            "name the networks of the VPC, as in 10.0.0.0/16",
        )
    if not _is_private(network) and network.prefixlen < WIDEST_VPC:
        raise BadUsage(
            f"networks: {cidr} is public and wider than a VPC's network can be (/{WIDEST_VPC})",
            "name the networks of the VPC, and no others",
        )
    return network


def _is_private(network: IPv4Network) -> bool:
    return any(network.subnet_of(private) for private in PRIVATE)
