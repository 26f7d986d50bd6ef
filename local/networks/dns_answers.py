"""Answers of Route 53 Resolver at an inbound endpoint: private names first, then the internet's.

Pure: a query's bytes in, an answer's bytes out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset

Names = Mapping[str, tuple[str, ...]]

TTL = 60
PUBLIC_ADDRESS = "198.51.100.7"
"""The address that stands for every public address of AWS (TEST-NET-2, RFC 5737: nobody's)."""
PUBLIC_ZONES = (
    *("amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "api.aws", "on.aws"),
    *("api.amazonwebservices.com.cn", "api.amazonwebservices.eu"),
)
ECR_API = "api.ecr."
"""The beginning of names that public DNS makes aliases (CNAME): `api.ecr.<region>` of
`ecr.<region>`."""


@dataclass(frozen=True)
class Private:
    """The private answers in a VPC, which come before the internet's DNS."""

    names: Names
    zones: Collection[str] = ()
    """Private hosted zones of customers: what they have no name for does not exist."""
    unanswered: Collection[str] = ()
    """Domains that are forwarded to addresses at which nobody answers."""


def respond(wire: bytes, private: Private, *, over_udp: bool) -> bytes | None:
    """Return the answer to a query, truncated (TC) to what its asker can take over UDP.

    None for what is no DNS query; a server must not answer that.
    """
    try:
        query = dns.message.from_wire(wire)
        response = dns.message.make_response(query, recursion_available=True)
    except dns.exception.DNSException:
        return None
    if query.opcode() == dns.opcode.QUERY and len(query.question) == 1:
        _answer(query.question[0], private, response)
    else:
        response.set_rcode(dns.rcode.NOTIMP)
    # The asker's EDNS buffer; without EDNS a datagram holds 512 bytes (RFC 1035).
    limit = max(512, query.payload) if over_udp else 65535
    return response.to_wire(max_size=limit, prefer_truncation=True)


def _answer(question: dns.rrset.RRset, private: Private, response: dns.message.Message) -> None:
    owner = question.name
    name = _text(owner)
    if name.startswith(ECR_API) and name in private.names and name not in private.zones:
        target = dns.name.from_text(name.removeprefix("api."))
        response.answer.append(dns.rrset.from_text(owner, TTL, "IN", "CNAME", f"{target}"))
        owner = target
    zone = _zone(_text(owner), private)
    if _goes_nowhere(_text(owner), zone, private):
        response.set_rcode(dns.rcode.SERVFAIL)
    elif zone is None:
        response.set_rcode(dns.rcode.NXDOMAIN)
        response.authority.append(_soa("."))
    elif question.rdtype == dns.rdatatype.A and zone.addresses:
        response.answer.append(dns.rrset.from_text(owner, TTL, "IN", "A", *zone.addresses))
    else:
        if not zone.addresses and zone.apex != _text(owner):
            response.set_rcode(dns.rcode.NXDOMAIN)
        response.authority.append(_soa(zone.apex))


@dataclass(frozen=True)
class _Zone:
    """The zone that answers for a name, and the addresses that it has for the name."""

    apex: str
    addresses: tuple[str, ...] = ()
    public: bool = False


def _goes_nowhere(name: str, zone: _Zone | None, private: Private) -> bool:
    """Return whether a rule without an answer takes the name. Of the rules and the private zones of
    a VPC the most specific wins, and the rule among equals ("How Resolver determines whether the
    domain name in a query matches any rules")."""
    rules = [each for each in (name, *_parents(name), "") if each in private.unanswered]
    return bool(rules) and (zone is None or zone.public or len(rules[0]) >= len(zone.apex))


def _zone(name: str, private: Private) -> _Zone | None:
    """Return the zone that answers for `name`.

    A private hosted zone's apex is the private name itself (without its `*.`); the
    public zone's lies above. BIND minds the difference in the SOA of an empty answer.
    """
    names, parents = private.names, _parents(name)
    if name in names:
        return _Zone(name, names[name])
    if name.startswith("ecr.") and f"api.{name}" in names and f"api.{name}" not in private.zones:
        return _Zone(name, names[f"api.{name}"])
    for parent in parents:
        if f"*.{parent}" in names:
            return _Zone(parent, names[f"*.{parent}"])
    for each in (name, *parents):
        if each in private.zones:
            return _Zone(each)
    if any(zone in PUBLIC_ZONES for zone in (name, *parents)):
        return _Zone(parents[0], (PUBLIC_ADDRESS,), public=True)
    return None


def _parents(name: str) -> list[str]:
    labels = name.split(".")
    return [".".join(labels[depth:]) for depth in range(1, len(labels))]


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()


def _soa(apex: str) -> dns.rrset.RRset:
    """Return the SOA of a Route 53 private hosted zone, with its usual timers."""
    soa = "ns-1536.awsdns-00.co.uk. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"
    return dns.rrset.from_text(dns.name.from_text(apex), TTL, "IN", "SOA", soa)
