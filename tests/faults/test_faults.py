"""Every call may be throttled, fail, time out before or after its effect, or be the last thing that
its function does: each time the app converges by itself to the same end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults.bystanders import Bystanders
from tests.faults.cases import Lap, laps, recorded
from tests.faults.laps import Course
from tests.faults.table import record

TRIES = 4
"""A call that is waited for is made more or less often from run to run; the last of them may not be
reached at once."""
LAPS = laps(recorded())


@pytest.mark.parametrize("lap", LAPS, ids=map(str, range(len(LAPS))))
def test_it_ends_as_without_the_fault(
    lap: Lap,
    course: Course,
    bystanders: Bystanders,
    record_property: Callable[[str, object], None],
) -> None:
    theirs = bystanders.as_they_are()
    for _ in range(TRIES):
        outcomes = list(course.run(lap))
        met = [outcome for outcome in outcomes if outcome.case and outcome.met]
        for outcome in met:
            record(outcome, record_property)
        differing = [f"{each.case}: {each.differs}" for each in outcomes if each.differs]
        assert not differing, "\n".join(differing)
        lap = {phase: case for phase, case in lap.items() if case not in [m.case for m in met]}
        if not lap:
            break
    assert bystanders.as_they_are() == theirs
    assert not lap, f"never met: {', '.join(map(str, lap.values()))}"
