"""The table: calls times kinds, how many were run, what healed them, and how many were lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tests.faults.cases import cases, recorded
from tests.faults.kinds import KINDS
from tests.faults.laps import Outcome
from tests.faults.phases import PHASES

PROPERTY = "fault"
DEATH = "death"
HEALERS = ("the same run", "the next knock", "the next sweep", "lost")


def record(outcome: Outcome, record_property: Any) -> None:
    assert outcome.case
    case = outcome.case
    what = (case.phase, case.kind.name, outcome.healed_by, outcome.told, str(case))
    record_property(PROPERTY, what)


def summary(reports: Iterable[Any]) -> Iterator[tuple[str, Sequence[str]]]:
    """Sections to print, of the tests that ran."""
    properties = [each for report in reports for each in report.user_properties]
    if faults := [value for name, value in properties if name == PROPERTY]:
        yield "one fault at a time", [*_fault_lines(faults)]
    if deaths := [value for name, value in properties if name == DEATH]:
        yield "an execution stopped at every state", [*_death_lines(deaths)]


def _fault_lines(faults: Sequence[Sequence[Any]]) -> Iterator[str]:
    calls = recorded()
    yield f"{'':10} {'':36} {'calls':>5} {'run':>5}  healed by {'  '.join(HEALERS)}  mails"
    for phase in PHASES:
        for kind in KINDS:
            mine = [fault for fault in faults if fault[:2] == (phase.name, kind.name)]
            of_all = sum(case.kind is kind for case in cases(calls, phase.name))
            healed = Counter(fault[2] for fault in mine)
            cells = "  ".join(f"{healed[how] or '-':>{len(how)}}" for how in HEALERS)
            counts = f"{of_all:5} {len(mine):5}            {cells}"
            mails = sum(fault[3] for fault in mine)
            yield f"{phase.name:10} {kind.name:36} {counts}  {mails:5}"
    for _, _, healed_by, _, case in sorted(faults, key=tuple):
        if healed_by != "the same run":
            yield f"{healed_by}: {case}"
    lost = sum(fault[2] == "lost" for fault in faults)
    yield f"{len(faults)} run, {lost} lost"


def _death_lines(deaths: Sequence[Sequence[Any]]) -> Iterator[str]:
    for phase, state, healed in deaths:
        yield f"{phase:10} {state:40} {healed}"
