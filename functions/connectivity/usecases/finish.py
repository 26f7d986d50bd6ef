"""Finish: write the result where people look, and give up the hold, unless we were knocked."""

from __future__ import annotations

import logging

from connectivity.domain import status as statuses
from connectivity.domain import tags
from connectivity.domain.errors import TagsRefused, UnknownVpc
from connectivity.domain.ledger import Entry
from connectivity.domain.status import Status
from connectivity.usecases.ports import Ledger, Notifications, Vpcs

logger = logging.getLogger(__name__)


def finish(
    vpc_id: str,
    execution: str,
    status: Status | None,
    vpcs: Vpcs,
    ledger: Ledger,
    notifications: Notifications,
) -> bool:
    """Whether to go round again. `status` is None where there is nothing to say. What a person has
    to hear of is told once: when it was not in the status before."""
    if status is not None:
        tell(vpc_id, status, vpcs, ledger, notifications)
    return not ledger.release(vpc_id, execution)


def tell(
    vpc_id: str, status: Status, vpcs: Vpcs, ledger: Ledger, notifications: Notifications
) -> None:
    """Write the status where people look, if it is news."""
    if _is_news(status, before := ledger.read(vpc_id)):
        _tell_news(vpc_id, status, before, notifications)
        _write(vpc_id, status, vpcs, ledger)


def report_failure(
    vpc_id: str, error: str, cause: str, vpcs: Vpcs, ledger: Ledger, notifications: Notifications
) -> Status:
    """The failure as a status. A person is told once: the sweep meets the same failure again and
    again until somebody mends it."""
    status = statuses.failed(error, statuses.message_of(cause))
    if _is_news(status, ledger.read(vpc_id)):
        # Told before it is written down: told twice after a lost answer, but never not at all.
        notifications.send(
            f"ECS Anywhere private connectivity: {vpc_id} failed", f"{vpc_id}: {status.detail}"
        )
        _write(vpc_id, status, vpcs, ledger)
    return status


def _tell_news(vpc_id: str, status: Status, before: Entry, notifications: Notifications) -> None:
    known = statuses.parts(before.detail)
    news = [part for part in status.to_tell if part not in known]
    if news:
        repaired = any(part.startswith(statuses.REPAIRED) for part in news)
        about = f"{vpc_id} was repaired" if repaired else f"a DNS host of {vpc_id}"
        notifications.send(
            f"ECS Anywhere private connectivity: {about}", f"{vpc_id}: {'; '.join(news)}"
        )


def _is_news(status: Status, entry: Entry) -> bool:
    return (entry.status, entry.detail) != (status.state, status.detail)


def _write(vpc_id: str, status: Status, vpcs: Vpcs, ledger: Ledger) -> None:
    """Tags that AWS refuses are told to the ledger; a VPC that is gone has none to write."""
    written = {tags.STATUS: status.state, tags.STATUS_DETAIL: tags.as_tag_value(status.detail)}
    try:
        vpcs.set_tags(vpc_id, written)
    except TagsRefused:
        logger.warning("the status of %s is not on its tags, AWS refuses them", vpc_id)
    except UnknownVpc:
        # Nothing held: a request about a VPC that never was, and each one is news.
        before = ledger.read(vpc_id)
        if not (before.holds_something or before.status):
            return
    ledger.report(vpc_id, status.state, status.detail)
