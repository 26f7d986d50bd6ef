"""The evidence as one page: drawn, readable on paper, in the dark, by keyboard and screen reader.

It holds no script and asks nobody for anything. Every word that others chose is text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ecs_anywhere.evidence import CONNECTED, Evidence
from ecs_anywhere.evidence_drawing import drawing
from ecs_anywhere.html_text import text

STYLE = """
:root { color-scheme: light dark; --line: #8886; --good: #18794e; --bad: #ce2c31;
  --paper: #fff; --ink: #1c2024; }
@media (prefers-color-scheme: dark) {
  :root { --good: #3dd68c; --bad: #ff9592; --paper: #111113; --ink: #edeef0; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem;
  background: var(--paper); color: var(--ink); overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; padding: .3rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: left;
  vertical-align: top; }
tbody th { font-weight: 500; }
.good { color: var(--good); font-weight: 600; } .bad { color: var(--bad); font-weight: 600; }
.wide { overflow-x: auto; } :focus-visible { outline: 3px solid #0b68cb; outline-offset: 2px; }
svg { max-width: 100%; height: auto; }
svg text { fill: currentColor; font: 12px ui-monospace, monospace; }
svg .head { font-weight: 700; } svg .box { fill: none; stroke: currentColor; stroke-width: 1.5; }
svg .link { stroke: currentColor; stroke-width: 1.5; } svg .tip { fill: currentColor; }
@media print {
  :root { color-scheme: light; --good: #18794e; --bad: #ce2c31; --paper: #fff; --ink: #000; }
  body { max-width: none; margin: 0; font-size: 11pt; } .wide { overflow: visible; }
  tr, svg { break-inside: avoid; } h2 { break-after: avoid; } details { display: none; } }
@page { margin: 15mm; }
"""


def page(evidence: Evidence) -> str:
    """Return the page, as HTML 5."""
    unsure = "" if evidence.is_trusted else ", says a record: signature not checked"
    title = f"{evidence.vpc}: {_verdict(evidence)}{unsure}"
    return "".join(
        (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            # Nothing is loaded, and what slipped through would not run.
            '<meta http-equiv="Content-Security-Policy" ',
            "content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            f"<title>{text(title)}</title><style>{STYLE}</style></head><body><main>",
            f"<h1>{text(title)}</h1>",
            *_summary(evidence),
            *_section("How it is connected", drawing(evidence)),
            *_section(_asked(evidence), _matrix(evidence.findings)),
            *_section("Warnings", _list(_warnings(evidence))),
            *_section("What was planned, and why", _list(evidence.output.get("steps", ()))),
            *_section("What was made and removed", _changed(evidence.output)),
            *_section("What was published", _published(evidence.publication)),
            *_section("What the DNS hosts said", _hosts(evidence.hosts)),
            *_section("What the container hosts said", _container_hosts(evidence.container_hosts)),
            *_section("What the workflow did", _states(evidence.states)),
            *_section("Not checked by this", _list(evidence.not_checked)),
            "</main></body></html>\n",
        )
    )


def _verdict(evidence: Evidence) -> str:
    if evidence.says_private:
        return "Every name led privately"
    if evidence.status != CONNECTED and evidence.is_of_its_end:
        return f"The run ended, and the VPC was {evidence.status}"
    if evidence.status != CONNECTED:
        said = evidence.status or "not asked for"
        return f"The VPC is {said} now; what follows is of an earlier verification"
    if evidence.foreign:
        return f"Somebody else wrote {evidence.foreign}"
    return "Not every name led privately"


def _section(title: str, parts: Iterable[str]) -> Iterator[str]:
    shown = "".join(parts)
    yield f"<section><h2>{text(title)}</h2>{shown or '<p>Nothing.</p>'}</section>"


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
        (
            "status then" if evidence.is_of_its_end else "status now, verified last",
            f"{evidence.status}, {evidence.verified_at}",
        ),
        ("began, ended", f"{evidence.began}, {evidence.ended}"),
        ("digest of this page's data", str(evidence.as_json()["digest"])),
        *((f"kept record, {name}", value) for name, value in evidence.record.items()),
    ]
    yield from _table("The run", ("what", "is"), rows)


def _asked(evidence: Evidence) -> str:
    """Return the heading of the matrix. Only the first questions travel through the workflow."""
    shown, asked = len(evidence.findings), int(evidence.output.get("checks") or 0)
    if asked > shown:
        return f"The first {shown} of {asked} questions that were asked"
    return "Every question that was asked"


def _changed(output: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        (what, purpose, id_)
        for what in ("made", "removed")
        for purpose, id_ in (output.get(what) or {}).items()
    ]
    heads = ("what", "purpose", "id")
    yield from _table("Since the record before", heads, rows) if rows else ()


def _states(states: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield from _table("States of the execution", ("at", "state"), states) if states else ()


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
    heads = ("name", "asked of", "over", "expected", "got", "verdict")
    yield from _table("Questions from inside the VPC", heads, rows) if rows else ()


def _published(publication: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        (key, " ".join(map(str, value)) if isinstance(value, list) else value)
        for key, value in publication.items()
        if not isinstance(value, Mapping)
    ]
    yield from _table("The document in Parameter Store", ("field", "value"), rows) if rows else ()


def _hosts(hosts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    keys = ("host", "server", "generation", "state", "result", "detail")
    rows = [[each[key] for key in keys] for each in hosts]
    yield from _table("Acknowledgements", keys, rows) if hosts else ()


def _container_hosts(hosts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    rows = [
        (
            each["instance"],
            each["name"],
            _utc(each["checked_at"]),
            "; ".join(each["said"]) or "every name is private",
            _of_a_host(each),
        )
        for each in hosts
    ]
    heads = ("instance", "host", "checked", "said", "verdict")
    yield from _table("Checks of container hosts", heads, rows) if rows else ()


def _of_a_host(said: Mapping[str, Any]) -> str:
    """Return the verdict: a host that was not asked for every name is not simply right."""
    verdict = said["verdict"]
    if verdict == "private" and said.get("not_asked"):
        return "right for the names that were asked"
    return {"private": "right", "unchecked": "not checked"}.get(verdict, "wrong")


def _utc(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else "never"


def _warnings(evidence: Evidence) -> list[str]:
    output = evidence.output
    return [*output.get("warnings", ()), *(f"repaired: {r}" for r in output.get("repairs", ()))]


def _list(items: Iterable[Any]) -> Iterator[str]:
    lines = [f"<li>{text(item)}</li>" for item in items]
    yield f"<ul>{''.join(lines)}</ul>" if lines else ""


def _table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Yield a table whose rows are headed by their first cell. What is wider than the screen is
    scrolled by itself, also by keyboard."""
    said = text(caption)
    yield f'<div class="wide" tabindex="0" role="region" aria-label="{said}"><table>'
    yield f"<caption>{said}</caption><thead><tr>"
    yield "".join(f'<th scope="col">{text(head)}</th>' for head in heads)
    yield "</tr></thead><tbody>"
    for row in rows:
        first, *others = row
        head = f'<th scope="row">{text(first)}</th>'
        yield f"<tr>{head}{''.join(map(_cell, others))}</tr>"
    yield "</tbody></table></div>"


def _cell(value: Any) -> str:
    kind = {"right": ' class="good"', "wrong": ' class="bad"'}.get(str(value), "")
    return f"<td{kind}>{text(value)}</td>"
