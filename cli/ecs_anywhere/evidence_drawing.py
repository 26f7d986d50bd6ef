"""The connection as a drawing: site, link, VPC, and in it the zones, the inbound resolver and the
interface endpoints. Inline SVG with a title and the same in words; every word is text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ecs_anywhere.evidence import Evidence
from ecs_anywhere.html_text import text

MOST_LINES = 8
"""Lines in one box; the rest is a number, and stands in a table of the page."""
_STEP = 22
_HEAD = 34
_SITE, _VPC = (10, 250), (430, 560)
"""Left edge and width of the two outer boxes."""
_WIDTH = 1000
_MARGIN = 12
_LETTER = 8
"""Width of a letter in a font of 12 with letters of one width, rounded up."""


@dataclass(frozen=True)
class Box:
    """A box with a head and lines."""

    head: str
    lines: tuple[str, ...]

    @property
    def height(self) -> int:
        return _HEAD + _STEP * len(self.lines) + 8


@dataclass(frozen=True)
class Topology:
    """Parts of the drawing."""

    site: Box
    vpc: str
    inside: tuple[Box, ...]
    """Inbound resolver, interface endpoints, zones."""

    @property
    def words(self) -> tuple[str, ...]:
        """Return the same as sentences, for whoever does not see the drawing."""
        boxes = [f"{box.head}: {'; '.join(box.lines) or 'nothing'}." for box in self.inside]
        return (
            f"{self.site.head}: {'; '.join(self.site.lines)}.",
            "Over Direct Connect or VPN, DNS servers ask the inbound resolver (53, UDP and TCP), "
            "and container hosts reach the interface endpoints (443, TCP).",
            f"{self.vpc}.",
            *boxes,
        )


def topology(evidence: Evidence) -> Topology:
    """Return what there is to draw."""
    resolver = evidence.output.get("resolver") or {}
    hosts = [f"{each['host']} ({each['server']}): {each['result']}" for each in evidence.hosts]
    ends = evidence.output.get("endpoints") or ()
    leads = {each["name"]: each["expected"] for each in evidence.findings}
    names = [f"{name}: {' '.join(addresses)}" for name, addresses in leads.items()]
    zones = [str(line).partition(", because")[0] for line in evidence.output.get("placement", ())]
    ips = [str(ip) for ip in resolver.get("ips", ())]
    return Topology(
        site=Box("On-premises", _first(hosts or ["your DNS servers", "your container hosts"])),
        vpc=f"{evidence.vpc} in {evidence.region}, account {evidence.account}",
        inside=(
            Box(f"Inbound resolver {resolver.get('id', '')}".strip(), _first(ips)),
            Box(f"{len(ends)} interface endpoints, private DNS on", _first(names)),
            Box("Availability Zones and subnets", _first(zones or ["not in this record"])),
        ),
    )


def drawing(evidence: Evidence) -> Iterator[str]:
    """Yield the drawing, and the same in words."""
    drawn = topology(evidence)
    inner = sum(box.height + 12 for box in drawn.inside)
    height = max(inner + _HEAD + 24, drawn.site.height + 24)
    yield f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" '
    yield 'aria-labelledby="d-title" aria-describedby="d-words">'
    yield '<title id="d-title">How on-premises reaches the VPC</title>'
    yield f'<desc id="d-words">{text(" ".join(drawn.words))}</desc>'
    yield from _box(_SITE, 12, height - 24, drawn.site)
    yield from _box(_VPC, 12, height - 24, Box(drawn.vpc, ()))
    y = 12 + _HEAD + 6
    middles = []
    for box in drawn.inside:
        yield from _box((_VPC[0] + 16, _VPC[1] - 32), y, box.height, box)
        middles.append(y + box.height // 2)
        y += box.height + 12
    yield from _link(middles[0], "53: names")
    yield from _link(middles[1], "443: services")
    yield "</svg>"
    yield "<details><summary>The same in words</summary><ul>"
    yield "".join(f"<li>{text(line)}</li>" for line in drawn.words)
    yield "</ul></details>"


def _link(y: int, said: str) -> Iterator[str]:
    left, right = _SITE[0] + _SITE[1], _VPC[0] + 16
    yield f'<line x1="{left}" y1="{y}" x2="{right - 8}" y2="{y}" class="link"/>'
    yield f'<path d="M{right - 8} {y - 5} L{right} {y} L{right - 8} {y + 5} Z" class="tip"/>'
    room = right - left - 16
    yield from _text((left + 8, y - 8), said, room)
    yield from _text((left + 8, y + 18), "Direct Connect or VPN", room)


def _box(place: tuple[int, int], y: int, height: int, box: Box) -> Iterator[str]:
    x, width = place
    yield f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" class="box"/>'
    room = width - 2 * _MARGIN
    yield from _text((x + _MARGIN, y + 23), box.head, room, "head")
    for number, line in enumerate(box.lines):
        yield from _text((x + _MARGIN, y + _HEAD + 14 + number * _STEP), line, room)


def _text(at: tuple[int, int], said: str, room: int, kind: str = "line") -> Iterator[str]:
    """Yield a line that fits into `room`: what is longer is cut, and letters of unknown width are
    squeezed."""
    x, y = at
    shown = _short(said, room // _LETTER)
    squeezed = "" if shown.isascii() else f' textLength="{room}" lengthAdjust="spacingAndGlyphs"'
    yield f'<text x="{x}" y="{y}" class="{kind}"{squeezed}>{text(shown)}</text>'


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def _first(lines: Sequence[str]) -> tuple[str, ...]:
    rest = len(lines) - MOST_LINES
    return (*lines[:MOST_LINES], *([f"and {rest} more"] if rest > 0 else []))
