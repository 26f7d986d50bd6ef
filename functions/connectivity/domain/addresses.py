"""Addresses that a tag names: whether they can be read as such."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import AddressValueError, IPv4Address

from connectivity.domain.printable import LONGEST_ITEM, first_lines, quoted

FEWEST, MOST = 2, 6
"""Of a Route 53 Resolver endpoint (Route 53 Resolver API reference, CreateResolverEndpoint)."""


def address_problems(ips: Sequence[str], where: str) -> list[str]:
    """Return why `ips` cannot be addresses of an inbound resolver; empty when they can, or there
    are none."""
    problems = [
        f"{quoted(ip, LONGEST_ITEM)} is no IPv4 address, as in 10.0.0.9"
        for ip in ips
        if not _is_address(ip)
    ]
    if ips and not problems and not FEWEST <= len(ips) <= MOST:
        problems = [f"{len(ips)} given: an inbound resolver has {FEWEST} to {MOST} addresses"]
    return [f"{where}: {problem}" for problem in first_lines(problems)]


def _is_address(text: str) -> bool:
    try:
        return str(IPv4Address(text)) == text
    except AddressValueError:
        return False
