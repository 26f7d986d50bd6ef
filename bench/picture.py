"""Draw how time and calls grow with the number of VPCs, as an SVG for docs/performance.md."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

from bench.fleet import Lap

WIDTH, HEIGHT = 400, 300
"""Size of a panel, in pixels."""
LEFT, RIGHT, TOP, BOTTOM = 62, 20, 40, 44
INK, OURS, FLOOR = "#333", "#0b62a4", "#888"


@dataclass(frozen=True)
class Line:
    """A line of a panel: points as (VPCs, value, what is written there)."""

    name: str
    colour: str
    points: Sequence[tuple[float, float, str]]


def drawn(laps: Sequence[Lap]) -> str:
    """Return the picture of a growing fleet: how long until all are connected, and the calls."""
    connects = [lap for lap in laps if lap.wish == "connected"]
    idles = [lap for lap in laps if lap.wish == "idle" and lap.sweeps]
    ended = [lap for lap in connects if not lap.given_up]
    hours = [
        Line("floor", FLOOR, [(lap.vpcs, lap.floor / 3600, "") for lap in connects]),
        Line("this app", OURS, [(lap.vpcs, lap.took / 3600, _missed(lap)) for lap in ended]),
    ]
    calls = [
        Line("to connect", OURS, [(n.vpcs, n.calls / n.vpcs, _missed(n)) for n in connects]),
        Line("a sweep", FLOOR, [(n.vpcs, n.calls / n.vpcs / n.sweeps, "") for n in idles]),
    ]
    panels = [
        _panel("hours until all are connected", hours),
        _panel("calls to AWS for each VPC", calls),
    ]
    body = "".join(
        f'<g transform="translate({WIDTH * number},0)">{panel}</g>'
        for number, panel in enumerate(panels)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="12" fill="{INK}">'
        f'<rect width="100%" height="100%" fill="#fff"/>{body}</svg>\n'
    )


def _missed(lap: Lap) -> str:
    """Return the note at a point where less than all came true."""
    if lap.given_up:
        return f"given up: {lap.reached:,} of {lap.vpcs:,}"
    return "" if lap.reached == lap.vpcs else f"{lap.reached:,} of {lap.vpcs:,}"


def _panel(title: str, lines: Sequence[Line]) -> str:
    points = [point for line in lines for point in line.points]
    across = _axis([x for x, _, _ in points], LEFT, WIDTH - RIGHT)
    up = _axis([y for _, y, _ in points], HEIGHT - BOTTOM, TOP)
    return "".join(
        [
            _text(LEFT, 22, title, weight="bold"),
            _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "VPCs tagged in one second", "middle"),
            *_grid(across, up),
            *(_drawn_line(line, across, up, 16 * number) for number, line in enumerate(lines)),
        ]
    )


@dataclass(frozen=True)
class _Axis:
    """A logarithmic axis: whole powers of ten, and where a value is."""

    decades: range
    place: Callable[[float], float]


def _axis(values: Iterable[float], begin: float, end: float) -> _Axis:
    logs = [math.log10(max(value, 1e-3)) for value in values]
    low, high = math.floor(min(logs)), max(math.ceil(max(logs)), math.floor(min(logs)) + 1)
    return _Axis(
        range(low, high + 1),
        lambda value: begin + (end - begin) * (math.log10(max(value, 1e-3)) - low) / (high - low),
    )


def _grid(across: _Axis, up: _Axis) -> Iterable[str]:
    for decade in across.decades:
        x = across.place(10.0**decade)
        yield _path(f"M{x:.1f} {TOP}V{HEIGHT - BOTTOM}", "#ddd")
        yield _text(x, HEIGHT - BOTTOM + 16, f"{10**decade:,}", "middle")
    for decade in up.decades:
        y = up.place(10.0**decade)
        yield _path(f"M{LEFT} {y:.1f}H{WIDTH - RIGHT}", "#ddd")
        yield _text(LEFT - 6, y + 4, f"{10.0**decade:g}", "end")


def _drawn_line(line: Line, across: _Axis, up: _Axis, lower: float) -> str:
    places = [(across.place(x), up.place(y), note) for x, y, note in line.points]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y, _ in places)
    name = _text(LEFT + 10, TOP + 16 + lower, line.name, colour=line.colour)
    return "".join([_path(f"M{path}", line.colour), *_dots(places, line.colour), name])


def _dots(places: Iterable[tuple[float, float, str]], colour: str) -> Iterable[str]:
    """Yield a dot for each point: an empty one, with its note, where less than all came true."""
    for x, y, note in places:
        fill = "#fff" if note else colour
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{fill}" stroke="{colour}"/>'
        if note:
            yield _text(x - 8, y - 8, note, "end", colour)


def _path(line: str, colour: str) -> str:
    return f'<path d="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>'


def _text(
    x: float, y: float, said: str, anchor: str = "start", colour: str = INK, weight: str = "normal"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" '
        f'font-weight="{weight}">{escape(said)}</text>'
    )
