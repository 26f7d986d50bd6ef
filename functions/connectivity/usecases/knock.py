"""Knock: look at this VPC. The only way in, whatever the event was."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from connectivity.domain.errors import RequestPutOff
from connectivity.domain.ledger import Entry
from connectivity.domain.mails import Allowance, hour_in
from connectivity.usecases.ports import Executions, Ledger

MOST_OF_HOSTS_AN_HOUR = 60
"""Executions that the acknowledgements of one VPC's DNS hosts start; the sweep does the rest."""
MOST_REQUESTED_OF_A_VPC_AN_HOUR = 60
MOST_REQUESTED_AN_HOUR = 1000
"""Executions that accepted request events start, for all VPCs: no fleet is connected faster, as AWS
makes an interface endpoint every three seconds."""

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
    if not ledger.allow(hourly, hour_in(now)):
        logger.warning("the hosts of %s acknowledge too often: the sweep looks at it", vpc_id)
        return None
    return _start(entry, "acknowledgement", executions)


def knock_for_request(
    vpc_id: str, now: str, ledger: Ledger, executions: Executions, because: str = "request"
) -> str | None:
    """Knock because a request was accepted; `now` is in ISO 8601 UTC. Return as `knock` does.

    The wish is on the VPC's tags by then, so what is put off is lost to nobody: the sweep meets it.
    Raises RequestPutOff where there were too many within this hour, the first time; then it is in
    the log.
    """
    entry = ledger.knock(vpc_id, None)
    if _is_at_work(entry, executions):
        return None
    for allowance in (
        Allowance(f"requested/{vpc_id}", MOST_REQUESTED_OF_A_VPC_AN_HOUR),
        Allowance("requested", MOST_REQUESTED_AN_HOUR),
    ):
        if not ledger.allow(allowance, hour_in(now)):
            _put_off(vpc_id, allowance, now, ledger)
            return None
    return executions.start(entry.vpc_id, entry.knocks, because)


def _put_off(vpc_id: str, exceeded: Allowance, now: str, ledger: Ledger) -> None:
    said = (
        f"{exceeded.most} executions were started for request events within this hour"
        f"{f' about {vpc_id}' if vpc_id in exceeded.name else ''}: the wish is written on the tags "
        "of the VPC, and the next sweep meets it"
    )
    logger.warning("a request about %s is put off: %s", vpc_id, said)
    if ledger.allow(Allowance(f"told/{exceeded.name}", 1), hour_in(now)):
        raise RequestPutOff(said)


def _is_at_work(entry: Entry, executions: Executions) -> bool:
    return entry.holder is not None and executions.is_running(entry.holder)


def _start(entry: Entry, because: str, executions: Executions) -> str | None:
    if _is_at_work(entry, executions):
        return None
    return executions.start(entry.vpc_id, entry.knocks, because)
