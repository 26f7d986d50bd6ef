"""The execution is stopped at each state: the next sweep takes the hold over and goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from local.state_machines.stops import Stop
from tests.faults.laps import Course
from tests.faults.phases import PHASES, Phase
from tests.faults.situations import NEVER_STOPPED_AT, OTHER_WAYS
from tests.faults.table import DEATH
from tests.template import workflow

STATES = [name for scope in workflow.scopes(workflow.definition()) for name in scope.states]
MOMENTS = [
    (state, kind)
    for kind in ("Entered", "Exited")
    for state in STATES
    if state not in {*OTHER_WAYS, *NEVER_STOPPED_AT}
]
OTHER_MOMENTS = [
    (state, kind)
    for kind in ("Entered", "Exited")
    for state in OTHER_WAYS
    if kind == "Entered" or state not in {"Failed", "Could not be made"}
]
"""A Fail state is not exited: it ends the execution."""


@pytest.mark.parametrize(("state", "kind"), MOMENTS)
def test_it_ends_as_if_nobody_had_stopped_it(
    state: str, kind: str, course: Course, record_property: Callable[[str, object], None]
) -> None:
    stop, died = Stop(state, kind), None
    options_matter = _is_needed(course, state)
    for phase in PHASES:
        if phase.changes_options and not options_matter:
            continue  # to drop an option that was never added is no event
        if died is None and state in course.states[phase.name]:
            died = course.die(phase, stop)
            record_property(DEATH, _told(phase, stop, died.sweeps, died.told))
            assert not died.differs, died.differs
        else:
            outcome = course.go(phase, None)
            assert not outcome.differs, outcome.differs
    assert died, f"{state} is on no way: put it among OTHER_WAYS, with its way"
    assert stop.execution, f"no phase came to {state}"


@pytest.mark.parametrize(("state", "kind"), OTHER_MOMENTS)
def test_it_ends_so_also_where_something_else_was_in_the_way(
    state: str, kind: str, course: Course, record_property: Callable[[str, object], None]
) -> None:
    """A failure that was being reported, a turn, a DNS host: it is over by the next sweep."""
    stop, way = Stop(state, kind), OTHER_WAYS[state]
    options_matter = any(phase.changes_options and phase.name == way.phase for phase in PHASES)
    for phase in PHASES:
        if phase.name == way.phase:
            died = course.die(phase, stop, way.situation)
            record_property(DEATH, _told(phase, stop, died.sweeps, died.told))
            assert not died.differs, died.differs
        elif options_matter or not phase.changes_options:
            outcome = course.go(phase, None)
            assert not outcome.differs, outcome.differs
    assert stop.execution, f"{way.phase} did not come to {state}"


def _is_needed(course: Course, state: str) -> bool:
    """Whether an option has to be changed on the way to it."""
    plain = [phase for phase in PHASES if not phase.changes_options]
    return not any(state in course.states[phase.name] for phase in plain)


def _told(phase: Phase, stop: Stop, sweeps: int, mails: int) -> tuple[str, str, str]:
    healed = f"by sweep {sweeps}" if sweeps else "it had done all there was to do"
    return phase.name, f"{stop.state} {stop.kind.lower()}", f"{healed}, {mails} mails"


def test_every_state_is_stopped_at_or_has_a_reason_why_not() -> None:
    assert set(STATES) >= OTHER_WAYS.keys() | NEVER_STOPPED_AT.keys()
    assert not OTHER_WAYS.keys() & NEVER_STOPPED_AT.keys()
