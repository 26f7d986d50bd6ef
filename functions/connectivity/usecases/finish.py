"""Finish: write the result where people look, and give up the hold, unless we were knocked."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, replace

from connectivity.domain import status as statuses
from connectivity.domain import tags
from connectivity.domain.errors import (
    PreconditionsNotMet,
    PublicationTooLarge,
    RequestOvertaken,
    TagsRefused,
    UnknownVpc,
    UnreadableOption,
    VpcNotAllowed,
)
from connectivity.domain.ledger import KEPT_SECONDS, Entry
from connectivity.domain.mails import Door, Mail, as_news, hour_of
from connectivity.domain.standing import standing
from connectivity.domain.status import Status
from connectivity.usecases.aws import Aws
from connectivity.usecases.ports import Ledger, Notifications, Vpcs

logger = logging.getLogger(__name__)

_OF_A_TAG = frozenset(
    error.__name__
    for error in (UnreadableOption, PreconditionsNotMet, VpcNotAllowed, PublicationTooLarge)
)
"""Names of the failures that a tag alone can make, on any VPC."""


@dataclass(frozen=True)
class Desk:
    """Where an execution reports to."""

    vpcs: Vpcs
    ledger: Ledger
    notifications: Notifications
    now: float
    """Seconds since the epoch, as the workflow's clock shows them."""
    execution: str = ""
    """ARN of the execution that reports."""


def finish(vpc_id: str, execution: str, status: Status | None, desk: Desk) -> bool:
    """Return whether to go round again. `status` is None where there is nothing to say. What a
    person has to hear of is told once: when it was not told with the status before."""
    if status is not None:
        tell(vpc_id, status, desk)
    kept = KEPT_SECONDS if status is not None else desk.ledger.read(vpc_id).kept_seconds
    return not desk.ledger.release(vpc_id, execution, kept)


def tell(vpc_id: str, status: Status, desk: Desk) -> None:
    """Write the status where people look, and mail what is news of it."""
    door: Door = "workflow"
    about = f"{vpc_id} was repaired"
    if any(line.startswith(statuses.WARNING) for line in status.to_tell):
        about = f"{vpc_id} has other addresses"
    elif not any(line.startswith(statuses.REPAIRED) for line in status.to_tell):
        about, door = f"a DNS host of {vpc_id}", "host"
    _report(vpc_id, status, about, door, desk)


def report_failure(
    vpc_id: str, error: str, cause: str, desk: Desk, aws: Aws, of_a_request: bool = False
) -> Status:
    """Return the failure as a status, with what stands meanwhile. A person is told once: the sweep
    meets the same failure again and again until somebody mends it. `of_a_request` is one that was
    refused at the door."""
    entry = None if of_a_request else desk.ledger.read(vpc_id)
    status = statuses.failed(error, statuses.message_of(cause), _standing(entry, aws))
    door = _door(error, entry)
    if of_a_request and error == RequestOvertaken.__name__:
        # The VPC is as the other request asked: that is its status.
        _send(Mail(vpc_id, f"a request about {vpc_id}", status.detail, door), desk)
    else:
        to_tell = replace(status, to_tell=(status.detail,))
        _report(vpc_id, to_tell, f"{vpc_id} failed", door, desk)
    return status


def _door(error: str, entry: Entry | None) -> Door:
    """Return who made the failure, of a request where there is no `entry`. Whoever may tag a VPC
    can make many that fail, where nothing is connected yet."""
    if entry is None:
        return "request"
    return "tag" if error in _OF_A_TAG and not entry.served.wish else "workflow"


def _standing(entry: Entry | None, aws: Aws) -> str:
    """Look, because what is announced in the ledger may never have been made. Where nothing is held
    nothing is asked."""
    if entry is None or not entry.holds_something:
        return ""
    connected = bool(entry.served.wish)
    return standing(
        aws.ownership(entry),
        () if connected else aws.endpoints.all_in(entry.vpc_id),
        () if connected else aws.resolvers.in_vpc(entry.vpc_id),
        aws.settings.limits.resolver_ips,
    )


def _report(vpc_id: str, status: Status, about: str, door: Door, desk: Desk) -> None:
    before = desk.ledger.read(vpc_id)
    news = statuses.news(status, before.told)
    changed = (before.status, before.detail) != (status.state, status.detail)
    if not (changed or news):
        return
    lines = {as_news(line) for line in status.to_tell}
    told = lines & before.told
    # Told before it is written down: told twice after a lost answer, but never not at all.
    if news and _send(Mail(vpc_id, about, f"{vpc_id}: {'; '.join(news)}", door), desk):
        told = lines
    _write(vpc_id, status, before, told, desk)


def _send(mail: Mail, desk: Desk) -> bool:
    """Return whether the mail was sent; what is held back stays news, and is tried again."""
    hour = hour_of(desk.now)
    if not all(desk.ledger.allow(allowance, hour) for allowance in mail.allowances):
        desk.ledger.hold_back_mail()
        logger.warning("a mail about %s was held back: %s", mail.vpc_id, mail.about)
        return False
    held_back = desk.ledger.take_held_back_mails()
    desk.notifications.send(mail.subject, mail.written(desk.execution, held_back))
    return True


def _write(vpc_id: str, status: Status, before: Entry, told: Collection[str], desk: Desk) -> None:
    """Write the status on the VPC and into the ledger. A VPC that is gone has no tags."""
    detail = tags.as_tag_value(status.detail, tags.more_in(desk.execution))
    lines = set(told)
    try:
        desk.vpcs.set_tags(vpc_id, {tags.STATUS: status.state, tags.STATUS_DETAIL: detail})
    except TagsRefused as why:
        logger.warning("the status of %s is not on its tags, AWS refuses them", vpc_id)
        if _tags_are_told(vpc_id, status, why, before, desk):
            lines.add(_TAGS_REFUSED)
    except UnknownVpc:
        # Nothing held: a request about a VPC that never was, and each one is news.
        if not (before.holds_something or before.status):
            return
    desk.ledger.report(vpc_id, status.state, status.detail, lines)


_TAGS_REFUSED = "its tags are refused"


def _tags_are_told(
    vpc_id: str, status: Status, why: TagsRefused, before: Entry, desk: Desk
) -> bool:
    """Tell a person once that the status cannot be seen on the VPC, whatever it is. Return whether
    somebody knows."""
    if _TAGS_REFUSED in before.told:
        return True
    text = (
        f"{vpc_id} is {status.state}, and AWS does not let that be written on it: {why}. "
        f"Until it does, the status is only in the executions: {status.detail}"
    )
    return _send(Mail(vpc_id, f"no status on {vpc_id}", text, names_execution=True), desk)
