"""`verify`: ask this DNS server for every name that was published. Changes nothing."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace

from ecs_anywhere_dns.answers.explanation import explain
from ecs_anywhere_dns.answers.proof import prove
from ecs_anywhere_dns.commands.followers import run_with
from ecs_anywhere_dns.commands.looking import about, looked
from ecs_anywhere_dns.following.claims import names_served
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.memory.documents import Memory
from ecs_anywhere_dns.memory.records import FOLLOW_FIRST, NOTHING_APPLIED
from ecs_anywhere_dns.outcome import BadUsage, Stop
from ecs_anywhere_dns.report import Report, as_one


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add nothing: `verify` has no options of its own."""


def run(arguments: argparse.Namespace) -> int:
    """Print whether every answer is right, and return the exit code of the worst."""
    return run_with(arguments, verify)


def verify(hosts: Sequence[Host]) -> Report:
    """Ask the DNS server for every name of the documents that were applied. Never raises Stop."""
    return as_one([looked(host, "verify", _verify) for host in hosts])


def _verify(host: Host, report: Report) -> Report:
    applied = host.state.applied()
    last = applied.of(host.settings.vpc)
    document = Memory.of(last).document
    if document is None:
        raise BadUsage(NOTHING_APPLIED, FOLLOW_FIRST)
    report = about(report, document)
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
