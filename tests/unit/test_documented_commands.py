"""A reader copies the commands of the documentation: each variable of the shell in them is set
there, or where the page says so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.template.sam_template import TEMPLATE

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "guide.md").read_text()
PAGES = [ROOT / "README.md", ROOT / "cli" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = "guide.md#the-outputs"
_USED = re.compile(r"\$\{?([A-Z][A-Z0-9_]+)")
_SET = re.compile(r"\b([A-Z][A-Z0-9_]+)=")


def commands(page: str) -> str:
    """Return the indented and the fenced lines of a page."""
    fenced = re.findall(r"^```(?!mermaid).*?\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    indented = re.findall(r"^ {4}.*$", page, re.MULTILINE)
    return "\n".join([*fenced, *indented])


def outputs() -> str:
    """Return the guide's section about the stack's outputs."""
    return GUIDE.partition("\n### The outputs\n")[2].partition("\n#")[0]


def unset(page: str, elsewhere: str = "") -> set[str]:
    """Return the variables of the page's commands that neither the page nor `elsewhere` sets."""
    there = {*_SET.findall(commands(page)), *_SET.findall(commands(elsewhere))}
    return {*_USED.findall(commands(page))} - there


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_variable_in_a_command_is_set_on_the_page_or_where_it_says(page: Path) -> None:
    text = page.read_text()
    assert unset(text, outputs() if LINK in text else "") == set()


def test_a_variable_that_nobody_sets_is_noticed() -> None:
    assert unset("    aws s3 ls s3://$BUCKET\n") == {"BUCKET"}
    assert unset("    BUCKET=records\n    aws s3 ls s3://$BUCKET\n") == set()


def test_the_guide_names_every_output_of_the_stack_and_sets_variables_from_no_other() -> None:
    listed = re.findall(r"^\| (`.*?) \|", outputs(), re.MULTILINE)
    named = {name for cell in listed for name in re.findall(r"`(\w+)`", cell)}
    assert named == TEMPLATE["Outputs"].keys()
    assert {*re.findall(r"\$\(output (\w+)\)", outputs())} <= named
