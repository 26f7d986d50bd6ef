"""`make record` writes calls.json: which calls each phase makes."""

from __future__ import annotations

import json
from collections import Counter

from local.unkind.chance import caller_of
from tests.faults.cases import FILE, Calls
from tests.faults.conftest import deployed
from tests.faults.laps import Course
from tests.faults.phases import PHASES, Phase

LAPS = 4


def calls_of(course: Course) -> Calls:
    """Return phase -> call -> how often it came at least, in some laps without a fault: what is
    waited for is asked more or less often."""
    laps = [{phase.name: _calls(course, phase) for phase in PHASES} for _ in range(LAPS)]
    return {
        phase.name: {
            call: min(lap[phase.name].get(call, 0) for lap in laps) for call in laps[0][phase.name]
        }
        for phase in PHASES
    }


def _calls(course: Course, phase: Phase) -> dict[str, int]:
    aws = course.app.aws
    since = aws.journal.mark()
    course.go(phase, None)
    made = Counter(
        f"{caller_of(call.role_arn).removeprefix(f'{aws.settings.stack_name}-')} {call.name}"
        for call in aws.journal.calls(since)
        if call.role_arn
    )
    return dict(sorted(made.items()))


if __name__ == "__main__":
    with deployed() as app:
        course = Course(app, app.vpc())
        course.learn()
        FILE.write_text(json.dumps(calls_of(course), indent=2) + "\n")
