"""What a run has to say, for people and for machines."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field, replace
from typing import Any

from ecs_anywhere_dns.outcome import MEANINGS, Exit, Stop
from ecs_anywhere_dns.visible import visible, visible_in

WIDE = 160
"""Characters that people still read as one line."""
INDENT = " " * 6


@dataclass(frozen=True)
class Report:
    """One run. `as_json` is what `--json` prints and `status.json` keeps."""

    command: str
    exit: Exit = Exit.DONE
    summary: str = ""
    cure: str = ""
    changed: bool = False
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
    findings: tuple[str, ...] = ()
    """What is not as it has to be, a line each."""
    hints: tuple[str, ...] = ()
    """What people have to know or do now."""
    at: str = ""
    """ISO 8601, UTC."""
    seconds: dict[str, float] = field(default_factory=dict)
    """How long each step took."""

    def stopped(self, problem: Stop) -> Report:
        return replace(self, exit=problem.exit, summary=problem.message, cure=problem.cure)

    def as_json(self) -> dict[str, Any]:
        said = {key: value for key, value in vars(self).items() if key != "exit"}
        shown: dict[str, Any] = visible_in(said)
        return shown | {"exit": int(self.exit), "meaning": MEANINGS[self.exit]}

    def lines(self) -> list[str]:
        """For a terminal: one screen."""
        mark = "ok" if self.exit == Exit.DONE else f"exit {int(self.exit)}"
        changed = ", changed" if self.changed else ""
        lines = [f"{mark}{changed}: {self.summary}"]
        lines += [f"  - {finding}" for finding in self.findings]
        if self.cure:
            lines.append(f"  cure: {self.cure}")
        lines += [f"  note: {hint}" for hint in self.hints]
        return [part for line in lines for part in _folded(visible(line))]


def _folded(line: str) -> list[str]:
    """A long line: where one thing said ends and the next begins, else between words."""
    if len(line) <= WIDE:
        return [line]
    parts = line.replace("; ", f";\n{INDENT}").splitlines()
    return [piece for part in parts for piece in _wrapped(part)]


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(
        line, WIDE, subsequent_indent=INDENT, break_long_words=False, break_on_hyphens=False
    )
