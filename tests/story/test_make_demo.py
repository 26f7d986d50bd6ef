"""`make demo` as the README's reader runs it, and what a broken app looks like in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.settings import REPOSITORY
from tests.story.stranger import terminal

DEMO = (sys.executable, "-m", "local", "demo")


@pytest.fixture(autouse=True)
def told_apart() -> None:
    """Nothing to tell apart: each of these has an AWS of its own."""


def test_the_demo_shows_every_answer_and_that_nothing_is_left() -> None:
    done = demo("make", "demo", "REGION=eu-central-1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is privately connected" in done.stdout
    assert "│ ecs-a.eu-central-1.amazonaws.com" in done.stdout
    assert "✗" not in done.stdout
    assert "believes documents that this key signed: " in done.stdout
    assert "WARNING" not in done.stdout
    assert "28 of 28 answers on-premises are private" in done.stdout
    assert ", 0 for these names" in done.stdout
    assert "confirmed by dns1 bind" in done.stdout
    assert "56 PRIVATE, 0 PUBLIC, 0 FAILED" in done.stdout, "from a container host"
    assert "for the change ticket: " in done.stdout
    assert "28 of 28 answers on-premises are the internet's again" in done.stdout
    assert done.stdout.rstrip().endswith("done: one tag on, one tag off, nothing left")


def test_a_broken_app_fails_the_demo_with_the_reason_last(tmp_path: Path) -> None:
    checkout = a_checkout(tmp_path)
    handler = checkout / "functions" / "handlers" / "publish.py"
    handler.write_text(handler.read_text().replace('event["desired"]', 'event["desried"]'))
    done = demo(*DEMO, cwd=checkout)
    assert done.returncode == 1
    *_, last = done.stdout.rpartition("failed: the execution FAILED, KeyError: ")
    assert " ".join(last.split()) == (
        "10 interface endpoints and an inbound resolver stand and cost about 328 USD a month until "
        "the tag is removed; a fault in the app itself, not in this VPC - a later "
        "sweep tries again: report it with the error in the execution's history"
    )


def test_a_demo_before_make_setup_says_so(tmp_path: Path) -> None:
    checkout = a_checkout(tmp_path)
    (checkout / ".venv-lambda").unlink()
    done = demo(*DEMO, cwd=checkout)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("run `make setup` first: ")
    assert done.stderr.count("\n") == 1


def test_ctrl_c_ends_a_demo_without_a_word() -> None:
    with terminal(*DEMO) as opened:
        opened.wait_for_line("  ")
        assert opened.press_ctrl_c() == 130
    assert "Traceback" not in "\n".join(opened.output)


def demo(*command: str, cwd: Path = REPOSITORY) -> subprocess.CompletedProcess[str]:
    wide = os.environ | {"COLUMNS": "130"}
    return subprocess.run(
        command, cwd=cwd, env=wide, capture_output=True, text=True, timeout=240, check=False
    )


def a_checkout(folder: Path) -> Path:
    """A copy that can be broken; what `make setup` installed is shared."""
    for name in ("functions", "local", "statemachine"):
        shutil.copytree(REPOSITORY / name, folder / name)
    shutil.copy2(REPOSITORY / "template.yaml", folder)
    for name in (".local", ".venv-lambda"):
        (folder / name).symlink_to(REPOSITORY / name)
    return folder
