"""Output of the commands: to people on one screen, to machines as JSON in ASCII.

Nothing else prints, and everything goes through `visible`, whoever wrote it.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Mapping, Sequence
from typing import IO, Any

from ecs_anywhere_dns.report import Report
from ecs_anywhere_dns.servers.contract import Finding, Fragment
from ecs_anywhere_dns.visible import visible, visible_in

STATUS_WIDTH = 11


def accept_any_locale() -> None:
    """Make both output streams escape the characters that the locale's encoding lacks: under LANG=C
    a `…` would be an error of its own."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def show_step(step: str) -> None:
    _show(f"  {step} …", sys.stderr)


def show_defect(defect: BaseException) -> None:
    """Print the traceback of a defect; its last line quotes the error's message."""
    import traceback

    for part in traceback.format_exception(defect):
        for line in part.rstrip("\n").split("\n"):
            _show(line, sys.stderr)


def show_nothing(step: str) -> None:
    """Ignore a step: for runs whose progress nobody watches."""


def show_report(report: Report, *, as_json: bool) -> None:
    if as_json:
        _show_json(report.as_json())
    else:
        for line in report.lines():
            _show(line)


def show_status(said: Mapping[str, Any], *, cure_of_unit: str, as_json: bool) -> None:
    if as_json:
        _show_json(said)
        return
    last = said["lastRun"]
    ended = f"{last['at']} exit {last['exit']}: {last['summary']}" if last else "none"
    for each in said["publications"]:
        _show_rows(_rows_of(each, str(said["server"])))
    _show_rows({"last run": ended})
    if said["unit"] == "older":
        _show(f"the systemd service is not what this version writes: {cure_of_unit}")
    for warning in dict.fromkeys(w for each in said["publications"] for w in each["warnings"]):
        _show(warning)
    for damage in said["damaged"]:
        _show(f"{damage['what']}; cure: {damage['cure']}")
    if said["switching"]:
        _show("a switch was begun and is not undone yet; `ecs-anywhere-dns apply` does that first")


def _rows_of(said: Mapping[str, Any], server: str) -> dict[str, Any]:
    """Return the rows that are shown of one VPC."""
    return {
        "vpc": said["vpc"],
        "server": server,
        "believes": f"account {said['account']}, addresses in {' '.join(said['networks'])}",
        "key": "; ".join(f"{key['id'] or 'no id'} {key['fingerprint']}" for key in said["keys"])
        or "none",
        "state": said["state"],
        "generation": said["generation"] or "none",
        "applied at": said["appliedAt"] or "never",
        **({"standby": said["standby"]} if said["standby"] else {}),
        "zones": " ".join(said["zones"]) or "none",
        "forwarders": " ".join(said["forwarders"]) or "none",
    }


def _show_rows(rows: Mapping[str, Any]) -> None:
    for key, value in rows.items():
        _show(f"{key:<{STATUS_WIDTH}} {value}")


def show_findings(findings: Sequence[Finding], *, as_json: bool) -> None:
    if as_json:
        _show_json([vars(finding) for finding in findings])
        return
    for finding in findings:
        _show(f"{'ok  ' if finding.ok else 'LOOK'}  {finding.what}")
        if finding.cure and not finding.ok:
            _show(f"      cure: {finding.cure}")


def show_fragments(fragments: Sequence[Fragment], *, as_json: bool) -> None:
    """Print each file below its name. A single file goes to a pipe or a file as it is, so that
    `render > FILE` is that file."""
    if as_json:
        _show_text_in_json([{"path": str(item.path), "text": item.text} for item in fragments])
        return
    if len(fragments) == 1 and not sys.stdout.isatty():
        _show_text(fragments[0].text)
        return
    for number, item in enumerate(fragments):
        if number:
            _show("")
        _show(f"==> {item.path} <==")
        _show_text(item.text)
    if not sys.stdout.isatty():
        _show(f"{len(fragments)} files: `--output FOLDER` writes each by itself", sys.stderr)


def _show_text(text: str) -> None:
    for line in text.removesuffix("\n").split("\n"):
        # The tabs are our own, and the text is to be taken over as it is.
        print("\t".join(map(visible, line.split("\t"))))


def show_lines(lines: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        _show_json({"did": list(lines)})
        return
    for line in lines:
        _show(line)


def _show(line: str, stream: IO[str] | None = None) -> None:
    print(visible(line), file=stream or sys.stdout, flush=stream is sys.stderr)


def _show_json(said: Any) -> None:
    _show_text_in_json(visible_in(said))


def _show_text_in_json(said: Any) -> None:
    """Print as JSON. Texts of many lines are not made visible before: JSON has escapes of its
    own."""
    # The one control character that JSON in ASCII leaves alone.
    print(json.dumps(said, indent=1).replace("\x7f", "\\u007f"))
