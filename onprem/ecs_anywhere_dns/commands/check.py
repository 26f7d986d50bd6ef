"""`check`: fetch and validate the publication, and ask each resolver IP. Changes nothing."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace

from ecs_anywhere_dns.answers.explanation import explain
from ecs_anywhere_dns.answers.preflight import preflight
from ecs_anywhere_dns.commands.followers import run_with
from ecs_anywhere_dns.commands.looking import about, looked
from ecs_anywhere_dns.document import Document, read_document
from ecs_anywhere_dns.following.acceptance import History, accept
from ecs_anywhere_dns.forwarding import forwarding_of
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.memory.documents import Memory
from ecs_anywhere_dns.memory.records import Distrust
from ecs_anywhere_dns.outcome import Exit, Stop
from ecs_anywhere_dns.publication.source import judging
from ecs_anywhere_dns.report import Report, as_one


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add nothing: `check` has no options of its own."""


def run(arguments: argparse.Namespace) -> int:
    """Print how each publication is, and return the exit code of the worst."""
    return run_with(arguments, check)


def check(hosts: Sequence[Host]) -> Report:
    """Return what `apply` would find before it touches anything. Never raises Stop."""
    return as_one([looked(host, "check", _check) for host in hosts])


def _check(host: Host, report: Report) -> Report:
    memory = host.state.memory()
    host.progress.begin("fetch")
    text = host.publication.fetch(memory.known)
    with judging(host.settings):
        document = read_document(text)
        hints = _acceptable(host, memory, document)
    report = replace(about(report, document), hints=(*report.hints, *hints))
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
    """Return why `apply` would not take a document now that is for this host. Raises Refused where
    it is not."""
    last, now = memory.last, host.now()
    accept(document, host.settings, History(last, Distrust()), now, force=False)
    try:
        history = History(last, host.state.distrust())
        accept(document, host.settings, history, now, force=False)
    except Stop as problem:
        return problem.message, problem.cure
    return ()
