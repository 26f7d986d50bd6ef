"""Answer for a person: a matrix of name and vantage point, then what is wrong and its cure."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

from ecs_anywhere_check.findings import (
    FAILED,
    NOT_ALL,
    NOTE,
    PRIVATE,
    PUBLIC,
    Expected,
    Finding,
)
from ecs_anywhere_check.host import Host

WRONG = (PUBLIC, FAILED)


def matrix(found: Sequence[Finding], names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return name -> vantage point -> the worst verdict there; TLS as one vantage point."""
    worst = (NOTE, PRIVATE, FAILED, PUBLIC)
    table: dict[str, dict[str, str]] = {name: {} for name in names}
    for each in found:
        if each.subject in table:
            vantage = each.vantage.split()[0] if each.vantage.startswith("tls") else each.vantage
            row = table[each.subject]
            row[vantage] = max(row.get(vantage, NOTE), each.verdict, key=worst.index)
    return table


def show(found: Sequence[Finding], expected: Expected) -> str:
    """Return the matrix, all that is wrong with its cure, and what was not asked."""
    names = list(expected.names)
    table = matrix(found, names)
    columns = list(dict.fromkeys(vantage for row in table.values() for vantage in row))
    rows = [
        ["", *columns],
        *([name, *(row.get(c, "-") for c in columns)] for name, row in table.items()),
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows
    ]
    beside = [each for each in found if each.subject not in table or each.verdict in WRONG]
    unasked = [] if expected.are_all else [f"NOT ASKED: {NOT_ALL}"]
    return "\n".join([*lines, "", *_grouped(beside), *unasked, "", summary(found)])


def _grouped(found: Iterable[Finding]) -> Iterator[str]:
    """Yield each thing once, with all the names of which it is true."""
    alike: dict[tuple[str, str, str, str], list[str]] = {}
    for each in found:
        alike.setdefault((each.verdict, each.vantage, each.said, each.cure), []).append(
            each.subject
        )
    for (verdict, vantage, said, cure), subjects in alike.items():
        yield printable(f"{verdict:8}{', '.join(subjects)} ({vantage}): {said}")
        if cure and verdict != PRIVATE:
            yield f"        -> {cure}"


def printable(text: str) -> str:
    """Return a text of others without what would move a terminal."""
    return "".join(char if char.isprintable() else "?" for char in text)


def summary(found: Sequence[Finding]) -> str:
    counts = {
        verdict: sum(f.verdict == verdict for f in found) for verdict in (PRIVATE, PUBLIC, FAILED)
    }
    said = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    return f"{said}. Nothing was changed."


def exit_code(found: Sequence[Finding]) -> int:
    verdicts = {each.verdict for each in found}
    if PUBLIC in verdicts:
        return 1
    return 0 if PRIVATE in verdicts and FAILED not in verdicts else 3


def overall(found: Sequence[Finding]) -> str:
    """Return the one verdict on this host."""
    return {0: PRIVATE, 1: PUBLIC, 3: FAILED}[exit_code(found)]


def as_json(found: Sequence[Finding], expected: Expected, host: Host) -> dict[str, object]:
    """Return all that was found, with what was not asked."""
    names = list(expected.names)
    return {
        "host": socket.gethostname(),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(host.now())),
        "verdict": overall(found),
        "not_asked": "" if expected.are_all else NOT_ALL,
        "matrix": matrix(found, names),
        "findings": [asdict(each) for each in found],
    }
