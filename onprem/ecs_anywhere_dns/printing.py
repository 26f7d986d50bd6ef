"""What a command shows: to people on one screen, to machines as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ecs_anywhere_dns.report import Report
from ecs_anywhere_dns.servers.contract import Finding, Fragment

STATUS_WIDTH = 11


def show_step(step: str) -> None:
    print(f"  {step} …", file=sys.stderr, flush=True)


def show_nothing(step: str) -> None:
    """Nobody looks."""


def show_report(report: Report, *, as_json: bool) -> None:
    if as_json:
        _show_json(report.as_json())
    else:
        print("\n".join(report.lines()))


def show_status(said: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        _show_json(said)
        return
    last = said["lastRun"]
    rows = {
        "vpc": said["vpc"],
        "server": said["server"],
        "state": said["state"],
        "generation": said["generation"] or "none",
        "applied at": said["appliedAt"] or "never",
        "zones": " ".join(said["zones"]) or "none",
        "forwarders": " ".join(said["forwarders"]) or "none",
        "last run": f"{last['at']} exit {last['exit']}: {last['summary']}" if last else "none",
    }
    for key, value in rows.items():
        print(f"{key:<{STATUS_WIDTH}} {value}")
    if said["switching"]:
        print("a switch was begun and is not undone yet; `ecs-anywhere-dns apply` does that first")


def show_findings(findings: Sequence[Finding], *, as_json: bool) -> None:
    if as_json:
        _show_json([vars(finding) for finding in findings])
        return
    for finding in findings:
        print(f"{'ok  ' if finding.ok else 'LOOK'}  {finding.what}")
        if finding.cure and not finding.ok:
            print(f"      cure: {finding.cure}")


def show_fragments(fragments: Sequence[Fragment], *, as_json: bool) -> None:
    if as_json:
        _show_json([{"path": str(item.path), "text": item.text} for item in fragments])
        return
    print("\n".join(f"==> {item.path} <==\n{item.text}" for item in fragments), end="")


def show_lines(lines: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        _show_json({"did": list(lines)})
    else:
        print("\n".join(lines))


def _show_json(said: Any) -> None:
    print(json.dumps(said, indent=1))
