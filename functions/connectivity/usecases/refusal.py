"""Refusal: a request that is not carried out becomes an execution that says why."""

from __future__ import annotations

import logging

from connectivity.domain.errors import Fact
from connectivity.domain.mails import LONGEST_TEXT, NO_VPC, Allowance, hour_in
from connectivity.domain.printable import printable_lines
from connectivity.usecases.ports import Executions, Ledger

MOST_AN_HOUR = Allowance("refusals", 60)
"""The most refusals in an hour: anybody who may put events can send unreadable ones, as often as
the bus takes them."""

logger = logging.getLogger(__name__)


def refuse(
    vpc_id: str | None, problem: Fact, now: str, ledger: Ledger, executions: Executions
) -> str | None:
    """Return the execution that reports the problem, or None where there were sixty within this
    hour: then it is in the log. `now` is in ISO 8601 UTC."""
    error = type(problem).__name__
    logger.warning("request about %s refused, %s: %s", vpc_id, error, problem)
    if not ledger.allow(MOST_AN_HOUR, hour_in(now)):
        return None
    text = printable_lines(str(problem), LONGEST_TEXT)
    return executions.start_refused(vpc_id or NO_VPC, error, text)
