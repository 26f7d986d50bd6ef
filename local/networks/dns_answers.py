"""What Route 53 Resolver answers at an inbound endpoint: private names first, then the internet's.

Pure: a query's bytes in, an answer's bytes out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

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
"""Stands for every public address of AWS (TEST-NET-2, RFC 5737: nobody's)."""
PUBLIC_ZONES = ("amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "api.aws", "on.aws")
ECR_API = "api.ecr."
"""Public DNS makes `api.ecr.<region>` an alias (CNAME) of `ecr.<region>`."""


def respond(
    wire: bytes, names: Names, zones: Collection[str] = (), *, over_udp: bool
) -> bytes | None:
    """The answer to a query, truncated (TC) to what its asker can take over UDP. What `zones`,
    private hosted zones of customers, have no name for does not exist.

    None for what is no DNS query; a server must not answer that.
    """
    try:
        query = dns.message.from_wire(wire)
        response = dns.message.make_response(query, recursion_available=True)
    except dns.exception.DNSException:
        return None
    if query.opcode() == dns.opcode.QUERY and len(query.question) == 1:
        _answer(query.question[0], names, zones, response)
    else:
        response.set_rcode(dns.rcode.NOTIMP)
    # The asker's EDNS buffer; without EDNS a datagram holds 512 bytes (RFC 1035).
    limit = max(512, query.payload) if over_udp else 65535
    return response.to_wire(max_size=limit, prefer_truncation=True)


def _answer(
    question: dns.rrset.RRset, names: Names, zones: Collection[str], response: dns.message.Message
) -> None:
    owner = question.name
    name = _text(owner)
    if name.startswith(ECR_API) and name in names:
        target = dns.name.from_text(name.removeprefix("api."))
        response.answer.append(dns.rrset.from_text(owner, TTL, "IN", "CNAME", f"{target}"))
        owner = target
    zone = _zone(_text(owner), names, zones)
    if zone is None:
        response.set_rcode(dns.rcode.NXDOMAIN)
        response.authority.append(_soa("."))
    elif question.rdtype == dns.rdatatype.A and zone[1]:
        _, addresses = zone
        response.answer.append(dns.rrset.from_text(owner, TTL, "IN", "A", *addresses))
    else:
        apex, _ = zone
        if apex in zones and apex != _text(owner) and not zone[1]:
            response.set_rcode(dns.rcode.NXDOMAIN)
        response.authority.append(_soa(apex))


def _zone(
    name: str, names: Names, zones: Collection[str] = ()
) -> tuple[str, tuple[str, ...]] | None:
    """The apex of the zone that answers for `name`, and the name's addresses, if it has any.

    A private hosted zone's apex is the private name itself (without its `*.`); the
    public zone's lies above. BIND minds the difference in the SOA of an empty answer.
    """
    parents = _parents(name)
    if name in names:
        return name, names[name]
    if name.startswith("ecr.") and f"api.{name}" in names:
        return name, names[f"api.{name}"]
    for parent in parents:
        if f"*.{parent}" in names:
            return parent, names[f"*.{parent}"]
    for parent in (name, *parents):
        if parent in zones:
            return parent, ()
    if any(zone in PUBLIC_ZONES for zone in (name, *parents)):
        return parents[0], (PUBLIC_ADDRESS,)
    return None


def _parents(name: str) -> list[str]:
    labels = name.split(".")
    return [".".join(labels[depth:]) for depth in range(1, len(labels))]


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()


def _soa(apex: str) -> dns.rrset.RRset:
    """The SOA of a Route 53 private hosted zone, with its usual timers."""
    soa = "ns-1536.awsdns-00.co.uk. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"
    return dns.rrset.from_text(dns.name.from_text(apex), TTL, "IN", "SOA", soa)
