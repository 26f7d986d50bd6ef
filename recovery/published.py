"""The document of a VPC, as it stands in Parameter Store: anybody may have written it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from connectivity.domain import publication
from connectivity.domain.publication import Signature


@dataclass(frozen=True)
class Published:
    """The statements of a document; none of one that is not intact, or about another VPC."""

    text: str = ""
    """The document; empty where it states nothing."""
    signature: Signature | None = None
    """The stated signature: nobody has verified it."""
    is_active: bool = False
    """True where on-premises is told to forward."""
    resolver_ips: tuple[str, ...] = ()
    """The addresses to which on-premises is told to forward."""
    addresses: tuple[str, ...] = ()
    """The addresses of all names for which it is told to."""


NOTHING = Published()


@dataclass(frozen=True)
class At:
    """A network interface of an interface endpoint, by its address."""

    ip: str
    vpc: str
    interface: str


def nearest(found: Iterable[At], vpc_id: str) -> tuple[At, ...]:
    """Return the network interfaces that a VPC means by their addresses: its own, and those of
    other VPCs only for addresses that none of its own has. VPCs may have the same network."""
    listed = tuple(found)
    here = {each.ip for each in listed if each.vpc == vpc_id}
    return tuple(each for each in listed if each.vpc == vpc_id or each.ip not in here)


def read(document: str, vpc_id: str) -> Published:
    """Return what a document states. One of another VPC is signed, too, and could be copied."""
    if not publication.generation_of(document):
        return NOTHING
    content = json.loads(document)
    if content.get("vpcId") != vpc_id:
        return NOTHING
    signature = _signature(content.get("signature"))
    if content.get("state") != "active":
        return Published(document, signature)
    names = content.get("names")
    lists = names.values() if isinstance(names, dict) else ()
    return Published(
        document,
        signature,
        is_active=True,
        resolver_ips=_addresses([content.get("resolverIps")]),
        addresses=_addresses(lists),
    )


def _signature(stated: Any) -> Signature | None:
    match stated:
        case {"keyId": str(key_id), "value": str(value)}:
            return Signature(key_id, value)
        case _:
            return None


def _addresses(lists: Iterable[Any]) -> tuple[str, ...]:
    """Return the IPv4 addresses in these lists, sorted, without what is none."""
    return tuple(sorted({ip for stated in lists for ip in _ips(stated)}))


def _ips(stated: Any) -> Iterator[str]:
    for each in stated if isinstance(stated, list) else ():
        try:
            yield str(IPv4Address(str(each)))
        except AddressValueError:
            continue
