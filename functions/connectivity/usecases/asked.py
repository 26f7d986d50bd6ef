"""Reading of a VPC's wish: take the hold, then believe the live tags, not the event."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from connectivity.domain import status as statuses
from connectivity.domain.doubt import VERIFICATION
from connectivity.domain.errors import NotReadyYet, UnknownVpc
from connectivity.domain.ledger import REMOVED, Entry
from connectivity.domain.model import Vpc
from connectivity.domain.status import Status
from connectivity.domain.tags import wish_tags
from connectivity.domain.wish import Options, Wish, read_options, read_wish, says_yes
from connectivity.usecases.aws import Aws
from connectivity.usecases.ports import Executions
from connectivity.usecases.run import Run
from connectivity.usecases.settings import Settings

LOOKS_FOR_HEARD = 6
"""Looks, one every 5 seconds."""

_NOT_LOOKED = "nothing is held, and it is not known whether anything is left"


@dataclass(frozen=True)
class Wished:
    """A VPC that asks for the connection, or for the plan of one."""

    vpc: Vpc
    entry: Entry
    options: Options
    because: str
    """The reason of this round: `sweep` or `acknowledgement` only where nobody knocked for it."""
    only_plan: bool = False
    asks_anew: bool = True
    """True where the VPC asks for something else than when an execution looked last."""

    @property
    def verifies(self) -> bool:
        """Tell whether it is to be verified again although nothing differs."""
        return self.because == VERIFICATION and not self.only_plan


@dataclass(frozen=True)
class Reading:
    """The reading of a VPC's wish, with its reason."""

    verdict: Literal["connect", "tear down", "nothing", "busy"]
    reason: str
    entry: Entry
    wished: Wished | None = None
    """The wish; None where nothing is asked for, or another execution is at work."""
    status: Status | None = None
    """The status to report if nothing is to be done."""
    is_confirmed: bool = False
    """True where a person has confirmed the removal, or the VPC is gone."""


def read_wish_of(run: Run, aws: Aws, executions: Executions) -> Reading:
    """Return what the VPC asks for, with the hold on it taken. Raises UnreadableOption, UnknownVpc,
    VpcNotAllowed, NotReadyYet.

    The hold is taken, and the knocks are counted, before the tags are read: a tag that changes
    after this has its own knock, which we then see at the end.
    """
    entry = aws.ledger.take_if_free(run.vpc_id, run.execution)
    if entry is None:
        entry = aws.ledger.read(run.vpc_id)
        if _is_busy(entry, run.execution, executions):
            reason = "another execution is at work on this VPC and will see the knock"
            return Reading("busy", reason, entry)
        if not aws.ledger.take(entry, run.execution):
            raise NotReadyYet(f"another execution has just taken {run.vpc_id}")
    vpc = aws.vpcs.find(run.vpc_id)
    asked = aws.settings.fingerprint(vpc.tags if vpc else {})
    if asked != entry.asked:
        aws.ledger.record_asked(run.vpc_id, asked)
    if vpc is None:
        return _of_no_vpc(entry, run, aws.settings)
    _await_what_was_heard(vpc, entry, run.tries)
    wish = read_wish(vpc.tags)
    if wish is Wish.DISABLED:
        return replace(_of_disabled(entry), is_confirmed=says_yes(vpc.tags))
    if wish is Wish.PLAN and entry.removal_has_begun:
        return Reading("tear down", "its tag says plan, and its removal has begun", entry)
    aws.settings.check_allowed(vpc.id)
    options = read_options(vpc.tags, aws.settings.defaults, aws.settings.bounds)
    because = "tag" if _is_another_round(entry, run.execution) else run.because
    is_plan, is_new = wish is not Wish.ENABLED, asked != entry.asked
    wished = Wished(vpc, entry, options, because, is_plan, is_new)
    return Reading("connect", f"its tag says {wish.value}", entry, wished)


def _is_another_round(entry: Entry, execution: str) -> bool:
    """Tell whether the execution holds the VPC already and somebody has knocked since it began."""
    return entry.holder == execution and entry.knocks > entry.begun


def _await_what_was_heard(vpc: Vpc, entry: Entry, tries: int) -> None:
    """Check that AWS describes the tags as an event told them: right after a change it may show the
    former ones, and nothing would be done until the next sweep. What an overtaken event told never
    comes, and is not believed in the end. Raises NotReadyYet."""
    if entry.heard is not None and entry.heard != wish_tags(vpc.tags) and tries < LOOKS_FOR_HEARD:
        raise NotReadyYet(f"the tags of {vpc.id} are not yet as an event has told them")


def _is_busy(entry: Entry, execution: str, executions: Executions) -> bool:
    """Tell whether another execution holds the VPC, and runs."""
    return entry.holder not in {None, execution} and executions.is_running(str(entry.holder))


def _of_no_vpc(entry: Entry, run: Run, settings: Settings) -> Reading:
    if entry.holds_something:
        reason = "the VPC is gone and something is held for it"
        return Reading("tear down", reason, entry, is_confirmed=True)
    if entry.may_have_left_something:
        return Reading("tear down", _NOT_LOOKED, entry)
    if run.because == "request" and not run.tries:
        raise UnknownVpc(settings.unknown_vpc(entry.vpc_id))
    reason = "the VPC is gone and nothing is held for it"
    return Reading("nothing", reason, entry, status=_is_removed(entry))


def _of_disabled(entry: Entry) -> Reading:
    if entry.holds_something:
        return Reading("tear down", "it asks for nothing and something is held", entry)
    if entry.may_have_left_something:
        return Reading("tear down", _NOT_LOOKED, entry)
    reason = "it asks for nothing and nothing is held"
    return Reading("nothing", reason, entry, status=_is_removed(entry))


def _is_removed(entry: Entry) -> Status | None:
    """Return the status of a VPC that asks for nothing, in place of the one it has; None where it
    has none."""
    if entry.status == REMOVED:
        # What the teardown had to say of what is left is still to be read.
        return Status(entry.status, entry.detail)
    return statuses.removed((), (), entry.unconfirmed) if entry.status else None
