"""The evidence as one page: drawn, readable on paper, in the dark, by keyboard and screen reader.

It holds no script and asks nobody for anything. Every word that others chose is text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

from ecs_anywhere.evidence import CONNECTED, Evidence

STYLE = """
:root { color-scheme: light dark; --line: #8886; --good: #18794e; --bad: #ce2c31; }
@media (prefers-color-scheme: dark) { :root { --good: #3dd68c; --bad: #ff9592; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: left;
  vertical-align: top; overflow-wrap: anywhere; }
.good { color: var(--good); font-weight: 600; } .bad { color: var(--bad); font-weight: 600; }
.wide { overflow-x: auto; } svg { max-width: 100%; height: auto; } svg text { fill: currentColor; }
code { overflow-wrap: anywhere; }
@media print { body { max-width: none; margin: 0; } tr, svg { break-inside: avoid; } }
"""
_BOX = 'fill="none" stroke="currentColor" stroke-width="1.5" rx="8"'


def page(evidence: Evidence) -> str:
    """Return the page, as HTML 5."""
    title = f"{evidence.vpc}: {_verdict(evidence)}"
    return "".join(
        (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            # Nothing is loaded, and what slipped through would not run.
            '<meta http-equiv="Content-Security-Policy" ',
            "content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>",
            f"<h1>{escape(title)}</h1>",
            *_summary(evidence),
            *_section("How it is connected", _drawing(evidence)),
            *_section("Every question that was asked", _matrix(evidence.findings)),
            *_section("Warnings", _list(_warnings(evidence))),
            *_section("What was planned, and why", _list(evidence.output.get("steps", ()))),
            *_section("What was published", _published(evidence.publication)),
            *_section("What the DNS hosts said", _hosts(evidence.hosts)),
            *_section("What the container hosts said", _container_hosts(evidence.container_hosts)),
            *_section("What the workflow did", _table(("at", "state"), evidence.states)),
            *_section("Not checked by this", _list(evidence.not_checked)),
            "</main></body></html>\n",
        )
    )


def _verdict(evidence: Evidence) -> str:
    if evidence.is_private:
        return "Every name led privately"
    if evidence.status != CONNECTED:
        said = evidence.status or "not asked for"
        return f"The VPC is {said} now; what follows is of an earlier verification"
    if evidence.foreign:
        return f"Somebody else wrote {evidence.foreign}"
    return "Not every name led privately"


def _section(title: str, parts: Iterable[str]) -> Iterator[str]:
    shown = "".join(parts)
    yield f"<section><h2>{escape(title)}</h2>{shown or '<p>Nothing.</p>'}</section>"


def _summary(evidence: Evidence) -> Iterator[str]:
    rows = [
        ("account, Region", f"{evidence.account}, {evidence.region}"),
        ("stack", evidence.stack),
        ("execution", evidence.execution),
        ("began because of", evidence.because),
        (
            "tags changed by",
            "; ".join(evidence.asked_by)
            or "not known: AWS CloudTrail has nobody, or may not be read",
        ),
        ("status now, verified last", f"{evidence.status}, {evidence.verified_at}"),
        ("began, ended", f"{evidence.began}, {evidence.ended}"),
        ("digest of the record", str(evidence.as_json()["digest"])),
    ]
    yield from _table(("what", "is"), rows)


def _matrix(findings: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    rows = [
        (
            each["name"],
            each["resolver"],
            each["transport"],
            " ".join(each["expected"]),
            " ".join(each["got"]) or each["error"],
            "right" if each["ok"] else "wrong",
        )
        for each in findings
    ]
    yield from _table(("name", "asked of", "over", "expected", "got", "verdict"), rows)


def _published(publication: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        (key, value if isinstance(value, str | int) else " ".join(map(str, value)))
        for key, value in publication.items()
        if not isinstance(value, Mapping)
    ]
    yield from _table(("field", "value"), rows) if rows else ()


def _hosts(hosts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    keys = ("host", "server", "generation", "state", "result", "detail")
    yield from _table(keys, [[each[key] for key in keys] for each in hosts]) if hosts else ()


def _container_hosts(hosts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    rows = [
        (
            each["instance"],
            each["name"],
            _utc(each["checked_at"]),
            "; ".join(each["said"]) or "every name is private",
            {"private": "right", "unchecked": "not checked"}.get(each["verdict"], "wrong"),
        )
        for each in hosts
    ]
    yield from _table(("instance", "host", "checked", "said", "verdict"), rows) if rows else ()


def _utc(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else "never"


def _warnings(evidence: Evidence) -> list[str]:
    output = evidence.output
    return [*output.get("warnings", ()), *(f"repaired: {r}" for r in output.get("repairs", ()))]


def _list(items: Iterable[Any]) -> Iterator[str]:
    lines = [f"<li>{escape(str(item))}</li>" for item in items]
    yield f"<ul>{''.join(lines)}</ul>" if lines else ""


def _table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    yield '<div class="wide" tabindex="0" role="region" aria-label="table"><table><thead><tr>'
    yield "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    yield "</tr></thead><tbody>"
    for row in rows:
        yield f"<tr>{''.join(map(_cell, row))}</tr>"
    yield "</tbody></table></div>"


def _cell(value: Any) -> str:
    kind = {"right": ' class="good"', "wrong": ' class="bad"'}.get(str(value), "")
    return f"<td{kind}>{escape(str(value))}</td>"


def _drawing(evidence: Evidence) -> Iterator[str]:
    """Draw site, link and VPC, with what answers there."""
    resolver = evidence.output.get("resolver") or {}
    endpoints = evidence.output.get("endpoints") or ()
    hosts = [f"{each['host']} ({each['server']})" for each in evidence.hosts] or [
        "your DNS servers"
    ]
    site = ["On-premises", *hosts[:4]]
    vpc = [
        evidence.vpc,
        f"inbound resolver {resolver.get('id', '')}",
        *(f"  {ip}" for ip in resolver.get("ips", ())),
        f"{len(endpoints)} interface endpoints, private DNS on",
    ]
    height = 60 + 24 * max(len(site), len(vpc))
    said = f"{' '.join(site)} forwards over the link to {' '.join(vpc)}"
    yield f'<svg viewBox="0 0 900 {height}" role="img" aria-label="{escape(said)}">'
    yield f'<rect x="10" y="10" width="300" height="{height - 20}" {_BOX}/>'
    yield f'<rect x="520" y="10" width="370" height="{height - 20}" {_BOX}/>'
    middle = height // 2
    yield f'<line x1="310" y1="{middle}" x2="520" y2="{middle}" stroke="currentColor"/>'
    yield from _words(330, middle - 10, ["Direct Connect or VPN", "53, 443"], 30)
    yield from _words(30, 42, site, 24)
    yield from _words(540, 42, vpc, 24)
    yield "</svg>"


def _words(x: int, y: int, lines: Sequence[str], step: int) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield f'<text x="{x}" y="{y + number * step}" font-size="15">{escape(line)}</text>'
