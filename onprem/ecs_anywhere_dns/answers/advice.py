"""Advice: the places that a person should look at, for each kind of finding. Pure. The same finding
has other causes at a resolver IP, asked directly, than at the DNS server of this host: hence two
tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ecs_anywhere_dns.answers.judgement import ACCEPTED, TRANSPORT_TROUBLE, Code, Verdict

MOST = 3
"""Pieces of advice at once; more is not read."""

_ROUTE = (
    "look at the VPN or Direct Connect and the routes both ways, and whether the security group of "
    "the inbound resolver admits UDP and TCP 53 from this host"
)
_ON_THE_WAY = (
    "something on the way changes the answers or gives its own: look for a DNS proxy or a firewall "
    "that inspects DNS"
)
_NOT_THIS_RESOLVER = (
    "what answers there is no inbound resolver of this VPC, or the interface endpoints have their "
    "private DNS off: compare the IP with the VPC's inbound resolver"
)
_OTHER_VPC = (
    "the IP leads into another VPC, or the publication is out of date: compare the VPC; the app's "
    "next sweep publishes again, and a file has to be fetched anew"
)
_ZONES = (
    'what is forwarded does not cover the answer: set mode = "region"; or wait for the app\'s next '
    "sweep, which publishes again (fetch a file anew)"
)
_ALIASES = "look at the private hosted zones of the VPC: their CNAMEs have no end"
_IPV6 = "look at the private hosted zones of the VPC: an agent would use the IPv6 address"
_IN_PLACE = (
    "another zone, view, hosts entry, response policy (RPZ) or cached answer of the DNS server "
    "comes before the forwarding: run `ecs-anywhere-dns doctor`"
)

RESOLVER_ADVICE: Mapping[Code, str] = {
    "timeout": _ROUTE,
    "unreachable": "this host has no route to the VPC, or its own firewall forbids it; then "
    + _ROUTE,
    "refused": (
        "no DNS server answers at that address: was the inbound resolver made anew elsewhere? "
        "Compare the published resolver IPs with it"
    ),
    "cut-off": _ON_THE_WAY,
    "malformed": _ON_THE_WAY,
    "truncated-on-tcp": _ON_THE_WAY,
    "servfail": "the inbound resolver cannot answer: look at the VPC's Resolver rules, then again",
    "nxdomain": _NOT_THIS_RESOLVER,
    "rcode": _NOT_THIS_RESOLVER,
    "no-recursion": _NOT_THIS_RESOLVER,
    "empty": _NOT_THIS_RESOLVER,
    "public": _NOT_THIS_RESOLVER,
    "wrong-vpc": _OTHER_VPC,
    "wrong-address": _OTHER_VPC,
    "public-aaaa": _IPV6,
    "dns64": _ON_THE_WAY,
    "cname-escapes": _ZONES,
    "not-forwarded": _ZONES,
    "cname-loop": _ALIASES,
}

_LISTENS = (
    "see that the DNS server runs, and answers over UDP and TCP at the configured address and port"
)

SERVER_ADVICE: Mapping[Code, str] = {
    "timeout": _LISTENS + "; if it does, it does not reach the resolver IPs",
    "refused": _LISTENS,
    "unreachable": _LISTENS,
    "cut-off": _LISTENS,
    "malformed": "see that it is a DNS server that answers at the configured address and port",
    "truncated-on-tcp": "look at the DNS server's log: it truncates even over TCP",
    "servfail": (
        "look at the DNS server's log: it does not reach the resolver IPs, validates DNSSEC for "
        "the forwarded zones, or refuses the answers (BIND: deny-answer-addresses, "
        "deny-answer-aliases)"
    ),
    "rcode": "see that the DNS server admits questions from this host",
    "no-recursion": "see that the DNS server admits recursive questions from this host",
    "nxdomain": _IN_PLACE,
    "empty": "the DNS server's protection against rebinding may drop private addresses, or "
    + _IN_PLACE,
    "public": _IN_PLACE,
    "wrong-vpc": _IN_PLACE,
    "wrong-address": _IN_PLACE,
    "public-aaaa": _IN_PLACE,
    "dns64": (
        "the DNS server makes IPv6 addresses from the private IPv4 ones (DNS64), and an agent "
        "would use them: except the VPC's networks, in BIND by `mapped { !10.0.0.0/16; any; };`, "
        "or let the agents' hosts ask a server without DNS64"
    ),
    "cname-escapes": _ZONES,
    "not-forwarded": _ZONES,
    "cname-loop": _ALIASES,
}

_ONLY_AAAA_FAILS = (
    "only AAAA fails: BIND refuses an answer whose SOA lies above the forwarded zone, as that of a "
    'name without a private hosted zone of its own; set mode = "region"'
)
_RATE_LIMIT = (
    "it answers over TCP, and not always, or never, over UDP: a rate limit drops or cuts answers; "
    "except this host from it (BIND: `exempt-clients { 127.0.0.1; };` in rate-limit, Unbound: "
    "ip-ratelimit), or from that of a firewall"
)


def resolver_advice(verdicts: Iterable[Verdict]) -> str:
    """Return the advice for resolver IPs that were asked directly; empty where everything is
    right."""
    verdicts = tuple(verdicts)
    one_sided = tuple(_one_sided(verdicts))
    explained = {server for server, _ in one_sided}
    rest = [
        v for v in verdicts if not (v.question.server in explained and v.code in TRANSPORT_TROUBLE)
    ]
    return _joined([*(text for _, text in one_sided), *_by_code(rest, RESOLVER_ADVICE)])


def server_advice(verdicts: Iterable[Verdict]) -> str:
    """Return advice for the DNS server of this host; empty where everything is right."""
    verdicts = tuple(verdicts)
    bad = [v for v in verdicts if not v.ok]
    if bad and all(v.code == "servfail" and v.question.type == "AAAA" for v in bad):
        return _ONLY_AAAA_FAILS
    if bad and all(_is_lost_on_udp(v) for v in bad) and _is_answered_over_tcp(verdicts):
        return _RATE_LIMIT
    return _joined(_by_code(bad, SERVER_ADVICE))


def _is_lost_on_udp(verdict: Verdict) -> bool:
    return verdict.question.transport == "udp" and verdict.code in {"timeout", "malformed"}


def _is_answered_over_tcp(verdicts: Sequence[Verdict]) -> bool:
    """Return whether all answers over TCP came and are right. That the server hears this host over
    UDP as well was seen before the switch."""
    tcp = [v for v in verdicts if v.question.transport == "tcp"]
    return bool(tcp) and all(v.ok for v in tcp)


def _one_sided(verdicts: Sequence[Verdict]) -> Iterator[tuple[str, str]]:
    """Yield the servers that answer everything over one transport and nothing over the other."""
    for server in dict.fromkeys(v.question.server for v in verdicts):
        mute = {
            transport: _is_mute(v for v in verdicts if _is_of(v, server, transport))
            for transport in ("udp", "tcp")
        }
        if mute["udp"] != mute["tcp"]:
            missing, answered = ("TCP", "UDP") if mute["tcp"] else ("UDP", "TCP")
            yield (
                server,
                f"{missing} 53 to {server} is missing in a security group or a firewall: "
                f"{answered} is answered",
            )


def _is_of(verdict: Verdict, server: str, transport: str) -> bool:
    return (verdict.question.server, verdict.question.transport) == (server, transport)


def _is_mute(verdicts: Iterable[Verdict]) -> bool:
    return all(v.code in TRANSPORT_TROUBLE for v in verdicts)


def _by_code(verdicts: Iterable[Verdict], table: Mapping[Code, str]) -> list[str]:
    """Return the advice of `table` for these verdicts, that for the most frequent finding first."""
    codes = Counter(v.code for v in verdicts if v.code not in ACCEPTED)
    return [table[code] for code, _ in codes.most_common()]


def _joined(pieces: Iterable[str]) -> str:
    return "; ".join(list(dict.fromkeys(pieces))[:MOST])
