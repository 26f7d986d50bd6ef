"""The dashboard as AWS CloudFormation writes it out, and drawn as text as it lies on a screen."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.template.sam_template import TEMPLATE

COLUMNS = 24
WIDE, HIGH = 4, 2
"""Characters of a column and lines of a row in the picture."""


@dataclass(frozen=True)
class Widget:
    """One part of the screen, in columns and rows."""

    x: int
    y: int
    width: int
    height: int
    properties: Mapping[str, Any]

    @property
    def title(self) -> str:
        return str(self.properties["title"])

    @property
    def cells(self) -> set[tuple[int, int]]:
        columns = range(self.x, self.x + self.width)
        return {(x, y) for x in columns for y in range(self.y, self.y + self.height)}


def body(*, signs: bool = True) -> Mapping[str, Any]:
    """Return the definition. A reference stands as its own name. Raises ValueError where it is no
    JSON."""
    text = _resolved(TEMPLATE["Resources"]["Dashboard"]["Properties"]["DashboardBody"], signs)
    read: Mapping[str, Any] = json.loads(text)
    return read


def widgets() -> list[Widget]:
    return [
        Widget(each["x"], each["y"], each["width"], each["height"], each["properties"])
        for each in body()["widgets"]
    ]


def _resolved(value: Any, signs: bool) -> str:
    if isinstance(value, str):
        return value
    [(function, given)] = value.items()
    if function == "Fn::If":
        return _resolved(given[1 if signs else 2], signs)
    if function == "Ref":
        return str(given)
    text, named = given if isinstance(given, list) else (given, {})
    known = {name: _resolved(each, signs) for name, each in named.items()}
    return re.sub(r"\$\{([\w:.]+)\}", lambda found: known.get(found[1], found[1]), text)


def metrics(widget: Widget) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield namespace, name and the names of the dimensions of every metric, with the dots of
    CloudWatch's shorthand written out, and those that a SEARCH looks for."""
    before: list[Any] = []
    for row in widget.properties.get("metrics", ()):
        if isinstance(row[0], dict):
            schema, name = _searched(row[0]["expression"])
            namespace, *dimensions = schema.split(",")
            yield namespace, name, tuple(dimensions)
            continue
        fields = [each for each in row if isinstance(each, str)]
        if fields[0] == "...":
            fields = [*before[: -len(fields) + 1], *fields[1:]]
        before = [before[place] if new == "." else new for place, new in enumerate(fields)]
        yield before[0], before[1], tuple(before[2::2])


def _searched(expression: str) -> tuple[str, str]:
    found = re.match(r"""SEARCH\('\{([^}]+)\} MetricName="(\w+)"', '\w+', \d+\)$""", expression)
    assert found, expression
    return found[1], found[2]


def picture() -> str:
    """Return the screen as text: each widget a box with its title and what it shows."""
    found = widgets()
    rows = max(each.y + each.height for each in found)
    canvas = [[" "] * (COLUMNS * WIDE + 1) for _ in range(rows * HIGH + 1)]
    for each in found:
        _box(canvas, each)
    return "\n".join("".join(line).rstrip() for line in canvas)


def _box(canvas: list[list[str]], widget: Widget) -> None:
    left, right = widget.x * WIDE, (widget.x + widget.width) * WIDE
    top, bottom = widget.y * HIGH, (widget.y + widget.height) * HIGH
    for column in range(left, right + 1):
        canvas[top][column] = canvas[bottom][column] = "-"
    for line in range(top, bottom + 1):
        canvas[line][left] = canvas[line][right] = "+" if line in (top, bottom) else "|"
    for number, text in enumerate([widget.title, *_shown(widget)]):
        for place, character in enumerate(text[: right - left - 3]):
            canvas[top + 1 + number][left + 2 + place] = character


def _shown(widget: Widget) -> list[str]:
    """Return what fits below the title."""
    names = [name for _, name, _ in metrics(widget)]
    names += [arn.rpartition(":")[2] for arn in widget.properties.get("alarms", ())]
    lines, room = [""], widget.width * WIDE - 3
    for name in dict.fromkeys(names):
        if lines[-1] and len(f"{lines[-1]} {name}") > room:
            lines.append("")
        lines[-1] = f"{lines[-1]} {name}".strip()
    assert len(lines) <= widget.height * HIGH - 2, f"{widget.title}: {lines}"
    return lines
