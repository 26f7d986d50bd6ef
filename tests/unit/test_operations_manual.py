"""The operations manual says of everything that can come up what it means and what to do."""

from __future__ import annotations

import re
from pathlib import Path

from connectivity.domain.measures import UNITS

from tests.template.sam_template import resources

DOCS = Path(__file__).parents[2] / "docs"
MANUAL = (DOCS / "operations.md").read_text()


def section(title: str) -> str:
    """Return the text below a heading of any level, up to the next one."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", MANUAL, re.M | re.S)
    assert found, title
    return found[1]


def rows(text: str) -> list[list[str]]:
    """Return the cells of every row of the tables in `text` whose first cell is code."""
    lines = (line.strip() for line in text.splitlines())
    cells = ([c.strip() for c in line.strip("|").split("|")] for line in lines if line[:3] == "| `")
    return [[each[0].strip("`"), *each[1:]] for each in cells]


def test_the_table_of_metrics_has_every_metric_with_its_unit_and_no_other() -> None:
    told = {name: unit for name, unit, *_ in rows(section("Metrics"))}
    assert told == UNITS


def test_the_table_of_alarms_has_every_alarm_of_the_template_and_no_other() -> None:
    alarms = resources("AWS::CloudWatch::Alarm")
    assert {name for name, *_ in rows(section("Alarms"))} == alarms.keys()
