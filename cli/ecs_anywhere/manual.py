"""The operations manual, read for a terminal: its sections, the rows of its tables, and where its
links lead."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

NAME = "docs/operations.md"
LONGEST = 36
"""Lines of a section that are shown as they are; of a longer one its beginning is."""
BEGINNING = 6
_LINK = re.compile(r"\[([^]]*)\]\(([^)]*)\)")
_RULE = re.compile(r"\|[-|: ]+\|")
_HEADING = re.compile(r"^#+ (?P<title>.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Place:
    """A section of the manual to which an explanation leads."""

    title: str
    address: str
    """File and anchor, as in docs/operations.md#rolled-back."""
    lines: tuple[str, ...]
    """The section without its headings, or its beginning."""
    is_whole: bool


def section(title: str) -> str:
    """Return the text below a heading, up to the next one of its level or above."""
    begun = re.search(rf"^(#+) {re.escape(title)}$", _manual(), re.MULTILINE)
    assert begun, f"the manual has no heading {title}"
    rest = _manual()[begun.end() :]
    return re.split(rf"^#{{1,{len(begun[1])}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str, columns: int) -> Iterator[list[str]]:
    """Yield the rows of the tables that have so many columns, with their links."""
    for line in text.splitlines():
        if line.startswith("|") and len(found := _cells(line)) == columns:
            yield found


def places(*cells: str) -> tuple[Place, ...]:
    """Return the sections of the manual to which cells of a table lead, each once."""
    targets = dict.fromkeys(target for cell in cells for _, target in _LINK.findall(cell))
    return tuple(_place(target[1:]) for target in targets if target.startswith("#"))


def plain(text: str) -> str:
    """Return the text as a terminal can show it: a link to another document with its address, one
    within the manual without, as the section itself is shown."""
    return _LINK.sub(lambda link: link[1] if link[2].startswith("#") else _addressed(link), text)


def _place(anchor: str) -> Place:
    title = _titles()[anchor]
    text = re.split(r"^#+ ", section(title), maxsplit=1, flags=re.MULTILINE)[0]
    lines = [_line(line) for line in _without_headings(text.strip().splitlines())]
    shown = lines if len(lines) <= LONGEST else _beginning(lines)
    return Place(title, f"{NAME}#{anchor}", tuple(shown), len(shown) == len(lines))


def _without_headings(lines: list[str]) -> Iterator[str]:
    """Yield the lines but the headings of tables."""
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if not _RULE.fullmatch(line) and not _RULE.fullmatch(following):
            yield line


def _line(line: str) -> str:
    """Return a line of a section with the addresses of its links; a row of a table as a line that
    says what a person sees, what it means, and what to do."""
    line = _LINK.sub(_addressed, line).replace("**", "")
    if not line.startswith("|"):
        return line
    seen, *rest = filter(None, _cells(line))
    return f"- {seen}" + (f": {' -> '.join(rest)}" if rest else "")


def _beginning(lines: list[str]) -> list[str]:
    """Return the first lines, up to where something of its own begins."""
    ends = [i for i, line in enumerate(lines) if i >= BEGINNING and _begins(line)]
    return lines[: ends[0]] if ends else lines


def _begins(line: str) -> bool:
    return not line or line.startswith(("- ", "1. "))


def _addressed(link: re.Match[str]) -> str:
    text, target = link.groups()
    if ":" in target:
        return f"{text} [{target}]"
    path, mark, anchor = target.partition("#")
    name = posixpath.normpath(posixpath.join("docs", path)) if path else NAME
    return f"{text} [{name}{mark}{anchor}]"


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().strip("|").split(" | ")]


def _titles() -> dict[str, str]:
    """Return the titles of the manual's sections by their anchors, as GitHub makes them."""
    titles = (found["title"] for found in _HEADING.finditer(_manual()))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-"): title for title in titles}


@cache
def _manual() -> str:
    return files("ecs_anywhere").joinpath("operations.md").read_text("utf-8")
