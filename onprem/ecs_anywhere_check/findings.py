"""Findings, and the definition of a private answer."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Union

PRIVATE, PUBLIC, FAILED, NOTE = "PRIVATE", "PUBLIC", "FAILED", "NOTE"


Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]


PRIVATE_NETWORKS = tuple(
    map(
        ipaddress.ip_network,
        (
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10",
            "198.18.0.0/15",
            "fc00::/7",
        ),
    )
)


SERVICES = ("ecs", "ecs-a", "ecs-t", "ssm", "ssmmessages", "ec2messages")
"""Labels before the Region, of what every agent asks for (ec2messages: where it is offered)."""


SUFFIXES = {"cn-": "amazonaws.com.cn", "eusc-": "amazonaws.eu"}

NOT_ALL = (
    "only the names were asked that every agent needs; a VPC may publish more, as of ecr or logs: "
    "--document FILE asks for all"
)
_HOST = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+")
_LONGEST = 253


@dataclass(frozen=True)
class Finding:
    """One answer to one question."""

    subject: str
    """The name that was asked for, or what was looked at."""
    vantage: str
    """Vantage point: `libc`, `dns 10.0.0.2`, `tls`, `agent log`…"""
    verdict: str
    said: str
    cure: str = ""


@dataclass(frozen=True)
class Expected:
    """Definition of a private answer."""

    names: Mapping[str, Sequence[str]]
    """Name -> addresses of its interface endpoint; none where they are not known."""
    networks: Sequence[Network]
    are_all: bool = False
    """True where the names are all that a VPC publishes, not only those that every agent needs."""

    def is_private(self, name: str, address: str) -> bool:
        published = self.names.get(name)
        if published:
            return address in published
        return any(lies_within(address, network) for network in self.networks)


def expectation(
    region: str, document: Mapping[str, object] | None, networks: Sequence[str]
) -> Expected:
    """Return what to expect: of the published document, or of the Region alone. Raises
    ValueError."""
    within: Sequence[Network] = [
        ipaddress.ip_network(each) for each in networks
    ] or PRIVATE_NETWORKS
    if document is None:
        suffix = next(
            (s for start, s in SUFFIXES.items() if region.startswith(start)), "amazonaws.com"
        )
        return Expected({f"{label}.{region}.{suffix}": () for label in SERVICES}, within)
    names, cidrs = document.get("names"), document.get("vpcCidrs")
    if not isinstance(names, dict) or not names or not isinstance(cidrs, list):
        raise ValueError("the document names nothing: it is no publication, or a withdrawn one")
    asked = {n: a for n, a in names.items() if not n.startswith("*.")}
    if not asked or not all(_HOST.fullmatch(name) and len(name) <= _LONGEST for name in asked):
        raise ValueError("the document names no host that can be asked for")
    known = [ipaddress.ip_network(each) for each in (*cidrs, *networks)]
    return Expected(asked, known, are_all=True)


def lies_within(address: str, network: Network) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    return found.version == network.version and found in network
