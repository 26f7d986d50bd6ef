"""Text that a stranger wrote, made fit for a tag, a mail, a terminal and a log.

A tagger, an event writer and a DNS host choose their words freely. Nothing of theirs is passed on
before it went through here: control characters move a terminal's cursor, bidirectional marks turn
a line round, a lone surrogate cannot be encoded at all, and a link in a mail of ours is one that
people follow.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

LONGEST_QUOTE = 64
"""Characters of somebody else's value in a sentence of ours."""
LONGEST_ITEM = 40
"""Characters of an item of a list in a sentence of ours, where others may follow."""
LONGEST_LINE = 6000
"""Characters of a status or an error."""
MOST_NAMED = 10
"""Things of one kind that a sentence names; the rest is a number."""

_SCHEME = re.compile(r"://+")
_WWW = re.compile(r"(?i)www\.")
_PATH = re.compile(r"(\.[^\W\d_]{2,24}(?::\d{1,5})?)/")
"""A path behind what may be a domain; a network, as in 10.0.0.0/8, is none."""


def printable(text: str, longest: int = LONGEST_LINE) -> str:
    """Return `text` as one line of printable characters without links, at most `longest` long."""
    start = text[: 4 * longest].encode("utf-8", "replace").decode()
    spaced = " ".join(start.split())
    plain = "".join(letter if letter.isprintable() else "_" for letter in spaced)
    return shortened(without_links(plain), longest)


def printable_lines(text: str, longest: int = LONGEST_LINE) -> str:
    """Return `text` as `printable` does, with its line breaks."""
    lines = (printable(line, longest) for line in text[: 4 * longest].split("\n"))
    return shortened("\n".join(lines), longest)


def quoted(text: str, longest: int = LONGEST_QUOTE) -> str:
    """Return `text` in quotation marks, as printable ASCII without links; at most `longest`
    characters stand between the marks."""
    start = text[: 2 * longest]
    escaped = "".join(
        letter if " " <= letter <= "~" else letter.encode("unicode_escape").decode()
        for letter in start
    )
    more = "..." if len(start) < len(text) else ""
    return f'"{shortened(without_links(escaped) + more, longest)}"'


def shown(value: object) -> str:
    """Return any JSON value as JSON writes it, in printable ASCII: 66 characters at most, no
    link."""
    written = json.dumps(value).replace("\x7f", "\\u007f")
    return shortened(without_links(written), LONGEST_QUOTE + 2)


def without_links(text: str) -> str:
    """Return `text` so that no mail program makes a link of it: `https:__evil.example_x`."""
    return _PATH.sub(r"\1_", _WWW.sub("www_", _SCHEME.sub(":__", text)))


def shortened(text: str, longest: int, end: str = "...") -> str:
    """Return `text`, or its beginning and `end`, at most `longest` characters."""
    return text if len(text) <= longest else text[: longest - len(end)] + end


def listed(names: Iterable[str], more: int = 0, most: int = MOST_NAMED) -> str:
    """Return the first `most` names, and how many there are beside them; `more` have no name."""
    all_names = list(names)
    rest = max(len(all_names) - most, 0) + more
    named = ", ".join(all_names[:most])
    if not rest:
        return named
    return f"{named} and {rest} more" if named else f"{rest} hosts"


def firsts_first(*lists: Sequence[str]) -> list[str]:
    """Return the first line of each list, then all the others: where only the beginning of a text
    is seen, it has something of each."""
    return [line for lines in lists for line in lines[:1]] + [
        line for lines in lists for line in lines[1:]
    ]


def first_lines(lines: Sequence[str], most: int = MOST_NAMED) -> list[str]:
    """Return the first `most` lines, and one that counts the rest."""
    rest = len(lines) - most
    return [*lines[:most], *([f"and {rest} more"] if rest > 0 else [])]
