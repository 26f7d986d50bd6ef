"""Report an unreported end: a person hears which execution, how it ended, and what happens next."""

from __future__ import annotations

from connectivity.usecases.report_unreported_end import report_unreported_end

from tests.unit.usecases.fakes import FakeNotifications, Weather

EXECUTION = "arn:aws:states:us-east-2:123456789012:execution:private-connectivity:vpc-1-2"


def test_a_person_is_told_which_execution_could_not_say_how_it_ended() -> None:
    notifications = FakeNotifications(Weather())
    said = report_unreported_end(EXECUTION, "TIMED_OUT", notifications)
    (sent,) = notifications.sent
    assert sent.endswith(said)
    assert f"The execution {EXECUTION} ended without a report: TIMED_OUT." in said
    assert "the next sweep goes on from there" in said
