"""Networks on-premises: which of them may reach the interface endpoints and the inbound resolver.

They are written by whoever may tag a VPC or send an event, and become rules of security groups. A
network that nobody has on-premises is refused, a public one unless the stack allows it, and a wider
one than the stack's where it says so.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from connectivity.domain.policy_presets import FULL_ACCESS
from connectivity.domain.printable import LONGEST_ITEM, first_lines, quoted

_NOWHERE = {
    IPv4Network("0.0.0.0/8"): "the network of this host",
    IPv4Network("127.0.0.0/8"): "the loopback",
    IPv4Network("169.254.0.0/16"): "link-local",
    IPv4Network("224.0.0.0/4"): "multicast",
    IPv4Network("255.255.255.255/32"): "broadcast",
}
"""Networks that are on-premises nowhere, whoever allows them."""
_PRIVATE = tuple(
    map(
        IPv4Network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "198.18.0.0/15"),
    )
)
"""RFC 1918, RFC 6598 (carriers, and what AWS gives to VPCs beside it), RFC 2544."""
_LEADING_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")
"""Leading zeros, which Python, and many programs before it, read as octal."""
_EXAMPLE = "as in 10.0.0.0/8"


def is_private(ip: str) -> bool:
    """Tell whether an IPv4 address is one of a private network."""
    return any(ipaddress.IPv4Address(ip) in network for network in _PRIVATE)


@dataclass(frozen=True)
class Bounds:
    """The limits that the stack sets to the tags of a VPC, and to request events."""

    onprem_cidrs: tuple[str, ...] = ()
    """The stack's own networks on-premises."""
    may_widen: bool = True
    """True where a VPC may name networks that are not within the stack's."""
    public: bool = False
    """True where public networks may be named."""
    endpoint_policy: str = FULL_ACCESS
    """The stack's own choice, which a VPC may narrow."""


def cidr_problems(cidrs: Iterable[str], where: str, bounds: Bounds, own: bool = True) -> list[str]:
    """Return why each of `cidrs` cannot be a network on-premises; empty when all can. `own` is
    False for the stack's own list, which cannot be wider than itself."""
    found = list(cidrs)
    if not found:
        return [f"{where}: no CIDR given; name the networks on-premises, {_EXAMPLE}"]
    problems = [problem for cidr in found if (problem := _cidr_problem(cidr, bounds.public))]
    if not problems:
        networks = [IPv4Network(cidr) for cidr in found]
        problems = _together(networks) or (_wider(networks, bounds) if own else [])
    return [f"{where}: {problem}" for problem in first_lines(problems)]


def _cidr_problem(cidr: str, public: bool) -> str | None:
    try:
        network = IPv4Network(cidr, strict=False)
    except ValueError:
        return _unreadable(cidr)
    address, _, mask = cidr.partition("/")
    if not mask:
        return f"{_item(cidr)} is not an IPv4 CIDR; for the one address write {cidr}/32"
    if mask != str(network.prefixlen):
        plain = f"{address}/{network.prefixlen}"
        return f"{_item(cidr)} has its mask not as a plain number; write {plain}"
    if str(network) != cidr:
        return f"{_item(cidr)} has host bits set; the network is {network}"
    if network.prefixlen == 0:
        return f"{_item(cidr)} would admit every address; name the networks on-premises"
    return _elsewhere(network, public)


def _unreadable(cidr: str) -> str:
    odd = sorted({letter for letter in cidr if letter not in "0123456789./ "})
    if (odd or " " in cidr) and re.sub(r"[^0-9./]+", " ", cidr).count("/") > 1:
        instead = f", not by {_named(odd[0])}" if odd else ""
        return (
            f"{_item(cidr)} is not an IPv4 CIDR: separate networks by a space in a tag{instead}; "
            "in a request event each is a string of its own"
        )
    plain = _LEADING_ZEROS.sub("", cidr)
    if plain != cidr and _is_network(plain):
        return f"{_item(cidr)} has a number that begins with 0; write {plain}"
    return f"{_item(cidr)} is not an IPv4 CIDR, {_EXAMPLE}"


def _is_network(cidr: str) -> bool:
    try:
        IPv4Network(cidr, strict=False)
    except ValueError:
        return False
    return "/" in cidr


def _item(cidr: str) -> str:
    return quoted(cidr, LONGEST_ITEM)


def _named(letter: str) -> str:
    """Return a character in words where a tag cannot hold it."""
    return {";": "a semicolon", "|": "a bar", "&": "an ampersand"}.get(letter, quoted(letter))


def _elsewhere(network: IPv4Network, public: bool) -> str | None:
    for nowhere, what in _NOWHERE.items():
        if network.overlaps(nowhere):
            return f'"{network}" holds {nowhere}, which is {what} and on-premises nowhere'
    if not public and not any(map(network.subnet_of, _PRIVATE)):
        return (
            f'"{network}" is public, or holds public addresses; if they are yours, set the '
            "stack's parameter AllowPublicOnPremCidrs to yes"
        )
    return None


def _together(networks: Sequence[IPv4Network]) -> list[str]:
    """Return a problem of networks that together are everything that can be on-premises."""
    with_nowhere = ipaddress.collapse_addresses([*networks, *_NOWHERE])
    if any(network.prefixlen == 0 for network in with_nowhere):
        return ["together they would admit every address; name the networks on-premises"]
    return []


def _wider(networks: Sequence[IPv4Network], bounds: Bounds) -> list[str]:
    if bounds.may_widen:
        return []
    allowed = list(ipaddress.collapse_addresses(map(IPv4Network, bounds.onprem_cidrs)))
    return [
        f"\"{network}\" is not within the stack's OnPremCidrs: narrow it, or set the stack's "
        f"parameter OnPremCidrsMayWiden to yes (they are {' '.join(map(str, allowed))})"
        for network in ipaddress.collapse_addresses(networks)
        if not any(map(network.subnet_of, allowed))
    ]
