"""A mark that shows which forwarding a running server has loaded.

Neither dnsmasq nor PowerDNS Recursor lists what it forwards for which name. But both show to which
addresses they would forward. So each set of forwarded zones brings one more zone, that nobody asks
for, with an address that is made from all the others: who knows this address has read these lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256
from ipaddress import ip_address, ip_network
from pathlib import Path

from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.memory.files import text_of

MARK_ZONE = "loaded.ecs-anywhere-dns.invalid"
"""`.invalid` is nobody's (RFC 2606)."""
IPV4 = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
MARK_PORT = 9
"""Discard. Nobody serves DNS there, so a mark never answers anything."""
MARK = re.compile(r"127\.(12[89]|1[3-9]\d|2\d\d)\.\d{1,3}\.\d{1,3}")
"""The upper half of loopback: it never leaves the host, and is not where resolvers listen."""


def mark_of(forwarding: Forwarding) -> str:
    """Return an address of loopback, the same for the same zones and forwarders: 23 bits of a
    hash."""
    said = repr((forwarding.apart or forwarding.zones, forwarding.forwarders, forwarding.port))
    first, second, third = sha256(said.encode()).digest()[:3]
    return f"127.{128 | first}.{second}.{third}"


def mark_in(file: Path) -> str:
    """Return the name that every version of a fragment holds, and no other file: a checker that
    shows this name has read the file, in whatever way it is included."""
    return f"{sha256(str(file).encode()).hexdigest()[:12]}.{MARK_ZONE}"


def is_mark(name: str) -> bool:
    """Return whether a name is a mark of a file of ours, and no zone that is forwarded."""
    return lies_within(name, MARK_ZONE)


def has_mark(file: Path) -> bool:
    """Return whether the fragment has its mark; a file of an older version has none."""
    try:
        return mark_in(file) in text_of(file)
    except (OSError, ValueError):
        return False


def lies_within(name: str, zone: str) -> bool:
    """Return whether `name` is `zone` or lies below it."""
    return name == zone or name.endswith(f".{zone}")


def holds(network: str, address: str) -> bool:
    """Return whether `network` is a network and holds the address."""
    try:
        return ip_address(address) in ip_network(network, strict=False)
    except ValueError:
        return False


def ipv4_among(words: Iterable[str]) -> tuple[str, ...]:
    """Return the words that are an IPv4 address of one host."""
    return tuple(word for word in words if IPV4.fullmatch(word) and word != "0.0.0.0")  # noqa: S104
