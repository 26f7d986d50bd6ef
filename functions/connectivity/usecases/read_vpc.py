"""Read the VPC: take the hold, then believe the live tags, not the event that woke us."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from connectivity.domain import status as statuses
from connectivity.domain.errors import NotReadyYet, UnknownVpc
from connectivity.domain.ledger import REMOVED, Entry, begun_endpoints
from connectivity.domain.model import Vpc
from connectivity.domain.status import Status
from connectivity.domain.tags import wish_tags
from connectivity.domain.wish import Options, Wish, read_options, read_wish
from connectivity.usecases.ports import Executions, Ledger, Vpcs
from connectivity.usecases.settings import Settings

LOOKS_FOR_HEARD = 6
"""Every 5 seconds."""

_NOT_LOOKED = "nothing is held, but nobody has looked whether anything is left"

Verdict = Literal["provision", "plan", "tear down", "nothing", "busy"]


@dataclass(frozen=True)
class Reading:
    """What the VPC asks for, and why we think so."""

    verdict: Verdict
    reason: str
    options: Options | None = None
    status: Status | None = None
    """What there is to say if nothing is to be done."""
    because: str = "tag"
    """`sweep` or `acknowledgement` only where nothing else knocked."""
    begun: bool = False
    """Whether VPC endpoints were announced whose ids nobody has learned: they may be there."""

    def as_json(self) -> dict[str, Any]:
        return {
            "verdict": self.verdict,
            "reason": self.reason,
            "services": list(self.options.services) if self.options else [],
            "onprem_cidrs": list(self.options.onprem_cidrs) if self.options else [],
            "status": self.status.as_json() if self.status else None,
            "because": self.because,
            "begun": self.begun,
        }


def read_vpc(
    vpc_id: str,
    execution: str,
    because: str,
    tries: int,
    vpcs: Vpcs,
    ledger: Ledger,
    executions: Executions,
    settings: Settings,
) -> Reading:
    """Raises UnreadableOption, UnknownVpc, VpcNotAllowed, NotReadyYet. `tries` were made before
    this one.

    The knocks are read before the tags: a tag that changes after this has its own knock, which we
    then see at the end.
    """
    entry = ledger.read(vpc_id)
    if _is_busy(entry, execution, executions):
        return Reading("busy", "another execution is at work on this VPC and will see the knock")
    if not ledger.take(entry, execution):
        raise NotReadyYet(f"another execution has just taken {vpc_id}")
    # We held it already: this is another round, and somebody knocked for it.
    woken_by = "tag" if entry.holder == execution else because
    vpc = vpcs.find(vpc_id)
    if vpc is None:
        return _of_no_vpc(entry, because, settings)
    _await_what_was_heard(vpc, entry, tries)
    begun = bool(begun_endpoints(entry))
    return replace(_of_tags(vpc, entry, settings), because=woken_by, begun=begun)


def _await_what_was_heard(vpc: Vpc, entry: Entry, tries: int) -> None:
    """Amazon EC2 is eventually consistent: right after a change it may describe the tags as they
    were, and the wish would be met with a shrug until the next sweep. An event that was overtaken
    is waited for in vain, and then not believed."""
    if entry.heard is not None and entry.heard != wish_tags(vpc.tags) and tries < LOOKS_FOR_HEARD:
        raise NotReadyYet(f"the tags of {vpc.id} are not yet as an event has told them")


def _is_busy(entry: Entry, execution: str, executions: Executions) -> bool:
    """A holder that is no longer running is taken over."""
    return entry.holder not in {None, execution} and executions.is_running(str(entry.holder))


def _of_no_vpc(entry: Entry, because: str, settings: Settings) -> Reading:
    if entry.holds_something:
        return Reading("tear down", "the VPC is gone and something is held for it")
    if entry.may_have_left_something:
        return Reading("tear down", _NOT_LOOKED)
    if because == "request":
        raise UnknownVpc(settings.unknown_vpc(entry.vpc_id))
    reason = "the VPC is gone and nothing is held for it"
    return Reading("nothing", reason, status=_is_removed(entry))


def _of_tags(vpc: Vpc, entry: Entry, settings: Settings) -> Reading:
    wish = read_wish(vpc.tags)
    if wish is Wish.DISABLED:
        return _of_disabled(entry)
    settings.check_allowed(vpc.id)
    options = read_options(vpc.tags, settings.defaults, settings.bounds)
    verdict: Verdict = "provision" if wish is Wish.ENABLED else "plan"
    return Reading(verdict, f"its tag says {wish.value}", options)


def _of_disabled(entry: Entry) -> Reading:
    if entry.holds_something:
        return Reading("tear down", "it asks for nothing and something is held")
    if entry.may_have_left_something:
        return Reading("tear down", _NOT_LOOKED)
    reason = "it asks for nothing and nothing is held"
    return Reading("nothing", reason, status=_is_removed(entry))


def _is_removed(entry: Entry) -> Status | None:
    """A plan of a wish that was withdrawn is no longer so; None where nothing was ever said."""
    if entry.status == REMOVED:
        # What the teardown had to say of what is left is still to be read.
        return Status(entry.status, entry.detail)
    return statuses.removed((), (), entry.unconfirmed) if entry.status else None
