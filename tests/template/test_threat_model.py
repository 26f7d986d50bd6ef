"""docs/threat-model.md promises a control for each threat, and names the test that shows it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "docs" / "threat-model.md"
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", MODEL.read_text())))
_ROW = re.compile(r"^\| ([A-Z]\d+) \|.*\|$", re.MULTILINE)


def test_every_threat_has_a_test_or_says_that_it_has_none() -> None:
    rows = [match[0] for match in _ROW.finditer(MODEL.read_text())]
    assert len(rows) >= 20
    assert not [row for row in rows if "::test_" not in row and "**no test**" not in row]


@pytest.mark.parametrize("file, name", NAMED, ids=lambda part: str(part).rsplit("/", 1)[-1])
def test_a_test_that_the_threat_model_names_exists(file: str, name: str) -> None:
    assert re.search(rf"^\s*(async )?def {name}\(", (ROOT / file).read_text(), re.MULTILINE)
