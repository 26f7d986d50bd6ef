"""The commands that change nothing: `check`, `verify`, `status`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ecs_anywhere_dns.answers.explanation import explain
from ecs_anywhere_dns.answers.preflight import preflight
from ecs_anywhere_dns.answers.proof import prove
from ecs_anywhere_dns.document import Document, read_document
from ecs_anywhere_dns.following.acceptance import accept
from ecs_anywhere_dns.forwarding import forwarding_of
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.memory.state import Distrust, Memory
from ecs_anywhere_dns.outcome import BadUsage, Exit, Stop
from ecs_anywhere_dns.pinned.belief import warnings_of
from ecs_anywhere_dns.report import Report
from ecs_anywhere_dns.units import UNITS, unit_state


def check(host: Host) -> Report:
    """Fetch, validate, ask each resolver IP: what `apply` would do first."""
    return _looked(host, "check", _check)


def verify(host: Host) -> Report:
    """Ask the DNS server for every name of the document that was applied."""
    return _looked(host, "verify", _verify)


def status(host: Host, units: Path = UNITS) -> Mapping[str, Any]:
    """Return what is believed, what is applied, how the last run ended, and whether the systemd
    service in `units` is the one that this version writes. Reads files, asks nobody."""
    applied = host.state.applied()
    document = Memory.of(applied).document
    return {
        "vpc": host.settings.vpc,
        "account": host.settings.account,
        "networks": host.settings.networks,
        "signature": host.settings.signature,
        "keys": [{"id": k.id, "fingerprint": k.fingerprint} for k in host.settings.keys],
        "warnings": warnings_of(host.settings),
        "server": host.server.name,
        "generation": document.generation if document else None,
        "state": document.state if document else "nothing applied",
        "zones": applied.forwarding.zones,
        "forwarders": applied.forwarding.forwarders,
        "appliedAt": applied.at,
        "switching": host.state.journal() is not None,
        "unit": unit_state(host.settings, host.server, units),
        "lastRun": host.state.report(),
    }


def _looked(host: Host, command: str, look: Callable[[Host, Report], Report]) -> Report:
    report = Report(
        command,
        host=host.settings.host,
        server=host.server.name,
        hints=warnings_of(host.settings),
    )
    try:
        report = look(host, report)
    except Stop as problem:
        report = report.stopped(problem)
    host.progress.end()
    return replace(report, at=host.timestamp(), seconds=dict(host.progress.seconds))


def _check(host: Host, report: Report) -> Report:
    memory = Memory.of(host.state.applied())
    host.progress.begin("fetch")
    document = read_document(host.publication.fetch(memory.known))
    report = replace(
        _about(report, document), hints=(*report.hints, *_acceptable(host, memory, document))
    )
    if document.state == "withdrawn":
        return replace(report, summary=f"{document.label}: nothing to forward")
    host.progress.begin("preflight")
    zones = forwarding_of(document, (), host.settings.mode).zones
    seen = preflight(document, zones, host.asks, host.settings.resolver_port)
    seen.forwarders(host.server.uses_other_when_silent)
    fit = ", ".join(seen.fit)
    return replace(
        report,
        exit=Exit.DEGRADED if seen.is_degraded else Exit.DONE,
        summary=f"{document.label}: {fit} answer every name as published",
        findings=tuple(explain(seen.troubles)),
        cure=seen.cure,
        zones=zones,
        forwarders=seen.fit,
    )


def _acceptable(host: Host, memory: Memory, document: Document) -> tuple[str, ...]:
    """Why `apply` would not take it now although it is for this host. Raises Refused where it is
    not."""
    applied, now = memory.applied, host.now()
    accept(document, host.settings, applied, Distrust(), now, force=False)
    try:
        accept(document, host.settings, applied, host.state.distrust(), now, force=False)
    except Stop as problem:
        return problem.message, problem.cure
    return ()


def _verify(host: Host, report: Report) -> Report:
    memory = Memory.of(host.state.applied())
    document = memory.document
    if document is None:
        raise BadUsage("nothing was applied here", "`ecs-anywhere-dns apply` does")
    report = _about(report, document)
    if document.state == "withdrawn":
        return replace(report, summary=f"{document.label}: nothing is forwarded, nothing to ask")
    host.progress.begin("verify")
    answers = prove(document, memory.applied.forwarding, host.settings, host.asks)
    report = replace(
        report,
        answers=len(answers.verdicts),
        answers_right=answers.right,
        findings=tuple(explain(answers.verdicts)),
    )
    try:
        answers.raise_unless_right()
    except Stop as problem:
        return report.stopped(problem)
    return replace(report, summary=f"{answers.right} of {len(answers.verdicts)} answers are right")


def _about(report: Report, document: Document) -> Report:
    return replace(
        report,
        vpc=document.vpc_id,
        generation=document.generation,
        state=document.state,
        checksum=document.checksum,
    )
