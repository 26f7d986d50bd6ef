"""The architecture as a failing test: who may know whom, and how little a handler may do."""

from __future__ import annotations

import ast
import io
import os
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterable
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[2]
FUNCTIONS = ROOT / "functions"
PATHS = (FUNCTIONS, ROOT / "onprem", ROOT / "cli", ROOT)
MODULES = sorted(FUNCTIONS.rglob("*.py"))
HANDLERS = [path for path in MODULES if path.match("handlers/[a-z]*.py")]

LONGEST_HANDLER = 30
"""Lines of code. A handler is parse, one call, answer; what does not fit is a use case."""

LONGEST_MODULE = 250
"""Lines of code. A module that nobody can read in one sitting has become two."""


def test_every_import_contract_is_kept() -> None:
    lint_imports = Path(sys.executable).with_name("lint-imports")
    linted = subprocess.run(
        [lint_imports, "--no-cache"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, PATHS)), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_the_domain_imports_only_the_standard_library_and_itself() -> None:
    graph = grimp.build_graph("connectivity", include_external_packages=True, cache_dir=None)
    imported = {
        name.partition(".")[0]
        for module in graph.find_descendants("connectivity.domain")
        for name in graph.find_modules_directly_imported_by(module)
    }
    assert imported - sys.stdlib_module_names == {"connectivity"}


IMPORT_EVERY_HANDLER = """
import importlib, sys
import boto3, botocore.session

def refuse(*_, **__):
    raise AssertionError("a handler calls AWS when it is imported")

boto3.Session = boto3.client = boto3.resource = refuse
botocore.session.Session = botocore.session.get_session = refuse
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except KeyError as error:
        raise AssertionError(f"{name} reads {error} when it is imported") from error
"""


def test_importing_a_handler_makes_no_client_and_reads_no_environment_variable() -> None:
    """Else a function needs variables and permissions that it does not use, and cannot be tried
    without an account. The environment is empty, and a variable that is missing is a KeyError."""
    names = [f"handlers.{path.stem}" for path in HANDLERS]
    imported = subprocess.run(
        [sys.executable, "-c", IMPORT_EVERY_HANDLER, *names],
        cwd=FUNCTIONS,
        env={},
        capture_output=True,
        text=True,
    )
    assert imported.returncode == 0, imported.stderr


def test_a_variable_that_is_missing_is_always_an_error() -> None:
    """`environ["NAME"]` names what is missing; a default would hide it."""
    lenient = re.compile(r"getenv|environ(ment)?\.(get|setdefault|pop)\b")
    assert not [path for path in MODULES if lenient.search(path.read_text())]


def test_handlers_are_short() -> None:
    assert not _longer_than(LONGEST_HANDLER - 1, HANDLERS)


def test_every_module_can_be_read_in_one_sitting() -> None:
    assert not _longer_than(LONGEST_MODULE, MODULES)


def _longer_than(lines: int, paths: Iterable[Path]) -> dict[str, int]:
    lengths = {str(path.relative_to(ROOT)): _lines_of_code(path.read_text()) for path in paths}
    return {name: length for name, length in lengths.items() if length > lines}


def _lines_of_code(source: str) -> int:
    """Without blank lines, comments and docstrings: explaining more is never too long."""
    docstrings = {
        line
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    code = {
        line
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.string.strip() and token.type != tokenize.COMMENT
        for line in range(token.start[0], token.end[0] + 1)
    }
    return len(code - docstrings)
