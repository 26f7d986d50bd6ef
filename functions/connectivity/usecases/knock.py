"""Knock: look at this VPC. The only way in, whatever the event was."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from connectivity.domain.ledger import Entry
from connectivity.domain.mails import Allowance
from connectivity.usecases.ports import Executions, Ledger

MOST_OF_HOSTS_AN_HOUR = 60
"""Executions that the acknowledgements of one VPC's DNS hosts start; the sweep does the rest."""

logger = logging.getLogger(__name__)


def knock(
    vpc_id: str,
    because: str,
    ledger: Ledger,
    executions: Executions,
    heard: Mapping[str, str] | None = None,
) -> str | None:
    """Count the knock, and start an execution unless one is at work. Return its ARN, or None.

    Counting comes first: whoever is at work sees the count before it ends, and goes round again.
    An execution that finds another at work ends at once, so a race here costs a few transitions
    and never a wish. `heard` are the wish tags, where the event told them: not to be believed, but
    to know that what AWS describes may be older.
    """
    return _start(ledger.knock(vpc_id, heard), because, executions)


def knock_for_host(vpc_id: str, now: str, ledger: Ledger, executions: Executions) -> str | None:
    """Knock because a DNS host has acknowledged; `now` is in ISO 8601 UTC. Return as `knock` does.

    Anybody with the hosts' policy can write under any VPC's id, as often as Parameter Store takes
    it. So a VPC that nobody ever asked for is nothing to look at, and the rest is counted.
    """
    entry = ledger.knock_if_known(vpc_id)
    if entry is None:
        logger.warning("an acknowledgement for %s, of which nothing is known", vpc_id)
        return None
    hourly = Allowance(f"acknowledgements/{vpc_id}", MOST_OF_HOSTS_AN_HOUR)
    if not ledger.allow(hourly, now[: len("2026-11-23T12")]):
        logger.warning("the hosts of %s acknowledge too often: the sweep looks at it", vpc_id)
        return None
    return _start(entry, "acknowledgement", executions)


def _start(entry: Entry, because: str, executions: Executions) -> str | None:
    if entry.holder is not None and executions.is_running(entry.holder):
        return None
    return executions.start(entry.vpc_id, entry.knocks, because)
