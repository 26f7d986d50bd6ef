"""Workloads: programs that the owner of a VPC runs in it, when a story is about those.

Amazon's DNS server answers at the VPC's base address plus two, whether there is an inbound resolver
or not (VPC user guide, "Amazon DNS server"). It says what inbound resolvers say, but for the names
of endpoints with `PrivateDnsOnlyForInboundResolverEndpoint`: those it answers publicly (S3 user
guide, "Private DNS"). And the internet can be reached: one TLS server that is all of AWS's.
"""

from __future__ import annotations

import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from local.contracts import NetworkState
from local.networks.dns_answers import PUBLIC_ZONES
from local.networks.listeners import LARGEST_READ
from local.networks.site import address

if TYPE_CHECKING:
    from local.engine import EmbeddedAws
    from local.networks import VpcNetworks

DNS_HOST = 2
ONLY_INBOUND = "PrivateDnsOnlyForInboundResolverEndpoint"


@dataclass(frozen=True)
class Workloads:
    """The address of the VPC's own DNS server, and the private names that it does not know yet."""

    dns_ip: str
    unheard: frozenset[str] = frozenset()

    def as_json(self) -> dict[str, Any]:
        return {"dns_ip": self.dns_ip, "unheard": sorted(self.unheard)}


@contextmanager
def workloads_admitted(aws: EmbeddedAws, vpc_id: str, cidrs: Sequence[str]) -> Iterator[str]:
    """Yield the address of the VPC's DNS server, for as long as workloads are to run there (started
    by `aws.networks.run_inside`); `cidrs` are the VPC's, the primary one first."""
    networks, dns_ip = cast("VpcNetworks", aws.networks), address(cidrs[0], DNS_HOST)
    only_inbound = OnlyInbound(aws.client("ec2"), vpc_id)

    def tell(of: str, state: NetworkState) -> NetworkState:
        if of == vpc_id:  # Before the names come: they must not be heard for a moment.
            networks.admit(vpc_id, cidrs, Workloads(dns_ip, only_inbound.names()))
        return state

    networks.admit(vpc_id, cidrs, Workloads(dns_ip, only_inbound.names()))
    aws.vpc_answers.sources.append(tell)
    try:
        yield dns_ip
    finally:
        aws.vpc_answers.sources.remove(tell)
        networks.admit(vpc_id, cidrs, None)


@dataclass
class OnlyInbound:
    """The private names of a VPC that only inbound resolvers answer.

    Remembered by name, of the last endpoint that had it: a zone outlasts its private DNS.
    """

    ec2: Any
    vpc_id: str
    _only: dict[str, bool] = field(default_factory=dict)

    def names(self) -> frozenset[str]:
        of_the_vpc = [{"Name": "vpc-id", "Values": [self.vpc_id]}]
        for endpoint in self.ec2.describe_vpc_endpoints(Filters=of_the_vpc)["VpcEndpoints"]:
            if endpoint["PrivateDnsEnabled"]:
                only = endpoint["DnsOptions"].get(ONLY_INBOUND, False)
                self._only |= {entry["DnsName"]: only for entry in endpoint["DnsEntries"]}
        return frozenset(name for name, only in self._only.items() if only)


def public_context(certified: Callable[[str], ssl.SSLContext]) -> ssl.SSLContext:
    """Return the context of a server with the certificates of all names of AWS, and of no other.
    `certified` makes the context with the certificate of a name."""

    def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
        if name is None or not name.endswith(tuple(f".{zone}" for zone in PUBLIC_ZONES)):
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        connection.context = certified(name)
        return None

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = choose
    return context


async def hear_out(reader: StreamReader, _: StreamWriter) -> None:
    """Keep the connection until the client leaves, and say nothing."""
    while await reader.read(LARGEST_READ):
        pass  # the words of the client, which nobody needs
