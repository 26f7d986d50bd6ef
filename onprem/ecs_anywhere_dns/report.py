"""The report of a run, for people and for machines."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ecs_anywhere_dns.outcome import MEANINGS, Exit, Stop
from ecs_anywhere_dns.visible import visible, visible_in

WIDE = 160
"""Characters that people still read as one line."""
INDENT = " " * 6


@dataclass(frozen=True)
class Report:
    """The report of one run. `as_json` is what `--json` prints and `status.json` keeps."""

    command: str
    exit: Exit = Exit.DONE
    summary: str = ""
    cure: str = ""
    changed: bool = False
    would_change: tuple[str, ...] = ()
    """Files that a dry run would have written."""
    host: str = ""
    server: str = ""
    vpc: str = ""
    generation: int | None = None
    state: str = ""
    checksum: str = ""
    zones: tuple[str, ...] = ()
    forwarders: tuple[str, ...] = ()
    answers_right: int = 0
    answers: int = 0
    resolvers: int = 0
    """Resolver IPs that were asked."""
    unfit: tuple[str, ...] = ()
    """The resolver IPs that did not answer as published."""
    findings: tuple[str, ...] = ()
    """Things that are wrong, a line each."""
    hints: tuple[str, ...] = ()
    """Things that people have to know or do now, a line each."""
    publications: tuple[Report, ...] = ()
    """The report of each VPC, where the host follows several."""
    at: str = ""
    """ISO 8601, UTC."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Seconds that each step took."""

    def stopped(self, problem: Stop) -> Report:
        return replace(self, exit=problem.exit, summary=problem.message, cure=problem.cure)

    def as_json(self) -> dict[str, Any]:
        apart = {"exit", "publications"}
        said = {key: value for key, value in vars(self).items() if key not in apart}
        shown: dict[str, Any] = visible_in(said)
        return shown | {
            "exit": int(self.exit),
            "meaning": MEANINGS[self.exit],
            "publications": [each.as_json() for each in self.publications],
        }

    def lines(self) -> list[str]:
        """Return the lines for a terminal: one screen, several VPCs one after the other."""
        if len({each.summary for each in self.publications}) > 1:
            return [line for each in self.publications for line in each.lines_named(each.vpc)]
        return self.lines_named("")

    def lines_named(self, vpc: str) -> list[str]:
        """Return the lines, with the VPC's id where it is one of several."""
        mark = "ok" if self.exit == Exit.DONE else f"exit {int(self.exit)}"
        changed = ", changed" if self.changed else ""
        lines = [f"{mark}{changed}{f', {vpc}' if vpc else ''}: {self.summary}"]
        lines += [f"  - {finding}" for finding in self.findings]
        if self.cure:
            lines.append(f"  cure: {self.cure}")
        lines += [f"  note: {hint}" for hint in self.hints]
        return [part for line in lines for part in _folded(visible(line))]


WORST_FIRST = (
    Exit.ROLLBACK_FAILED, Exit.UNEXPECTED, Exit.ROLLED_BACK, Exit.NOT_RESOLVING, Exit.CHECK_FAILED,
    Exit.PREFLIGHT_FAILED, Exit.REFUSED, Exit.FETCH_FAILED, Exit.USAGE, Exit.BUSY, Exit.DEGRADED,
    Exit.DONE,
)  # fmt: skip
"""The exit codes, worst first: a run that ended differently for several VPCs has the worst of
theirs."""


def as_one(reports: Sequence[Report]) -> Report:
    """Return the report of the host: the only one, or the worst of them together with all."""
    if len(reports) == 1:
        return reports[0]
    worst = min(reports, key=lambda report: WORST_FIRST.index(report.exit))
    return Report(
        command=worst.command,
        exit=worst.exit,
        summary=worst.summary
        if len({report.summary for report in reports}) == 1
        else "; ".join(f"{report.vpc}: {report.summary}" for report in reports),
        cure=worst.cure,
        changed=any(report.changed for report in reports),
        would_change=tuple(dict.fromkeys(f for report in reports for f in report.would_change)),
        host=worst.host,
        server=worst.server,
        zones=tuple(sorted({zone for report in reports for zone in report.zones})),
        forwarders=tuple(sorted({ip for report in reports for ip in report.forwarders})),
        answers_right=sum(report.answers_right for report in reports),
        answers=sum(report.answers for report in reports),
        resolvers=sum(report.resolvers for report in reports),
        unfit=tuple(ip for report in reports for ip in report.unfit),
        findings=tuple(f"{r.vpc}: {finding}" for r in reports for finding in r.findings),
        hints=tuple(dict.fromkeys(hint for report in reports for hint in report.hints)),
        publications=tuple(reports),
    )


def _folded(line: str) -> list[str]:
    """Fold a long line between two statements, else between words."""
    if len(line) <= WIDE:
        return [line]
    parts = line.replace("; ", f";\n{INDENT}").splitlines()
    return [piece for part in parts for piece in _wrapped(part)]


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(
        line, WIDE, subsequent_indent=INDENT, break_long_words=False, break_on_hyphens=False
    )
