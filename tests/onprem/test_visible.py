"""Text of others reaches neither a terminal nor a journal as it is."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from ecs_anywhere_dns.cli import main
from ecs_anywhere_dns.outcome import BadUsage, Exit
from ecs_anywhere_dns.printing import (
    accept_any_locale,
    show_defect,
    show_findings,
    show_lines,
    show_report,
    show_status,
    show_step,
)
from ecs_anywhere_dns.publication.acknowledgement import LARGEST_VALUE, Statement, acknowledgement
from ecs_anywhere_dns.report import Report
from ecs_anywhere_dns.servers.contract import Finding
from ecs_anywhere_dns.subprocesses import run
from ecs_anywhere_dns.visible import visible
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.onprem.example import content, fit
from tests.onprem.lab.forked import PATH

HOSTILE = [
    "\x1b]0;title\x07\x1b[2J", "line\nok: forged\r", "\u202eright to left", "\ud800", "\x7f\x9b31m",
    "\u2028\u2029\x85\x0b\x0c", "\ufeff\u200b\U000e0001", "\0",
]  # fmt: skip
ANY = st.text(st.characters(exclude_categories=[]), max_size=60) | st.sampled_from(HOSTILE)
VALUES = st.recursive(
    ANY | st.integers() | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY, inner, max_size=3),
    max_leaves=8,
)


@contextlib.contextmanager
def written(encoding: str = "ascii") -> Any:
    """Both streams, as a locale with that encoding has them: what it lacks is an error."""
    out = io.TextIOWrapper(io.BytesIO(), encoding, errors="strict", newline="")
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        accept_any_locale()
        yield out
        out.flush()


def shown(out: io.TextIOWrapper) -> str:
    raw = out.buffer
    assert isinstance(raw, io.BytesIO)
    return raw.getvalue().decode(out.encoding)


def assert_harmless(text: str) -> None:
    assert all(line.isprintable() for line in text.split("\n")), ascii(text)


@given(ANY)
def test_what_is_visible_is_one_printable_line_and_stays_as_it_is(text: str) -> None:
    seen = visible(text)
    assert seen.isprintable()
    assert visible(seen) == seen
    assert len(seen) >= len(text)
    if text.isprintable():
        assert seen == text


@pytest.mark.parametrize("text", HOSTILE)
def test_the_escape_tells_which_character_it_was(text: str) -> None:
    assert visible(text).encode("ascii").decode("unicode_escape") == text


@settings(max_examples=60, deadline=None)
@given(ANY, ANY, st.lists(ANY, max_size=3), st.sampled_from(["ascii", "latin-1", "utf-8"]))
def test_no_command_prints_text_of_others_as_it_is(
    one: str, other: str, more: list[str], encoding: str
) -> None:
    last = {"at": one, "exit": 0, "summary": other}
    said: dict[str, Any] = {
        "vpc": one, "server": other, "state": one, "generation": None, "appliedAt": one,
        "zones": more, "forwarders": more, "lastRun": last, "switching": True, "unit": "older",
        "damaged": [{"what": one, "cure": other}],
        "account": one, "networks": more, "keys": [{"id": one, "fingerprint": other}],
        "warnings": more, "standby": other,
    }  # fmt: skip
    said["publications"] = [dict(said)]
    report = Report("apply", summary=one, cure=other, findings=tuple(more), hints=tuple(more))
    with written(encoding) as out:
        for as_json in (False, True):
            show_report(report, as_json=as_json)
            show_status(said, cure_of_unit="", as_json=as_json)
            show_findings([Finding(False, one, other)], as_json=as_json)
            show_lines(more, as_json=as_json)
        show_step(one)
        show_defect(ValueError(other))
    assert_harmless(shown(out))


@settings(max_examples=60, deadline=None)
@given(ANY, st.lists(ANY, max_size=3))
def test_json_is_ascii_for_every_reader(one: str, more: list[str]) -> None:
    report = Report("apply", summary=one, findings=tuple(more), seconds={one: 1.0})
    with written("utf-8") as out:
        show_report(report, as_json=True)
    text = shown(out)
    assert text.isascii() and "\x7f" not in text
    said = json.loads(text)
    assert said["summary"] == visible(one)
    json.dumps(said, ensure_ascii=False).encode("utf-8")


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(list(content())) | ANY, VALUES, max_size=4))
def test_no_publication_writes_to_the_terminal_what_it_likes(changes: dict[str, Any]) -> None:
    """`render` of a file that anybody brought: it is refused, and quoted harmlessly."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "document.json"
        file.write_text(json.dumps(content() | changes))
        words = ["--config", f"{folder}/none", "render", "--server", "bind", "--source", str(file)]
        with written() as out:
            code = main(words)
    assert code == Exit.REFUSED, shown(out)
    assert_harmless(shown(out))


@given(ANY, st.integers(0, 200))
def test_what_goes_back_to_aws_is_visible_and_fits(text: str, times: int) -> None:
    failed = Statement("failed", text * times, "2026-11-23T12:00:00Z")
    said = acknowledgement("dns1", "bind", fit(), failed)
    assert len(said.encode("utf-8")) <= LARGEST_VALUE
    assert json.loads(said)["detail"].isprintable()


def test_a_checkers_output_is_quoted_in_one_line() -> None:
    ran = run("printf", r"\033[2Jcleared\nok: forged\n")
    report = Report("apply").stopped(BadUsage(ran.said))
    with written() as out:
        show_report(report, as_json=False)
    assert_harmless(shown(out))
    assert r"\x1b[2Jcleared / ok: forged" in shown(out)


@pytest.mark.parametrize("locale", ["C", "POSIX", "en_US.ISO-8859-1"])
@pytest.mark.parametrize(
    "words", [("--help",), ("init", "--help"), ("status",), ("\x1b[2J\udcff",)]
)
def test_the_command_works_in_every_locale(
    tmp_path: Path, locale: str, words: tuple[str, ...]
) -> None:
    """Also where Python does not turn C into UTF-8 by itself."""
    config = os.fsencode(tmp_path) + b"/\x1b[2J\xff\xe2\x80\xae.toml"
    ran = subprocess.run(
        [sys.executable, "-m", "ecs_anywhere_dns", "--config", config, *words],
        env={
            "PATH": os.environ["PATH"], "PYTHONPATH": PATH, "LC_ALL": locale,
            "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii:strict",
        },
        capture_output=True,
        check=False,
        timeout=60,
    )  # fmt: skip
    assert ran.returncode in (Exit.DONE, Exit.USAGE), ran
    assert b"Traceback" not in ran.stderr
    assert_harmless((ran.stdout + ran.stderr).decode("ascii"))
