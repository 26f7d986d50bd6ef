"""The behaviour of the DNS server with the published names, asked before anything is switched.

It may answer some by itself, as from a hosts entry, before it forwards anything. And it may ask the
resolver IPs from another address than this tool, where a firewall admits only that of this tool.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from secrets import token_hex

from ecs_anywhere_dns.answers.judgement import judge
from ecs_anywhere_dns.answers.questions import Answer, Question
from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.outcome import CheckFailed
from ecs_anywhere_dns.servers.contract import Finding, ReadsHosts
from ecs_anywhere_dns.servers.hosts_files import entries


def hosts_entries(host: Host, document: Document) -> Iterator[Finding]:
    """Yield the published names that stand in hosts files which are read before anything is
    forwarded. Exactly the published addresses are no hindrance, until the endpoint has others."""
    files = host.server.hosts_files() if isinstance(host.server, ReadsHosts) else ()
    found = [entry for entry in entries(files) if entry.name in document.names]
    for name in dict.fromkeys(entry.name for entry in found):
        own = [entry for entry in found if entry.name == name]
        is_right = {entry.address for entry in own} == set(document.names[name])
        said = ", ".join(f"{entry.address} at {entry.place}" for entry in own)
        yield Finding(
            is_right,
            f"{name} stands in a hosts file ({said}), which comes before any forwarding"
            + (": as published now, and it will not follow a change" if is_right else ""),
            f"remove it there: published is {', '.join(document.names[name])}",
        )


def own_answers(host: Host, document: Document) -> Iterator[Finding]:
    """Yield the names that the DNS server answers by itself, with private addresses that are not
    the published ones: endpoints of before, as a rule. It is asked without recursion, which leaves
    its cache as it is; what it only has cached it does not claim authority for (the AA bit, RFC
    1035). dnsmasq asks others none the less, and hands on that bit: hence only private ones."""
    place = (host.settings.address, host.settings.port)
    questions = [Question(*place, name, recurses=False) for name in document.names]
    for question, answer in host.asks(questions).items():
        code = judge(question, answer, document, document.names).code
        if not answer.authoritative or code not in ("wrong-vpc", "wrong-address"):
            continue
        if _is_for_any_name(host, question, answer):
            continue
        said = ", ".join(address for _, address in answer.addresses)
        yield Finding(
            False,
            f"{host.server.title} answers {question.name} by itself ({said}): that comes before "
            "any forwarding",
            "remove that entry: /etc/hosts or another hosts file, host-record and cname of "
            "dnsmasq, local-data of Unbound, a zone of its own",
        )


def denied_names(host: Host, document: Document) -> Iterator[Finding]:
    """Yield that the DNS server denies published names by itself, with authority: from a zone, or a
    view, that no other check has found. A server that hands on the AA bit of others is not asked,
    as dnsmasq: what it denies may be somebody else's word."""
    if isinstance(host.server, ReadsHosts):
        return
    place = (host.settings.address, host.settings.port)
    questions = [Question(*place, name, recurses=False) for name in document.names]
    denied = [
        question.name
        for question, answer in host.asks(questions).items()
        if answer.authoritative
        and judge(question, answer, document, document.names).code in ("nxdomain", "empty")
    ]
    if denied:
        yield Finding(
            False,
            f"{host.server.title} denies {denied[0]} by itself: that comes before any forwarding",
            "find the zone or the view that says so, as a root zone of its own, an auth-zone or a "
            "view of Unbound: delegate our zones in it, or remove it",
        )


def check_not_denied(host: Host, document: Document) -> None:
    """Check that the DNS server denies no published name. Raises CheckFailed."""
    for finding in denied_names(host, document):
        raise CheckFailed(finding.what, finding.cure)


def _is_for_any_name(host: Host, question: Question, answer: Answer) -> bool:
    """Return whether a name beside it, that nobody has, is answered the same: then the answer is
    for a domain above, as of dnsmasq's `address=/#/10.0.0.1`, and our longer zones come first."""
    label, _, parent = question.name.partition(".")
    beside = replace(question, name=f"{token_hex(8)}.{parent}" if parent else label)
    said = {address for _, address in host.asks([beside])[beside].addresses}
    return said == {address for _, address in answer.addresses}


def out_of_reach(host: Host, document: Document) -> Iterator[Finding]:
    """Yield the addresses from which the DNS server is told to ask, and no resolver IP answers."""
    name = min(document.names, default="")
    port = host.settings.resolver_port
    for source in host.server.sources() if name else ():
        asked = [Question(ip, port, name, source=source) for ip in document.resolver_ips]
        answers = host.asks(asked)
        if all(answer.problem for answer in answers.values()):
            problems = ", ".join(f"{q.server}: {a.problem}" for q, a in answers.items())
            yield Finding(
                False,
                f"{host.server.title} is told to ask from {source}, and no resolver IP answers "
                f"there ({problems})",
                "admit that address in routes, firewalls and the security group of the inbound "
                "resolver, or take it out (BIND: query-source, Unbound: outgoing-interface, "
                "PowerDNS: query-local-address)",
            )


def check_reach(host: Host, document: Document, forwarders: Collection[str]) -> None:
    """Check that the resolver IPs answer the addresses from which the DNS server asks. Raises
    CheckFailed."""
    for finding in out_of_reach(host, document) if forwarders else ():
        raise CheckFailed(finding.what, finding.cure)
