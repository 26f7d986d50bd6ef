"""The lines of Unbound's configuration, with their places: what unbound-checkconf does not tell.

The checker says what an option is, but not where; and of some options, as response-ip, nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ecs_anywhere_dns.memory.files import text_of_others
from ecs_anywhere_dns.outcome import CheckFailed

LINE = re.compile(r"\s*(?:server:\s+)?(?P<key>[a-z0-9-]+):[ \t]*(?P<value>.*)")
INCLUDES = ("include", "include-toplevel")
DEEPEST = 8


@dataclass(frozen=True)
class Line:
    key: str
    value: str
    """The value, without a comment behind it and without the quotes around it."""
    place: str
    """File and line number."""

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(word.strip("\"'") for word in self.value.split())


def lines_in(file: Path, depth: int = DEEPEST) -> Iterator[Line]:
    """Yield the lines of a file, and of those that it includes. What cannot be read is left out:
    the checker says so."""
    try:
        text = text_of_others(file)
    except (OSError, ValueError, CheckFailed):
        return
    for number, said in enumerate(text.splitlines(), 1):
        found = LINE.fullmatch(said)
        if found is None:
            continue
        line = Line(found["key"], _bare(found["value"]), f"{file}:{number}")
        yield line
        if line.key in INCLUDES and depth:
            place = file.parent / line.value
            for path in sorted(Path(place.anchor).glob(str(place.relative_to(place.anchor)))):
                yield from lines_in(path, depth - 1)


def _bare(value: str) -> str:
    text = re.sub(r"(^|\s)#.*", "", value).strip()
    return text[1:-1] if re.fullmatch(r"\"[^\"]*\"|'[^']*'", text) else text
