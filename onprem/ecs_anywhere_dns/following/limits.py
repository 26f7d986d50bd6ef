"""The limits of the DNS server that the questions of one verification overrun, seen beforehand."""

from __future__ import annotations

from collections.abc import Iterator

from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.outcome import CheckFailed
from ecs_anywhere_dns.servers.contract import Finding, HasLimits


def overrun_limits(host: Host, document: Document) -> Iterator[Finding]:
    """Yield the limits that are too low to ask for every name of the document at once. Raises
    CheckFailed where the configuration of the server cannot be read."""
    if isinstance(host.server, HasLimits):
        yield from host.server.overrun(document.names)


def check_within_limits(host: Host, document: Document) -> None:
    """Check that asking for every name at once overruns no limit. Raises CheckFailed."""
    for finding in overrun_limits(host, document):
        raise CheckFailed(finding.what, finding.cure)
