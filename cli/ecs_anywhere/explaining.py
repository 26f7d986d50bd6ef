"""What an error means and what to do: read from the manual, so that the two say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files

_ROW = re.compile(r"\| `(?P<name>[A-Z][A-Za-z]+)` \|(?P<cells>.*)\|")
_LINK = re.compile(r"\[([^]]*)\]\([^)]*\)")


class UnknownError(Exception):
    """Nobody of us says that; the message names what comes near it."""


@dataclass(frozen=True)
class Explanation:
    name: str
    cause: str
    """Or what is waited for, and how long."""
    cure: str


def explain(word: str) -> Explanation:
    """Return what an error of the app means. Raises UnknownError."""
    known = {each.name.lower(): each for each in explanations()}
    if found := known.get(word.strip().lower()):
        return found
    near = get_close_matches(word.lower(), known, n=3, cutoff=0.4)
    names = [known[each].name for each in near] or sorted(each.name for each in known.values())
    raise UnknownError(f"{word} is no error of the app. It has: {', '.join(names)}")


def explanations() -> Iterator[Explanation]:
    """Yield what the tables of errors in the manual say, in their order."""
    errors = _manual().partition("\n## Errors\n")[2].partition("\n## ")[0]
    for line in errors.splitlines():
        if row := _ROW.fullmatch(line.strip()):
            cells = [_LINK.sub(r"\1", cell.strip()) for cell in row["cells"].split(" | ")]
            yield Explanation(row["name"], ", at most ".join(cells[:-1]), cells[-1])


def _manual() -> str:
    return files("ecs_anywhere").joinpath("operations.md").read_text("utf-8")
