"""DNS messages: a query's bytes to a question, and to an answer's bytes."""

from __future__ import annotations

from collections.abc import Iterable

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

PUBLIC_ADDRESS = "198.51.100.7"
"""The address that stands for every address on the internet (TEST-NET-2, RFC 5737: nobody's)."""
TTL = 60
LARGEST_MESSAGE = 65535

Record = tuple[str, str, str]
"""Owner, type, data."""


class Exchange:
    """One query, and the answer that is being made of it."""

    def __init__(self, query: dns.message.Message, *, authoritative: bool) -> None:
        self._query = query
        question = query.question[0]
        self.name = question.name.to_text(omit_final_dot=True).lower()
        """The name without a final dot, apart from the root's."""
        self.type = dns.rdatatype.to_text(question.rdtype)
        self._response = dns.message.make_response(query, recursion_available=True)
        if authoritative:
            self._response.flags |= dns.flags.AA

    def fails(self, rcode: str) -> None:
        self._response.set_rcode(dns.rcode.from_text(rcode))

    def has(self, records: Iterable[Record]) -> None:
        for owner, kind, data in records:
            self._response.answer.append(_rrset(owner, kind, data))

    def has_nothing(self, apex: str) -> None:
        """An empty answer, of the zone at `apex`."""
        soa = "ns-1536.awsdns-00.co.uk. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 60"
        self._response.authority.append(_rrset(apex, "SOA", soa))

    def wire(self, transport: str) -> bytes:
        """Truncated (TC) to what its asker can take over UDP: 512 bytes without EDNS."""
        limit = max(512, self._query.payload) if transport == "udp" else LARGEST_MESSAGE
        return self._response.to_wire(max_size=limit, prefer_truncation=True)


def exchange_of(wire: bytes, *, authoritative: bool = False) -> Exchange | None:
    """Return the exchange that a query begins; None for bytes that are no query, which nobody
    answers."""
    try:
        query = dns.message.from_wire(wire)
    except dns.exception.DNSException:
        return None
    return Exchange(query, authoritative=authoritative) if query.question else None


def _rrset(owner: str, kind: str, data: str) -> dns.rrset.RRset:
    return dns.rrset.from_text(dns.name.from_text(owner), TTL, "IN", kind, data)
