"""Addresses once promised to on-premises: which ones the inbound resolver has no longer, and why.

On-premises forwards to addresses, and a site that finds Parameter Store through the resolver knows
nothing else: a lost address is told by mail and stays in the status.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

from connectivity.domain.acknowledgement import Acknowledgements
from connectivity.domain.desired import Desired
from connectivity.domain.ledger import Entry
from connectivity.domain.survey import Survey
from connectivity.domain.warning_lines import WARNING

_OF_ADDRESSES = frozenset("0123456789abcdef.:, ")
_WAS_ONE = "was an address of the inbound resolver"


def is_about_a_lost_address(warning: str) -> bool:
    """Tell whether a warning begins with addresses, of which it says that they are lost."""
    addresses, said, _ = warning.removeprefix(WARNING).partition(f" {_WAS_ONE}")
    return bool(said) and _OF_ADDRESSES.issuperset(addresses)


def broken_promises(survey: Survey, desired: Desired) -> Iterator[str]:
    """Yield which promised addresses the resolver will not have, and why. Not while the owner of an
    adopted one is changing it: its addresses are known when it serves again."""
    shared = (r for r in survey.resolvers if r.id == desired.adopted_resolver)
    used = next((r for r in shared if r.status == "operational"), None)
    lost = survey.entry.resolver_ips.keys() - {ip.ip for ip in used.attached} if used else set()
    if used and lost:
        yield (
            f"{_names(lost)} {_WAS_ONE} and is none of {used.id}: on-premises has to forward to "
            f"{_names(ip.ip for ip in used.attached)}"
        )
    for ip in desired.given_up:
        yield (
            f"{ip} {_WAS_ONE} and {_why_lost(ip, survey)}: on-premises has to forward to the new "
            "address"
        )


def lost_addresses(entry: Entry, acknowledgements: Acknowledgements) -> Iterator[str]:
    """Yield one warning, if any: what the resolver had and has not any more, until every DNS host
    that acknowledges has confirmed what was published since."""
    missing = acknowledgements.unconfirmed(entry.generation, "active")
    confirmed = acknowledgements.readable and not missing
    if entry.lost_ips and not confirmed:
        yield (
            f"{_names(entry.lost_ips)} {_WAS_ONE} and is none any more: on-premises has to forward "
            f"to {_names(entry.resolver_ips)}"
        )


def _why_lost(ip: str, survey: Survey) -> str:
    if ip in survey.taken:
        return "belongs to something else now"
    address, subnet = ipaddress.ip_address(ip), survey.entry.resolver_ips[ip]
    there = (
        address in ipaddress.ip_network(s.cidr) if s.cidr else s.id == subnet
        for s in survey.subnets
    )
    if any(there):
        return "has no place among the subnets and the number of addresses asked for"
    return "lies in no subnet of the VPC any more"


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
