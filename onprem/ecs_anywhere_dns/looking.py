"""The commands that change nothing: `check`, `verify`, `status`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ecs_anywhere_dns.answers.explanation import explain
from ecs_anywhere_dns.answers.preflight import preflight
from ecs_anywhere_dns.answers.proof import prove
from ecs_anywhere_dns.document import Document, read_document
from ecs_anywhere_dns.following.acceptance import accept
from ecs_anywhere_dns.following.claims import names_served
from ecs_anywhere_dns.forwarding import forwarding_of
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.memory.documents import Memory
from ecs_anywhere_dns.memory.records import Applied, Distrust
from ecs_anywhere_dns.outcome import BadUsage, Exit, Stop
from ecs_anywhere_dns.pinned.belief import warnings_of
from ecs_anywhere_dns.report import Report, as_one
from ecs_anywhere_dns.units import UNITS, unit_state


def check(hosts: Sequence[Host]) -> Report:
    """Fetch, validate, ask each resolver IP: what `apply` would do first."""
    return as_one([_looked(host, "check", _check) for host in hosts])


def verify(hosts: Sequence[Host]) -> Report:
    """Ask the DNS server for every name of the documents that were applied."""
    return as_one([_looked(host, "verify", _verify) for host in hosts])


def status(hosts: Sequence[Host], units: Path = UNITS) -> Mapping[str, Any]:
    """Return what is believed, what is applied, how the last run ended, and whether the systemd
    service in `units` is the one that this version writes. Reads files, asks nobody. Where several
    VPCs are followed, what is said of each stands in `publications` only."""
    host = hosts[0]
    applied = host.state.applied()
    each = [_status_of(one, applied) for one in hosts]
    return {
        **(each[0] if len(each) == 1 else {}),
        "server": host.server.name,
        "zones": applied.forwarding.zones,
        "forwarders": applied.forwarding.forwarders,
        "appliedAt": applied.at,
        "switching": host.state.journal() is not None,
        "unit": unit_state(host.settings, host.server, units, len(hosts)),
        "lastRun": host.state.report(),
        "publications": each,
    }


def _status_of(host: Host, applied: Applied) -> Mapping[str, Any]:
    last = applied.of(host.settings.vpc)
    document = Memory.of(last).document
    return {
        "vpc": host.settings.vpc,
        "account": host.settings.account,
        "networks": host.settings.networks,
        "signature": host.settings.signature,
        "keys": [{"id": k.id, "fingerprint": k.fingerprint} for k in host.settings.keys],
        "warnings": warnings_of(host.settings),
        "generation": document.generation if document else None,
        "state": document.state if document else "nothing applied",
        "zones": last.forwarding.zones,
        "forwarders": last.forwarding.forwarders,
        "appliedAt": last.at,
        "standby": _standby_of(host),
    }


def _standby_of(host: Host) -> str:
    """Return for which VPC this one stands by, or in the place of which it serves."""
    first, duty = host.settings.standby_for, host.state.duty()
    if not first:
        return ""
    return f"serves in the place of {first} since {duty.since}" if duty.serving else f"for {first}"


def _looked(host: Host, command: str, look: Callable[[Host, Report], Report]) -> Report:
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


def _check(host: Host, report: Report) -> Report:
    memory = host.state.memory()
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
    last, now = memory.last, host.now()
    accept(document, host.settings, last, Distrust(), now, force=False)
    try:
        accept(document, host.settings, last, host.state.distrust(), now, force=False)
    except Stop as problem:
        return problem.message, problem.cure
    return ()


def _verify(host: Host, report: Report) -> Report:
    applied = host.state.applied()
    last = applied.of(host.settings.vpc)
    document = Memory.of(last).document
    if document is None:
        raise BadUsage("nothing was applied here", "`ecs-anywhere-dns apply` does")
    report = _about(report, document)
    if document.state == "withdrawn":
        return replace(report, summary=f"{document.label}: nothing is forwarded, nothing to ask")
    host.progress.begin("verify")
    asked = replace(document, names=names_served(document, applied.forwarding))
    answers = prove(asked, applied.forwarding, host.settings, host.asks)
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
