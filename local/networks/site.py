"""A company's site in the network process of its VPC: the cable between, the internet beyond.

The site is a network namespace of its own. To the VPC leads one link, as a Direct Connect
would; and there is one DNS server that stands for all of the internet's. It can reach
nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from local.networks.listeners import Server, serve_dns
from local.networks.namespace import Held
from local.networks.public_answers import PUBLIC_DNS, answer_publicly

VPC_LINK, SITE_LINK = "onprem", "vpc"
"""The ends of the cable, by where they lead."""
VPC_PEER, SITE_PEER, PEERING_LENGTH = "169.254.100.1", "169.254.100.2", 30
"""The addresses of the cable's ends, as AWS and a customer's router have them for BGP."""
DNS_HOST, CLIENT_HOST = 53, 10


def address(cidr: str, number: int) -> str:
    return str(ip_network(cidr)[number])


def hindrance_to(cidr: str, vpc_cidrs: Sequence[str]) -> str | None:
    """Return the reason why a site cannot have this network; None if it can. A VPN gateway would
    not route it, either."""
    network = ip_network(cidr)
    if network.num_addresses <= DNS_HOST:
        return f"{cidr} is too small: the DNS host is number {DNS_HOST} in it"
    overlap = [other for other in vpc_cidrs if ip_network(other).overlaps(network)]
    return f"{cidr} overlaps the VPC's {overlap[0]}" if overlap else None


class Internet:
    """The DNS of the internet, and a log of what it was asked: one JSON list a line."""

    def __init__(self, log: Path) -> None:
        self._log = log.open("w", buffering=1)

    async def serve(self, site: Held) -> list[Server]:
        return await serve_dns(
            site.bind("udp", PUBLIC_DNS, 53), site.bind("tcp", PUBLIC_DNS, 53), self._respond
        )

    def _respond(self, wire: bytes, *, over_udp: bool) -> bytes | None:
        answered = answer_publicly(wire, over_udp=over_udp)
        if answered is None:
            return None
        query, response = answered
        # First: whoever has an answer finds the question in the log.
        self._log.write(json.dumps([query.name, query.kind]) + "\n")
        return response

    def close(self) -> None:
        self._log.close()


class Site:
    """One site, connected to the VPC's namespace until closed."""

    def __init__(self, vpc: Held, namespace: Held, cidr: str, log: Path) -> None:
        self._vpc, self._namespace, self._cidr = vpc, namespace, cidr
        self._internet = Internet(log)
        self._servers: list[Server] = []
        self._is_up = False
        self.prefix = namespace.prefix

    @classmethod
    async def connect(cls, vpc: Held, wanted: dict[str, Any]) -> Site:
        """Return the connected site. Raises OSError where this machine has no such links."""
        site = cls(vpc, vpc.neighbour(), wanted["cidr"], Path(wanted["log"]))
        try:
            site._lay_cable()
            site._servers = await site._internet.serve(site._namespace)
        except OSError:
            site.close()
            raise
        return site

    def apply(self, cidrs: Sequence[str], *, up: bool) -> None:
        """Set the state of the link, and the routes over it."""
        if up != self._is_up:
            self._vpc.configure("switch", VPC_LINK, "up" if up else "down")
            self._namespace.configure("forget_neighbours", SITE_LINK)
            self._is_up = up
        if up:
            self._vpc.configure("route", VPC_LINK, [self._cidr], SITE_PEER, None)
        source = address(self._cidr, DNS_HOST)
        self._namespace.configure("route", SITE_LINK, cidrs, VPC_PEER, source)

    def close(self) -> None:
        for server in self._servers:
            server.close()
        self._internet.close()
        try:
            self._vpc.configure("remove", VPC_LINK)
        finally:
            self._namespace.close()

    def _lay_cable(self) -> None:
        hosts = [address(self._cidr, number) for number in (DNS_HOST, CLIENT_HOST)]
        self._namespace.configure("own", [*hosts, PUBLIC_DNS])
        self._vpc.configure("join", VPC_LINK, SITE_LINK, self._namespace.pid)
        self._vpc.configure("number", VPC_LINK, VPC_PEER, PEERING_LENGTH)
        self._namespace.configure("number", SITE_LINK, SITE_PEER, PEERING_LENGTH)
        self._namespace.configure("switch", SITE_LINK, "up")
