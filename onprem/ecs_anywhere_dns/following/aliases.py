"""Aliases among the published names that the DNS server refuses, seen beforehand.

Which names are aliases, and of which names, only the resolver IPs know: they are asked.
"""

from __future__ import annotations

from collections.abc import Iterator

from ecs_anywhere_dns.answers.questions import Question
from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.outcome import CheckFailed
from ecs_anywhere_dns.servers.contract import Finding, RefusesAliases


def refused_aliases(host: Host, document: Document) -> Iterator[Finding]:
    """Yield the published names whose answers the DNS server would refuse for their CNAME. Raises
    CheckFailed where the configuration of the server cannot be read."""
    server = host.server
    if isinstance(server, RefusesAliases) and server.may_refuse_aliases():
        yield from server.refused(aliases_of(host, document))


def check_aliases(host: Host, document: Document) -> None:
    """Check that the DNS server refuses no alias among the published names. Raises CheckFailed."""
    for finding in refused_aliases(host, document):
        raise CheckFailed(finding.what, finding.cure)


def aliases_of(host: Host, document: Document) -> dict[str, str]:
    """Return the CNAMEs that the resolver IPs answer for the published names: owner -> target."""
    port = host.settings.resolver_port
    asked = [Question(ip, port, name) for ip in document.resolver_ips for name in document.names]
    return dict(alias for answer in host.asks(asked).values() for alias in answer.chain)
