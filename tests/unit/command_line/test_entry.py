"""How the command line begins: at once, and without a traceback where a person leaves early."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]


def begun(tmp_path: Path, while_loading: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line, as a shell starts a program; `while_loading` is done when it loads
    boto3."""
    (tmp_path / "boto3.py").write_text(while_loading)
    path = (tmp_path, ROOT / "functions", ROOT / "cli")
    return subprocess.run(
        [sys.executable, "-m", "ecs_anywhere", *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        # Whatever runs these tests in the background ignores Ctrl-C, and hands that down.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def test_who_leaves_while_it_loads_sees_no_traceback(tmp_path: Path) -> None:
    """A shell shows 130 for a program that ended by this signal."""
    left = begun(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGINT)", "status")
    assert (left.returncode, left.stdout, left.stderr) == (-signal.SIGINT, "", "")


def test_the_command_that_is_installed_is_the_module_that_runs() -> None:
    project = tomllib.loads((ROOT / "cli" / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"ecs-anywhere": "ecs_anywhere.__main__:main"}


def test_it_answers_ctrl_c_itself_once_it_is_loaded(tmp_path: Path) -> None:
    loaded = (
        "import signal, sys\n"
        "import typer\n"
        "class App(typer.Typer):\n"
        "    def __call__(self, *a, **k):\n"
        "        print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)\n"
        "        sys.exit(0)\n"
        "typer.Typer = App\n"
        "def Session(*a, **k): raise AssertionError\n"
    )
    ran = begun(tmp_path, loaded, "status")
    assert (ran.returncode, ran.stdout) == (0, "True\n"), ran.stderr


def test_output_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    """On a full disk; `leaks` of a file needs no AWS."""
    records = tmp_path / "records.json"
    records.write_text('{"Records": []}')
    path = os.pathsep.join(map(str, (ROOT / "functions", ROOT / "cli")))
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "ecs_anywhere", "leaks", "--file", str(records)],
            env={**os.environ, "PYTHONPATH": path},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=120,
        )
    assert ran.returncode == 3
    assert ran.stderr.startswith("what was found cannot be written: [Errno 28]")
    assert "Traceback" not in ran.stderr
