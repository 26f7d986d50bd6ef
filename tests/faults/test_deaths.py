"""The execution is stopped at each state: the next sweep takes the hold over and goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from local.state_machines.stops import Stop
from tests.faults.cases import SHARE
from tests.faults.laps import Course
from tests.faults.phases import PHASES, Phase
from tests.faults.table import DEATH
from tests.template import workflow

STATES = [name for scope in workflow.scopes(workflow.definition()) for name in scope.states]
ON_OTHER_WAYS = {
    "Somebody else is at work": "it holds nothing",
    "Nothing made": "nothing is under way there",
    "Turn off private DNS": "after a failed verification",
    "Report failure": "after a failure",
    "Unreported": "after a failure that nobody could be told of",
    "Failed": "after a failure",
    "Await acknowledgements": "where a DNS host acknowledges",
    "Tell when its turn is": "behind other VPCs",
    "Await its turn": "behind other VPCs",
    "Tell when it goes": "behind other VPCs",
    "Await its turn to go": "behind other VPCs",
    "Torn down by a later sweep": "behind hundreds of other VPCs",
    "Await its turn to switch over": "behind other VPCs",
    "Await its turn to turn off": "behind other VPCs",
}
"""States that no phase without a fault enters, and when they are."""

MOMENTS = [
    (state, kind)
    for kind in ("Entered", "Exited")
    for state in STATES
    if state not in ON_OTHER_WAYS
][:: (SHARE + 1) // 2]
"""A death costs as much as two faults."""


@pytest.mark.parametrize(("state", "kind"), MOMENTS)
def test_it_ends_as_if_nobody_had_stopped_it(
    state: str, kind: str, course: Course, record_property: Callable[[str, object], None]
) -> None:
    stop, died = Stop(state, kind), None
    for phase in PHASES:
        if died is None and state in course.states[phase.name]:
            died = course.die(phase, stop)
            record_property(DEATH, _told(phase, stop, died.sweeps, died.told))
            assert not died.differs, died.differs
        elif not phase.changes_options or _is_needed(course, state):
            outcome = course.go(phase, None)
            assert not outcome.differs, outcome.differs
    assert died, f"{state} is on no way: put it among ON_OTHER_WAYS, with its way"
    assert stop.execution, f"no phase came to {state}"


def _is_needed(course: Course, state: str) -> bool:
    """Whether an option has to be changed on the way to it."""
    plain = [phase for phase in PHASES if not phase.changes_options]
    return not any(state in course.states[phase.name] for phase in plain)


def _told(phase: Phase, stop: Stop, sweeps: int, mails: int) -> tuple[str, str, str]:
    healed = f"by sweep {sweeps}" if sweeps else "it had done all there was to do"
    return phase.name, f"{stop.state} {stop.kind.lower()}", f"{healed}, {mails} mails"


def test_every_other_state_says_when_it_is_entered() -> None:
    assert set(STATES) >= ON_OTHER_WAYS.keys()
