"""A client on the site: asks DNS and tells what came.

As a program, `python question.py <server> <own address> <seconds>`: reads JSON
`[[name, transport], …]` on stdin and writes `[[rcode, [address, …]], …]`. That runs on the
site, and needs nothing but dnspython.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

PROGRAM = (sys.executable, "-P", __file__)


@dataclass(frozen=True)
class Question:
    """A question for the IPv4 addresses of a name, over `udp` or `tcp`."""

    name: str
    transport: str = "udp"


@dataclass(frozen=True)
class Answer:
    rcode: str
    """`NOERROR`, `SERVFAIL`…; where no answer came, what went wrong: `Timeout`."""
    addresses: tuple[str, ...]
    """The addresses at the end of all aliases, sorted."""


def ask(question: Question, server: str, source: str, seconds: float) -> Answer:
    send = dns.query.udp if question.transport == "udp" else dns.query.tcp
    query = dns.message.make_query(question.name, dns.rdatatype.A)
    try:
        answer = send(query, server, timeout=seconds, source=source)
    except (dns.exception.DNSException, OSError, EOFError) as error:
        return Answer(type(error).__name__, ())
    records = [rrset for rrset in answer.answer if rrset.rdtype == dns.rdatatype.A]
    addresses = sorted(str(record) for rrset in records for record in rrset)
    return Answer(dns.rcode.to_text(answer.rcode()), tuple(addresses))


def main(server: str, source: str, seconds: str) -> None:
    answers = [
        ask(Question(*asked), server, source, float(seconds)) for asked in json.load(sys.stdin)
    ]
    json.dump([[answer.rcode, answer.addresses] for answer in answers], sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
