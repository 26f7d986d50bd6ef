"""The text of a configuration file: written anew, or with some keys changed in one that people have
edited. What else stands in it stays to the byte."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ecs_anywhere_dns.configuration import tables_of
from ecs_anywhere_dns.outcome import BadUsage
from ecs_anywhere_dns.settings import FOLLOW


def as_toml(content: Mapping[str, Any]) -> str:
    """Return it as TOML: strings, numbers, booleans, lists of strings; tables of these last."""
    tables = {key for key, value in content.items() if isinstance(value, Mapping)}
    lines = [line_of(k, value) for k, value in content.items() if k not in {*tables, FOLLOW}]
    for key in content:
        if key in tables and content[key]:
            lines += ["", f"[{key}]", as_toml(content[key]).rstrip()]
    for table in content.get(FOLLOW, ()):
        lines += ["", f"[[{FOLLOW}]]", as_toml(table).rstrip()]
    return "\n".join(lines) + "\n"


def edited(text: str, changes: Mapping[str, Any], file: Path, place: int | None = None) -> str:
    """Return the text with these keys at its top, or in the table at `place`. Raises BadUsage where
    it is written in a form in which that cannot be done line by line."""
    lines = text.splitlines(keepends=True)
    start, end = _section(lines, place)
    section = [line for line in lines[start:end] if not _sets(line, changes)]
    head = [line_of(key, value) for key, value in changes.items()]
    comments = next((i for i, line in enumerate(section) if not line.lstrip().startswith("#")), 0)
    added = [f"{line}\n" for line in head]
    new = "".join([*lines[:start], *section[:comments], *added, *section[comments:], *lines[end:]])
    try:
        if tomllib.loads(new) == _with(tomllib.loads(text), changes, place):
            return new
    except ValueError:
        pass
    where = (
        "above any table" if place is None else f"into the table number {place + 1} [[{FOLLOW}]]"
    )
    raise BadUsage(
        f"{file} is written in a form that `init` cannot add to",
        f"write into it by hand, {where}: {'; '.join(head)}",
    )


def _with(
    content: Mapping[str, Any], changes: Mapping[str, Any], place: int | None
) -> Mapping[str, Any]:
    if place is None:
        return {**content, **changes}
    tables = list(tables_of(content))
    tables[place] = {**tables[place], **changes}
    return {**content, FOLLOW: tables}


def _section(lines: Sequence[str], place: int | None) -> tuple[int, int]:
    """Return the first line of the top or of a table, and the line behind it."""
    heads = [number for number, line in enumerate(lines) if re.match(r"\s*\[", line)]
    follows = [n for n in heads if re.match(rf"\s*\[\[\s*{FOLLOW}\s*\]\]", lines[n])]
    if place is not None and place >= len(follows):
        return len(lines), len(lines)
    start = 0 if place is None else follows[place] + 1
    return start, next((number for number in heads if number >= start), len(lines))


def _sets(line: str, changes: Mapping[str, Any]) -> bool:
    return any(re.match(rf"\s*{re.escape(key)}\s*=", line) for key in changes)


def line_of(key: str, value: Any) -> str:
    return f"{key} = {_toml_value(value)}"


def _toml_value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml_value(item) for item in value) + "]"
    # JSON's strings, numbers and booleans are TOML's as well, but for two things: TOML knows no
    # halves of a surrogate pair, and takes no bare DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
