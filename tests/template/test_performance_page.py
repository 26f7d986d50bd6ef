"""The counts on the page of performance are those that a test guards."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from tests.story.test_counts import OWN_STATE, READS, TRANSITIONS

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "performance.md").read_text()
COUNTS: Mapping[str, Mapping[str, int]] = json.loads(
    (REPOSITORY / "tests" / "story" / "counts.json").read_text()
)
STORIES = ("enable", "disable", "knock")
"""The columns of the table, in its order."""


def cells(row: str) -> list[list[int]]:
    """Return the numbers of each cell of a row of the table, but for what stands in brackets."""
    [line] = [line for line in PAGE.splitlines() if line.startswith(f"| {row} |")]
    return [
        [int(number) for number in re.findall(r"\d+", re.sub(r"\(.*?\)", "", cell))]
        for cell in line.strip("|").split("|")[1:]
    ]


def own(counts: Mapping[str, int]) -> int:
    return sum(number for name, number in counts.items() if name.startswith(OWN_STATE))


def reads(counts: Mapping[str, int]) -> int:
    return sum(
        number
        for name, number in counts.items()
        if not name.startswith(OWN_STATE) and name.partition(":")[2].startswith(READS)
    )


def calls(counts: Mapping[str, int]) -> int:
    return sum(number for name, number in counts.items() if name != TRANSITIONS) - own(counts)


def test_the_calls_to_aws_are_those_that_are_guarded() -> None:
    assert cells("calls to AWS, at zero") == [
        [calls(counts), reads(counts), calls(counts) - reads(counts)]
        for counts in map(COUNTS.__getitem__, STORIES)
    ]


def test_the_calls_for_our_own_state_are_those_that_are_guarded() -> None:
    row = "calls for our own state (ledger, start), at zero"
    assert cells(row) == [[own(COUNTS[story])] for story in STORIES]


def test_the_transitions_are_those_that_are_guarded() -> None:
    row = "state transitions, at zero"
    assert cells(row) == [[COUNTS[story][TRANSITIONS]] for story in STORIES]
