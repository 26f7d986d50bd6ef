"""The acknowledgement of this host, after each run that knows its document. It is written once a
day at least, so that a host that fell silent is seen."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.outcome import BadUsage, Exit, Stop
from ecs_anywhere_dns.publication.acknowledgement import (
    Result,
    Statement,
    acknowledgement,
    says_the_same,
)
from ecs_anywhere_dns.report import Report
from ecs_anywhere_dns.settings import PARAMETER_STORE

HEARTBEAT = timedelta(days=1)
NEVER = "a host that shall never call AWS has `acknowledge = false` in its configuration"
RESULTS: dict[Exit, Result] = {Exit.DONE: "applied", Exit.DEGRADED: "degraded"}


def confirm(host: Host, document: Document, report: Report) -> tuple[str, ...]:
    """Acknowledge the document where that is due. Returns hints for the report: a failure changes
    nothing about the forwarding."""
    if not host.settings.acknowledge:
        return ()
    statement = Statement(
        result=RESULTS.get(report.exit, "failed"),
        detail=" - ".join(filter(None, [report.summary, *report.findings, report.cure])),
        at=host.timestamp(),
    )
    text = acknowledgement(host.settings.host, host.server.name, document, statement)
    last, damage = _last(host)
    if not _is_due(host, last, text):
        return ()
    host.progress.begin("acknowledge")
    try:
        host.publication.acknowledge(text)
        host.state.write_acknowledged(text)
    except Stop as problem:
        never = NEVER if host.settings.source != PARAMETER_STORE else ""
        said = (f"not acknowledged: {problem.message}", *filter(None, [problem.cure, never]))
        return (*damage, *said)
    return damage


def _last(host: Host) -> tuple[str, tuple[str, ...]]:
    """Return the last acknowledgement, and hints: where it cannot be read it is written once more,
    which changes nothing for whoever reads it."""
    try:
        return host.state.acknowledged(), ()
    except BadUsage as problem:
        return "", (f"{problem.message}; it is written anew",)


def _is_due(host: Host, last: str, text: str) -> bool:
    if not last or not says_the_same(last, text):
        return True
    written = datetime.fromisoformat(json.loads(last)["at"])
    # Written later than now: the clock was set back.
    return not timedelta() <= host.now() - written <= HEARTBEAT
