"""Idle: look once a day whether anybody uses a connection, when it is verified on the clock."""

from __future__ import annotations

from connectivity.domain import plan
from connectivity.domain.desired import Desired
from connectivity.domain.errors import Throttled, Unavailable
from connectivity.domain.survey import Survey
from connectivity.domain.usage import idle, is_about_idleness, stood_for
from connectivity.usecases.asked import Wished
from connectivity.usecases.aws import Aws


def idle_warnings(
    wished: Wished, desired: Desired, survey: Survey, now: float, aws: Aws
) -> tuple[str, ...]:
    """Return the warning of a connection that nobody uses; none where somebody does, or it cannot
    be told. In between what was told last stands. `now` is in seconds since the epoch."""
    days = aws.settings.idle_days
    if not (days and survey.entry.served.wish and stood_for(survey, days, now)):
        return ()
    was = any(is_about_idleness(line) for line in survey.entry.told)
    if _is_idle(survey, days, aws, was) if wished.verifies else was:
        return (idle(days, plan.monthly_dollars(desired)),)
    return ()


def _is_idle(survey: Survey, days: int, aws: Aws, was: bool) -> bool:
    """Return whether the connection is idle; where Amazon CloudWatch does not answer, whether it
    `was`."""
    serving = [e for e in survey.endpoints if e.id in survey.entry.verified_endpoints]
    try:
        resolver = survey.entry.served.resolver
        usage = aws.metrics.usage(survey.vpc.id, resolver, serving, days)
    except (Throttled, Unavailable):
        return was
    return was if usage is None else usage.is_idle(days)
