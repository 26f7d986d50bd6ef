"""One look at one VPC: a report of it, whatever comes in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.outcome import Stop
from ecs_anywhere_dns.pinned.belief import warnings_of
from ecs_anywhere_dns.report import Report


def looked(host: Host, command: str, look: Callable[[Host, Report], Report]) -> Report:
    """Return the report that `look` makes of one VPC, or of the Stop that it raises."""
    report = Report(
        command,
        host=host.settings.host,
        server=host.server.name,
        vpc=host.settings.vpc,
        hints=warnings_of(host.settings),
    )
    try:
        report = look(host, report)
    except Stop as problem:
        report = report.stopped(problem)
    host.progress.end()
    return replace(report, at=host.timestamp(), seconds=dict(host.progress.seconds))


def about(report: Report, document: Document) -> Report:
    """Return the report with what it is about."""
    return replace(
        report,
        vpc=document.vpc_id,
        generation=document.generation,
        state=document.state,
        checksum=document.checksum,
    )
