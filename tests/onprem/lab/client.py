"""A client on-premises, as an agent's host is one: asks the company's DNS server."""

from __future__ import annotations

import time
from dataclasses import dataclass

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

from tests.onprem.lab.network import Network

PATIENCE = 3.0
"""Seconds, once: this client does not ask again."""
TIMEOUT = "TIMEOUT"
NOT_LISTENING = "CONNECTION REFUSED"


@dataclass(frozen=True)
class Reply:
    rcode: str
    """`NOERROR`, `SERVFAIL`…, or TIMEOUT where nothing came."""
    addresses: tuple[str, ...] = ()
    """Sorted; those of the end of a chain of CNAMEs."""
    seconds: float = 0.0
    message: dns.message.Message | None = None


def ask(
    network: Network, server: tuple[str, int], name: str, kind: str, transport: str, patience: float
) -> Reply:
    query = dns.message.make_query(name, kind)
    begun = time.monotonic()
    try:
        message = _exchange(network, server, query, transport, patience)
    except (dns.exception.Timeout, TimeoutError):
        return Reply(TIMEOUT, seconds=time.monotonic() - begun)
    except (ConnectionError, EOFError):
        return Reply(NOT_LISTENING, seconds=time.monotonic() - begun)
    seconds = time.monotonic() - begun
    return Reply(dns.rcode.to_text(message.rcode()), _addresses(message), seconds, message)


def _exchange(
    network: Network,
    server: tuple[str, int],
    query: dns.message.Message,
    transport: str,
    patience: float,
) -> dns.message.Message:
    ip, port = server
    with network.bind(transport, "127.0.0.1", 0) as client:
        if transport == "udp":
            client.setblocking(False)
            return dns.query.udp(query, ip, patience, port, sock=client)
        client.settimeout(patience)
        client.connect(server)
        client.setblocking(False)
        return dns.query.tcp(query, ip, patience, sock=client)


def _addresses(message: dns.message.Message) -> tuple[str, ...]:
    kinds = (dns.rdatatype.A, dns.rdatatype.AAAA)
    records = (record for rrset in message.answer if rrset.rdtype in kinds for record in rrset)
    return tuple(sorted(record.to_text() for record in records))
