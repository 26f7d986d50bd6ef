"""Answers of the internet's DNS in an embedded world: every name exists, and has one address.

One server stands for all of them, from the root down, so a recursive server that begins at
its root hints ends here whatever it is asked. Unsigned. Pure: bytes in, bytes out.
"""

from __future__ import annotations

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.rrset

from local.contracts import PublicQuery
from local.networks.dns_answers import PUBLIC_ADDRESS

PUBLIC_DNS = "203.0.113.1"
"""The address of the internet's DNS, in TEST-NET-3 (RFC 5737): nobody's."""
ROOT_SERVER = "a.root-servers.net"
TTL = 60
SOA = f"{ROOT_SERVER}. nstld.example. 1 1800 900 604800 86400"


def answer_publicly(wire: bytes, *, over_udp: bool) -> tuple[PublicQuery, bytes] | None:
    """Return the query and the answer to it; None for bytes that are no DNS question."""
    try:
        query = dns.message.from_wire(wire)
        response = dns.message.make_response(query)
        question = query.question[0]
    except (dns.exception.DNSException, IndexError):
        return None
    response.flags |= dns.flags.AA
    _fill(response, question)
    limit = max(512, query.payload) if over_udp else 65535
    asked = PublicQuery(_text(question.name), dns.rdatatype.to_text(question.rdtype))
    return asked, response.to_wire(max_size=limit, prefer_truncation=True)


def _fill(response: dns.message.Message, question: dns.rrset.RRset) -> None:
    name, kind = question.name, question.rdtype
    if name == dns.name.root and kind == dns.rdatatype.NS:
        response.answer.append(dns.rrset.from_text(name, TTL, "IN", "NS", f"{ROOT_SERVER}."))
        response.additional.append(
            dns.rrset.from_text(f"{ROOT_SERVER}.", TTL, "IN", "A", PUBLIC_DNS)
        )
    elif kind == dns.rdatatype.A:
        address = PUBLIC_DNS if _text(name) == ROOT_SERVER else PUBLIC_ADDRESS
        response.answer.append(dns.rrset.from_text(name, TTL, "IN", "A", address))
    else:
        response.authority.append(dns.rrset.from_text(dns.name.root, TTL, "IN", "SOA", SOA))


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()
