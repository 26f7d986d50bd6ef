"""`make test` visits every area, and with `make whole` every test is run."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests import shares

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "tests").rglob("test_*.py"))
MAKEFILE = (ROOT / "Makefile").read_text()


def recipe(target: str) -> str:
    found = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert found, target
    return found[1]


def functions(file: Path) -> set[str]:
    """Return the names of a file's test functions."""
    nodes = ast.walk(ast.parse(file.read_text()))
    named = (node.name for node in nodes if isinstance(node, ast.FunctionDef))
    return {name for name in named if name.startswith("test_")}


def named(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def test_make_test_names_every_folder_of_tests_once_but_what_needs_other_distributions() -> None:
    parts = re.findall(r"\btest-\w+", recipe("test"))
    run = "".join(map(recipe, ["test", *parts]))
    folders = {file.relative_to(ROOT).parts[1] for file in FILES} - {"distributions"}
    assert sorted(re.findall(r"\btests/(\w+)", run)) == sorted(folders)


def test_make_whole_is_make_test_with_nothing_left_out_and_what_has_a_command_of_its_own() -> None:
    whole = recipe("whole")
    assert "WHOLE=1 $(MAKE) test" in whole
    own = {"storms", "fleet", "second-opinion", "distributions"}
    assert own <= set(whole.split())
    assert recipe("distributions")


def test_every_file_has_a_test_in_make_test_but_one_that_is_a_rehearsal_as_a_whole() -> None:
    left = [named(f) for f in FILES if functions(f) <= shares.REHEARSALS.get(named(f), set())]
    assert left == ["tests/story/test_stack_deletion.py"]


@pytest.mark.parametrize("file", shares.REHEARSALS)
def test_what_is_left_to_make_whole_is_there(file: str) -> None:
    assert functions(ROOT / file) >= shares.REHEARSALS[file]


def test_a_share_is_of_a_file_that_is_there() -> None:
    assert shares.SHARES.keys() <= {named(file) for file in FILES}


@pytest.mark.parametrize("cases", range(1, 8))
def test_of_a_test_with_cases_at_least_one_is_run_and_by_its_name_always_the_same(
    cases: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "IS_WHOLE", False)
    chosen = shares.chosen(range(cases), "test_of_something", 3)
    assert 1 <= len(chosen) <= -(-cases // 3)
    assert chosen == shares.chosen(range(cases), "test_of_something", 3)


def test_with_whole_nothing_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "IS_WHOLE", True)
    assert shares.chosen(range(5), "test_of_something", 3) == [0, 1, 2, 3, 4]
    assert shares.examples(100) == 100


def collected(*words: str, **variables: str) -> tuple[Sequence[str], int]:
    """Return the cases that pytest would run, and how many it says that it left."""
    clean = {name: value for name, value in os.environ.items() if name != "WHOLE"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n", "0", *words],
        cwd=ROOT,
        env=clean | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    left = re.search(r"^(\d+) cases were left", done.stdout, re.MULTILINE)
    cases = [line for line in done.stdout.splitlines() if line.startswith("tests/")]
    return cases, int(left[1]) if left else 0


FILES_WITH_SERVERS = ("tests/onprem/test_apply.py", "tests/onprem/test_death.py")


def test_what_a_run_says_that_it_left_is_all_that_whole_would_have_run_beside() -> None:
    (part, left), (whole, none) = (
        collected(*FILES_WITH_SERVERS),
        collected(*FILES_WITH_SERVERS, WHOLE="1"),
    )
    assert none == 0
    assert len(part) + left == len(whole)
    assert set(part) < set(whole)
    for headline in shares.HEADLINES:
        if headline.startswith(FILES_WITH_SERVERS):
            assert sum(case.startswith(f"{headline}[") for case in part) == 6


def test_no_case_is_left_out_before_it_is_collected() -> None:
    """Where a module parametrizes a test with a share of its cases, nobody counts the others."""
    imported = {
        alias.name
        for file in FILES + sorted((ROOT / "tests/faults").glob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "tests.shares"
        for alias in node.names
    }
    assert imported == {"examples"}


def test_a_test_that_is_asked_for_by_its_name_has_every_server() -> None:
    first = "tests/onprem/test_apply.py::test_the_first_apply_makes_every_name_private"
    cases, left = collected(first)
    servers = ("bind", "unbound", "dnsmasq", "powerdns", "knot", "resolved")
    assert cases == [f"{first}[{server}]" for server in servers]
    assert left == 0


@pytest.mark.parametrize("headline", sorted(shares.HEADLINES))
def test_a_headline_is_there(headline: str) -> None:
    file, _, function = headline.partition("::")
    assert function in functions(ROOT / file)


def tables(document: Path) -> Sequence[Sequence[str]]:
    """Return the tables of a Markdown document, each as its lines."""
    parts = re.findall(r"(?:^\|.*\n)+", document.read_text() + "\n", re.MULTILINE)
    return [part.splitlines() for part in parts]


def test_no_table_says_that_make_test_runs_what_it_leaves_to_make_whole() -> None:
    """In the heading or in the row, beside the name of a file with a rehearsal."""
    rehearsed = {name for file in shares.REHEARSALS for name in (file, Path(file).name)}
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    wrong = [
        (document.name, row)
        for document in documents
        for heading, *rows in tables(document)
        for row in rows
        if "`make test`" in heading + row and any(f"`{name}`" in row for name in rehearsed)
    ]
    assert wrong == []
