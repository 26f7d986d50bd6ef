"""Finish: write the result or the failure where people look, and give up the hold, unless somebody
has knocked meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from connectivity.domain import measured, tags
from connectivity.domain import status as statuses
from connectivity.domain.errors import (
    PreconditionsNotMet,
    PublicationTooLarge,
    RequestOvertaken,
    RequestPutOff,
    TagsRefused,
    Throttled,
    Unavailable,
    UnknownVpc,
    UnreadableOption,
    VpcNotAllowed,
)
from connectivity.domain.evidence import Outcome, Ran, is_about_evidence
from connectivity.domain.ledger import HELD_UP, KEPT_SECONDS, NEEDED, End, Entry, Said
from connectivity.domain.left_out import is_about_what_is_left_out
from connectivity.domain.mails import NO_VPC, Door, Mail, about_a_request, as_news, hour_of
from connectivity.domain.measures import Measure
from connectivity.domain.printable import printable_lines
from connectivity.domain.promises import is_about_a_lost_address
from connectivity.domain.refused_deletion import is_about_a_deletion, told_of, told_of_wished
from connectivity.domain.standing import standing
from connectivity.domain.status import Status
from connectivity.domain.usage import is_about_idleness
from connectivity.domain.verification_clock import VerificationClock
from connectivity.usecases.aws import Aws
from connectivity.usecases.keep_record import Archive, Kept, keep_record
from connectivity.usecases.ports import Ledger, Notifications, Vpcs
from connectivity.usecases.run import seconds_since_begun

logger = logging.getLogger(__name__)

_WORKFLOW: Door = "workflow"
READING = "reading"
"""The chapter of a run in which it only looks."""
TAKING_AWAY = "taking away"
"""The chapter in which a VPC, or what it asks for no longer, is torn down."""
_OF_A_TAG = frozenset(
    error.__name__
    for error in (UnreadableOption, PreconditionsNotMet, VpcNotAllowed, PublicationTooLarge)
)
"""Names of the failures that a tag alone can make, on any VPC."""
_OF_A_REQUEST_ALONE = frozenset({RequestOvertaken.__name__, RequestPutOff.__name__})
"""Names of the refusals that say nothing of the VPC: its status is what it was."""


@dataclass(frozen=True)
class Desk:
    """The ports by which an execution reports."""

    vpcs: Vpcs
    ledger: Ledger
    notifications: Notifications
    now: float
    """Seconds since the epoch, as the workflow's clock shows them."""
    execution: str = ""
    """ARN of the execution that reports."""
    archive: Archive | None = None
    """The archive of records of runs; None where none are kept."""


@dataclass(frozen=True)
class Failure:
    """The failure of an execution."""

    error: str
    """The error's name."""
    cause: str
    """The cause, as AWS Step Functions gives it."""
    at: str = ""
    """The chapter that failed; `reading` while nothing was made or removed yet."""
    refused: bool = False
    """True for a request event that was refused when it came in."""


_NOTHING_RAN = Ran()


@dataclass(frozen=True)
class Told:
    """The result of reporting a status."""

    said: Said | None = None
    """The part that the ledger has still to keep; None if nothing."""
    before: str = ""
    """The state of the VPC before."""
    news: tuple[str, ...] = ()
    """The lines that were not reported before."""


_NOTHING_TOLD = Told()


@dataclass(frozen=True)
class Finished:
    """The result of a run."""

    again: bool
    """True where a knock came meanwhile, and the run begins anew."""
    status: Status | None = None
    failed_with: str = ""
    """The error's name; empty where the run is none that failed."""
    measures: tuple[Measure, ...] = ()

    def as_json(self) -> dict[str, Any]:
        said = self.status.as_json() if self.status else {}
        failure = {"error": self.failed_with, "message": said.get("detail", "")}
        return said | {"again": self.again, "failure": failure if self.failed_with else None}


def finish(vpc_id: str, status: Status | None, desk: Desk, ran: Ran = _NOTHING_RAN) -> Finished:
    """Write the status, and give up the hold. `status` is None where there is nothing to say. What
    a person has to hear of is told once: when it was not told with the status before. The record of
    a round that verified or changed something is kept first."""
    if status is not None and status.is_said:
        return replace(_give_up(vpc_id, KEPT_SECONDS, End(), desk), status=status)
    entry = desk.ledger.read(vpc_id)
    outcome = Outcome(status.state if status else entry.status, status.detail if status else "")
    kept = _keep(entry, ran, outcome, desk)
    if status is None:
        return _give_up(vpc_id, entry.kept_seconds, End(link=kept.link), desk)
    status = status.with_warning(kept.problem) if kept.problem else status
    told = _tell(entry, status, desk)
    finished = _give_up(vpc_id, KEPT_SECONDS, End(told.said, kept.link), desk)
    return replace(finished, status=status, measures=_measured(status, told, desk))


def _measured(status: Status, told: Told, desk: Desk) -> tuple[Measure, ...]:
    if told.said is None:
        return ()
    seconds = seconds_since_begun(desk.execution, desk.now)
    return measured.of_an_end(status.state, told.before, told.news, seconds)


def _keep(entry: Entry, ran: Ran, outcome: Outcome, desk: Desk) -> Kept:
    """Keep the round's record, of the execution that holds the VPC: an end that is repeated after
    the hold was given up has its record."""
    if entry.holder != desk.execution:
        return Kept()
    return keep_record(desk.archive, entry, ran, outcome, desk.now)


def _give_up(vpc_id: str, kept_seconds: int, end: End, desk: Desk) -> Finished:
    return Finished(not desk.ledger.release(vpc_id, desk.execution, kept_seconds, end))


def finish_failed(
    vpc_id: str, failure: Failure, desk: Desk, aws: Aws, ran: Ran = _NOTHING_RAN
) -> Finished:
    """Report the failure, and give up the hold. A VPC whose connection stands, and of which nobody
    has asked anything, has not failed because AWS was too busy to show it: the next sweep looks.
    One that could not be verified for three times as long as it should be has."""
    entry = desk.ledger.read(vpc_id)
    if _could_not_look(failure) and _stands_as_asked(desk, entry, aws):
        logger.warning("%s could not be looked at, %s: %s", vpc_id, failure.error, failure.cause)
        return finish(vpc_id, None, desk)
    message = statuses.message_of(failure.cause)
    kept = _keep(entry, ran, Outcome("failed", message, failure.error, failure.at), desk)
    status, said = _report_failure(entry, failure, desk, aws, kept.problem)
    kept_seconds = KEPT_SECONDS if said else entry.kept_seconds
    finished = _give_up(vpc_id, kept_seconds, End(said, kept.link), desk)
    counted = measured.of_a_failure(failure.error)
    return replace(finished, status=status, failed_with=failure.error, measures=counted)


def _could_not_look(failure: Failure) -> bool:
    weather = {Throttled.__name__, Unavailable.__name__}
    return failure.at == READING and failure.error in weather and not failure.refused


def _stands_as_asked(desk: Desk, entry: Entry, aws: Aws) -> bool:
    """Tell whether the VPC is connected, no tag event asks for anything else, and it was verified
    when it should have been, or not much later."""
    clock = VerificationClock(period=aws.settings.verify_hours * 3600)
    is_overdue = clock.is_overdue(entry.verified_at, desk.now)
    return bool(entry.served.wish) and entry.heard is None and not is_overdue


def tell(vpc_id: str, status: Status, desk: Desk) -> None:
    """Write the status where people look, and mail what is news of it; the hold is kept."""
    _record(vpc_id, _tell(desk.ledger.read(vpc_id), status, desk).said, desk)


def _record(vpc_id: str, said: Said | None, desk: Desk) -> None:
    if said:
        desk.ledger.report(vpc_id, said.status, said.detail, said.told)


def _tell(before: Entry, status: Status, desk: Desk) -> Told:
    """Tell the status, and return what came of it."""
    vpc_id, door = before.vpc_id, _WORKFLOW
    about = f"{vpc_id} was repaired"
    if status.state == HELD_UP:
        about = "too many VPCs ask to be removed"
    elif status.state == NEEDED:
        about = f"{vpc_id} is used by other VPCs"
    elif any(is_about_a_lost_address(line) for line in status.to_tell):
        about = f"{vpc_id} has other addresses"
    elif any(is_about_a_deletion(line) for line in status.to_tell):
        about = f"a deletion that {vpc_id} was in the way of"
    elif any(is_about_idleness(line) for line in status.to_tell):
        about = f"{vpc_id} is not used"
    elif any(is_about_evidence(line) for line in status.to_tell):
        about = f"the record of a run on {vpc_id}"
    elif not any(line.startswith(statuses.REPAIRED) for line in status.to_tell):
        about, door = f"a DNS host of {vpc_id}", "host"
        if any(map(is_about_what_is_left_out, statuses.news(status, before.told))):
            about, door = f"what is left out of {vpc_id}", "tag"
    return _report(before, status, about, door, desk)


def report_failure(vpc_id: str, failure: Failure, desk: Desk, aws: Aws) -> Status:
    """Return the failure as a status, with what stands meanwhile. A person is told once: the sweep
    meets the same failure again and again until somebody mends it. The hold is kept."""
    status, said = _report_failure(desk.ledger.read(vpc_id), failure, desk, aws)
    _record(vpc_id, said, desk)
    return status


def _report_failure(
    before: Entry, failure: Failure, desk: Desk, aws: Aws, unkept: str = ""
) -> tuple[Status, Said | None]:
    """Return the failure as a status, and what the ledger has still to keep of it. `unkept` is a
    line about the round's record, empty where there is none."""
    vpc_id, entry = before.vpc_id, None if failure.refused else before
    message = statuses.message_of(failure.cause)
    status = statuses.failed(failure.error, message, _standing(entry, aws))
    door = _door(failure.error, entry)
    if failure.refused and (vpc_id == NO_VPC or failure.error in _OF_A_REQUEST_ALONE):
        send_mail(Mail(vpc_id, about_a_request(vpc_id), status.detail, door), desk)
        return status, None
    refused = _told_of(entry, failure, desk.now) if entry else ""
    lines = (status.detail, *filter(None, [refused, unkept]))
    status = replace(status, detail=printable_lines(f"{statuses.SEPARATOR}".join(lines)))
    to_tell = replace(status, to_tell=lines)
    return status, _report(before, to_tell, f"{vpc_id} failed", door, desk).said


def _told_of(entry: Entry, failure: Failure, now: float) -> str:
    """Return the line of a refused deletion. That the tag was removed is told where a teardown
    fails: anything else may be a VPC whose tag was set again."""
    is_teardown = failure.at == TAKING_AWAY and not entry.served.wish
    return told_of(entry, now) if is_teardown else told_of_wished(entry, now)


def _door(error: str, entry: Entry | None) -> Door:
    """Return who made the failure, of a request where there is no `entry`. Whoever may tag a VPC
    can make many that fail, where nothing is connected yet."""
    if entry is None:
        return "request"
    return "tag" if error in _OF_A_TAG and not entry.served.wish else "workflow"


def _standing(entry: Entry | None, aws: Aws) -> str:
    """Return a sentence on what stands and what it costs; empty where nothing is held. AWS is
    asked, because what is announced in the ledger may never have been made."""
    if entry is None or not entry.holds_something:
        return ""
    connected = bool(entry.served.wish)
    return standing(
        aws.ownership(entry),
        () if connected else aws.endpoints.all_in(entry.vpc_id),
        () if connected else aws.resolvers.in_vpc(entry.vpc_id),
        aws.settings.limits.resolver_ips,
    )


def _report(before: Entry, status: Status, about: str, door: Door, desk: Desk) -> Told:
    vpc_id = before.vpc_id
    news = statuses.news(status, before.told)
    changed = (before.status, before.detail) != (status.state, status.detail)
    if not (changed or news):
        return _NOTHING_TOLD
    lines = {as_news(line) for line in status.to_tell}
    told = lines & before.told
    # Told before it is written down: told twice after a lost answer, but never not at all.
    if news and send_mail(Mail(vpc_id, about, f"{vpc_id}: {'; '.join(news)}", door), desk):
        told = lines
    return Told(_write(status, before, told, desk), before.status, news)


def send_mail(mail: Mail, desk: Desk) -> bool:
    """Send a person a mail, if there may be one more within the hour. Return whether it was sent;
    what is held back stays news, and is tried again."""
    hour = hour_of(desk.now)
    if not all(desk.ledger.allow(allowance, hour) for allowance in mail.allowances):
        desk.ledger.hold_back_mail()
        logger.warning("a mail about %s was held back: %s", mail.vpc_id, mail.about)
        return False
    held_back = desk.ledger.take_held_back_mails()
    desk.notifications.send(mail.subject, mail.written(desk.execution, held_back))
    return True


def _write(status: Status, before: Entry, told: Collection[str], desk: Desk) -> Said | None:
    """Write the status on the VPC, and return what goes into the ledger. A VPC that is gone has no
    tags."""
    vpc_id = before.vpc_id
    detail = tags.as_tag_value(status.detail, tags.more_in(desk.execution))
    lines = set(told)
    try:
        desk.vpcs.set_tags(vpc_id, {tags.STATUS: status.state, tags.STATUS_DETAIL: detail})
    except TagsRefused as why:
        logger.warning("the status of %s is not on its tags, AWS refuses them", vpc_id)
        if _tags_are_told(status, why, before, desk):
            lines.add(_TAGS_REFUSED)
    except UnknownVpc:
        # Nothing held: a request about a VPC that never was, and each one is news.
        if not (before.holds_something or before.status):
            return None
    return Said(status.state, status.detail, frozenset(lines))


_TAGS_REFUSED = "its tags are refused"


def _tags_are_told(status: Status, why: TagsRefused, before: Entry, desk: Desk) -> bool:
    """Tell a person once that the status cannot be seen on the VPC, whatever it is. Return whether
    somebody knows."""
    vpc_id = before.vpc_id
    if _TAGS_REFUSED in before.told:
        return True
    text = (
        f"{vpc_id} is {status.state}, and AWS refuses the tags that say so: {why}. Until "
        f"it takes them, the status is only in the executions: {status.detail}"
    )
    return send_mail(Mail(vpc_id, f"no status on {vpc_id}", text, names_execution=True), desk)
