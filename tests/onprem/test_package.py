"""The tool as it is installed: a wheel with everything in it, and nothing but what it needs."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tokenize
import tomllib
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from ecs_anywhere_dns import __version__
from ecs_anywhere_dns.outcome import Exit
from ecs_anywhere_dns.servers import RENDERED, SERVERS

from tests.onprem.example import published
from tests.onprem.lab.forked import REPOSITORY

ONPREM = REPOSITORY / "onprem"
PACKAGE = ONPREM / "ecs_anywhere_dns"
MODULES = sorted(PACKAGE.rglob("*.py"))
SCHEMAS = ("forwarding.schema.json", "acknowledgement.schema.json")
UV = Path(sys.executable).with_name("uv")
LONGEST_MODULE = 250
"""Lines of code."""
LONGEST_FUNCTION = 40
"""Lines, with its docstring."""


@dataclass(frozen=True)
class Installed:
    wheel: Path
    program: Path

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Without anything of this repository's in sight."""
        return subprocess.run(
            [self.program, *words],
            cwd="/",
            env={"PATH": os.environ["PATH"], "HOME": str(self.wheel.parent)},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def files(self) -> dict[str, bytes]:
        with zipfile.ZipFile(self.wheel) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist()}


def _run(*command: str | Path) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Built from a copy: a build leaves its traces in the folder."""
    folder = tmp_path_factory.mktemp("package")
    for part in ("onprem", "schemas"):
        shutil.copytree(
            REPOSITORY / part,
            folder / part,
            symlinks=True,
            ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"),
        )
    _run(UV, "build", "--quiet", "--wheel", "--out-dir", folder / "dist", folder / "onprem")
    (wheel,) = (folder / "dist").glob("*.whl")
    venv = folder / "venv"
    _run(UV, "venv", "--quiet", "--python", sys.executable, venv)
    _run(UV, "pip", "install", "--quiet", "--python", venv / "bin" / "python", wheel)
    return Installed(wheel, venv / "bin" / "ecs-anywhere-dns")


def test_the_installed_command_tells_its_version(installed: Installed) -> None:
    ran = installed.run("--version")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"{__version__}\n", "")
    project = tomllib.loads((ONPREM / "pyproject.toml").read_text())["project"]
    assert project["version"] == __version__


@pytest.mark.parametrize("server", [*SERVERS, *RENDERED])
def test_the_installed_command_renders(installed: Installed, server: str, tmp_path: Path) -> None:
    """It reads the schema that it brings."""
    source = tmp_path / "document.json"
    source.write_text(published())
    words = ("render", "--server", server, "--source", str(source))
    ran = installed.run("--config", str(tmp_path / "none.toml"), *words)
    assert ran.returncode == 0, ran
    # Several files in one pipe come with the way to have each by itself.
    assert ran.stderr == "" or "--output FOLDER" in ran.stderr, ran
    assert "10.0.0.32" in ran.stdout
    source.write_text(published(schema=2))
    assert installed.run("--config", str(tmp_path / "none.toml"), *words).returncode == 30


def test_the_installed_command_examines_the_host(installed: Installed, tmp_path: Path) -> None:
    ran = installed.run("--config", str(tmp_path / "none.toml"), "doctor", "--json")
    assert (ran.returncode, ran.stderr) == (0, ""), ran
    assert {"ok", "what", "cure"} == set(json.loads(ran.stdout)[0])


def test_the_wheel_holds_the_schemas_themselves(installed: Installed) -> None:
    files = installed.files()
    for name in SCHEMAS:
        assert files[f"ecs_anywhere_dns/{name}"] == (REPOSITORY / "schemas" / name).read_bytes()


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(installed: Installed) -> None:
    there = {
        str(path.relative_to(ONPREM))
        for package in (PACKAGE, ONPREM / "ecs_anywhere_check")
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {"ecs_anywhere_dns/py.typed", "ecs_anywhere_dns/systemd/ecs-anywhere-dns.timer"} <= there
    files = {name for name in installed.files() if ".dist-info/" not in name}
    manual = f"ecs_anywhere_dns-{__version__}.data/data/share/man/man8/ecs-anywhere-dns.8"
    assert files == {*there, manual}


def test_man_finds_the_page_where_the_wheel_is_installed(installed: Installed) -> None:
    pages = installed.program.parents[1] / "share" / "man"
    shown = subprocess.run(
        ["man", "-M", str(pages), "8", "ecs-anywhere-dns"],
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "MANPAGER": "cat"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "ECS-ANYWHERE-DNS(8)" in shown.stdout


def test_in_the_repository_the_schemas_are_one_file_with_two_names() -> None:
    """Two copies would part some day."""
    for name in SCHEMAS:
        assert (PACKAGE / name).resolve() == REPOSITORY / "schemas" / name


def test_it_needs_four_libraries_and_no_more(installed: Installed) -> None:
    (metadata,) = (text for name, text in installed.files().items() if name.endswith("/METADATA"))
    needed = re.findall(r"^Requires-Dist: ([\w-]+)", metadata.decode(), re.MULTILINE)
    assert needed == ["boto3", "cryptography", "dnspython", "jsonschema"]


IMPORT_ALL = """
import importlib, pkgutil, ecs_anywhere_dns
for module in pkgutil.walk_packages(ecs_anywhere_dns.__path__, "ecs_anywhere_dns."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
        print(module.name)
"""


def test_they_are_enough_for_every_module(installed: Installed) -> None:
    python = installed.program.with_name("python")
    ran = subprocess.run(
        [python, "-c", IMPORT_ALL], cwd="/", env={}, capture_output=True, text=True, timeout=60
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert len(ran.stdout.split()) == len([m for m in MODULES if m.name != "__main__.py"]) - 1


def test_the_command_line_does_not_load_boto3() -> None:
    """It takes half of a run's time, and what reads a file needs none of it."""
    code = (
        "import sys; from ecs_anywhere_dns.cli import parser; parser(); print(*sorted(sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ONPREM)},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    loaded = set(ran.stdout.split())
    assert "ecs_anywhere_dns.wiring" in loaded
    assert not loaded & {"boto3", "botocore", "urllib3"}


def _pythons() -> list[tuple[int, int, str]]:
    """Every Python that a version manager has here, with its version."""
    found = Path.home().glob(".pyenv/versions/[23].*/bin/python")
    numbers = {str(path): path.parts[-3].split(".") for path in found}
    return sorted((int(n[0]), int(n[1]), path) for path, n in numbers.items())


@pytest.mark.parametrize(
    ("major", "minor", "python"), [each for each in _pythons() if each[:2] < (3, 11)]
)
def test_a_python_that_is_too_old_says_what_to_install(major: int, minor: int, python: str) -> None:
    words = ("-m", "ecs_anywhere_dns", "apply")
    # Python 2 would leave its byte code beside the source, where the wheel's test finds it.
    environment = {"PYTHONPATH": str(ONPREM), "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run([python, *words], env=environment, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (Exit.USAGE, "")
    assert f"this is Python {major}.{minor}" in ran.stderr
    assert "dnf install" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_first_python_is_said_alike_everywhere() -> None:
    project = tomllib.loads((ONPREM / "pyproject.toml").read_text())["project"]
    said = project["requires-python"].removeprefix(">=")
    assert f"Python {said} or newer" in (PACKAGE / "__init__.py").read_text()
    assert f"({said.replace('.', ', ')})" in (PACKAGE / "__init__.py").read_text()
    assert f"Python {said} or newer" in (ONPREM / "README.md").read_text()


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_can_be_read_in_one_sitting(module: Path) -> None:
    assert len(_lines_of_code(module)) <= LONGEST_MODULE


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_function_can_be_seen_at_once(module: Path) -> None:
    functions = (
        node
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    for function in functions:
        length = (function.end_lineno or 0) - function.lineno + 1
        assert length <= LONGEST_FUNCTION, f"{function.name} has {length} lines"


def _lines_of_code(module: Path) -> set[int]:
    """Without comments, blank lines and docstrings."""
    text = module.read_text()
    idle = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    lines = {
        line
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type not in {*idle, tokenize.ENDMARKER}
        for line in range(token.start[0], token.end[0] + 1)
    }
    return lines - set(_docstrings(ast.walk(ast.parse(text))))


def _docstrings(nodes: Iterator[ast.AST]) -> Iterator[int]:
    for node in nodes:
        body: Sequence[ast.stmt] = getattr(node, "body", None) or ()
        for statement in body if isinstance(body, list) else ():
            is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
            if is_text:
                yield from range(statement.lineno, (statement.end_lineno or 0) + 1)
