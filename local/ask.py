"""Ask an inbound resolver from outside, as `dig` on this machine does."""

from __future__ import annotations

import dns.exception
import dns.message
import dns.query
import dns.rdatatype

from local.contracts import InboundAddress

TIMEOUT = 2.0


def ask(address: InboundAddress, name: str, transport: str = "udp") -> tuple[str, ...]:
    """The addresses of `name`, sorted; empty if nobody answers or there is none."""
    send = dns.query.udp if transport == "udp" else dns.query.tcp
    query = dns.message.make_query(name, dns.rdatatype.A)
    try:
        answer = send(query, address.host, port=address.port, timeout=TIMEOUT)
    except (dns.exception.DNSException, OSError, EOFError):
        return ()
    return tuple(
        sorted(
            str(item)
            for rrset in answer.answer
            if rrset.rdtype == dns.rdatatype.A
            for item in rrset
        )
    )


def dig_command(address: InboundAddress, name: str) -> str:
    return f"dig +short @{address.host} -p {address.port} {name}"
