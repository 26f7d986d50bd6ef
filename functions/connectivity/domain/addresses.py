"""Checks of the addresses, and of the inbound resolver's id, that a tag names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import AddressValueError, IPv4Address

from connectivity.domain.printable import LONGEST_ITEM, first_lines, quoted

FEWEST, MOST = 2, 6
"""The fewest and the most addresses of a Route 53 Resolver endpoint (Route 53 Resolver API
reference, CreateResolverEndpoint)."""
_NONE = "is no IPv4 address, as in 10.0.0.9 (several are separated by spaces)"
_RESOLVER = re.compile(r"rslvr-in-[0-9a-f]{8,32}")


def address_problems(ips: Sequence[str], where: str) -> list[str]:
    """Return why `ips` cannot be addresses of an inbound resolver; empty when they can, or there
    are none."""
    problems = [f"{quoted(ip, LONGEST_ITEM)} {_NONE}" for ip in ips if not _is_address(ip)]
    if ips and not problems and not FEWEST <= len(ips) <= MOST:
        problems = [
            f"{len(ips)} given: an inbound resolver has {FEWEST} to {MOST} addresses, each another"
        ]
    return [f"{where}: {problem}" for problem in first_lines(problems)]


def resolver_problems(resolver_id: str, where: str) -> list[str]:
    """Return why `resolver_id` cannot be the id of an inbound resolver; empty when it can, or there
    is none."""
    if not resolver_id or _RESOLVER.fullmatch(resolver_id):
        return []
    said = f"{quoted(resolver_id, LONGEST_ITEM)} is no id of an inbound resolver"
    return [f"{where}: {said}, as in rslvr-in-0a1b2c3d4e5f67890"]


def _is_address(text: str) -> bool:
    try:
        return str(IPv4Address(text)) == text
    except AddressValueError:
        return False
