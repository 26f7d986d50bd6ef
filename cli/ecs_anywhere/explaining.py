"""Meaning and cure of an error, an alarm or an exit code: read from the manual, so that the
two say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files

_NAMED = re.compile(r"\| `(?P<name>[A-Z][A-Za-z]+)` \|(?P<cells>.*)\|")
_LINK = re.compile(r"\[([^]]*)\]\([^)]*\)")
ERRORS, ALARMS = "Errors", "Alarms"
OF_COMMANDS, OF_DNS_HOSTS = "Exit codes of the commands", "Exit codes of the pick-up tool"
DNS_HOSTS_COMMAND = "ecs-anywhere-dns"
UNFIT = "PreconditionsNotMet"
"""The error that stands for many problems, each with a cure of its own."""


class UnknownError(Exception):
    """Error: the app has no such word; the message names those that come near it."""


@dataclass(frozen=True)
class Explanation:
    name: str
    cause: str
    """Cause, or what is waited for and how long."""
    cure: str
    more: tuple[tuple[str, str], ...] = ()
    """Problems that it covers, each with its cure."""


def explain(word: str) -> tuple[Explanation, ...]:
    """Return what an error or an alarm of the app means, or an exit code of each command that has
    it. Raises UnknownError."""
    asked = word.strip().lower()
    known: dict[str, list[Explanation]] = {}
    for each in explanations():
        known.setdefault(each.name.split(" ")[-1].lower(), []).append(each)
    if found := known.get(asked):
        return tuple(found)
    words = [name for name in known if not name.isdigit()]
    near = get_close_matches(asked, words, n=3, cutoff=0.4)
    names = [known[each][0].name for each in near] or sorted(known[each][0].name for each in words)
    raise UnknownError(
        f"{word} is no error, alarm or exit code of the app. It has: {', '.join(names)}"
    )


def explanations() -> Iterator[Explanation]:
    """Yield what the tables of the manual say of errors, alarms and exit codes, in their order."""
    for title in (ERRORS, ALARMS):
        for line in _section(title).splitlines():
            if row := _NAMED.fullmatch(line.strip()):
                *cause, cure = _cells(row["cells"])
                more = tuple(_problems()) if row["name"] == UNFIT else ()
                yield Explanation(row["name"], ", at most ".join(cause), cure, more)
    yield from exit_codes()


def exit_codes() -> Iterator[Explanation]:
    """Yield those of all commands, named as in `ecs-anywhere 3`."""
    for command, code, means, cure in _rows(_section(OF_COMMANDS), 4):
        if code.isdigit():
            yield Explanation(f"{command.strip('`')} {code}", means, cure)
    for code, answers, cure in _rows(_section(OF_DNS_HOSTS), 3):
        number, _, what = code.partition(", ")
        if number.isdigit():
            means = f"{what or 'done'}; the site's answers are {answers.replace('**', '')}"
            yield Explanation(f"{DNS_HOSTS_COMMAND} {number}", means, cure.replace("**", ""))


def _problems() -> Iterator[tuple[str, str]]:
    """Yield the problems of an unfit VPC, which the manual has in a table of their own."""
    table = _section(ERRORS).partition(f"`{UNFIT}` covers:")[2].partition("\n### ")[0]
    rows = _rows(table, 2)
    yield from ((problem, cure) for problem, cure in rows if problem not in {"problem", "---"})


def _rows(text: str, columns: int) -> Iterator[list[str]]:
    for line in text.splitlines():
        if line.startswith("|") and len(cells := _cells(line.strip().strip("|"))) == columns:
            yield cells


def _cells(row: str) -> list[str]:
    return [_LINK.sub(r"\1", cell.strip()) for cell in row.strip().split(" | ")]


def _section(title: str) -> str:
    """Return the text below a heading, up to the next one of its level or above."""
    begun = re.search(rf"^(#+) {re.escape(title)}$", _manual(), re.MULTILINE)
    assert begun, f"the manual has no heading {title}"
    rest = _manual()[begun.end() :]
    return re.split(rf"^#{{1,{len(begun[1])}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def _manual() -> str:
    return files("ecs_anywhere").joinpath("operations.md").read_text("utf-8")
