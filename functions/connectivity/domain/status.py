"""The one line that a person reads on the VPC: what is, or what is wrong and how to mend it."""

from __future__ import annotations

import builtins
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from connectivity.domain import errors, tags
from connectivity.domain.acknowledgement import Acknowledgements
from connectivity.domain.denial import denied
from connectivity.domain.ledger import HELD_UP, NEEDED, PLANNED, REMOVED, WAITING, Entry
from connectivity.domain.left_out import is_about_what_is_left_out
from connectivity.domain.mails import as_news
from connectivity.domain.pacing import Turn
from connectivity.domain.printable import (
    LONGEST_LINE,
    first_lines,
    listed,
    printable_lines,
    shortened,
)
from connectivity.domain.promises import is_about_a_lost_address
from connectivity.domain.refused_deletion import is_about_a_deletion
from connectivity.domain.safety_valve import Crowd
from connectivity.domain.spokes import Spoke
from connectivity.domain.usage import is_about_idleness
from connectivity.domain.warning_lines import WARNING
from connectivity.domain.wish import REMOVE

SEPARATOR = "; "
REPAIRED = "repaired: "
UNSIGNED = "the publication is not signed (PublicationSigning is none)"
"""A warning: whoever may write the parameter decides where DNS hosts forward to."""


@dataclass(frozen=True)
class Status:
    """The status of a VPC: two tags, `ecs-anywhere:status` and `…:status-detail`, and fields of
    the ledger. The detail holds no time, so that the same state is the same text and is written
    once."""

    state: str
    detail: str
    to_tell: tuple[str, ...] = ()
    """Lines that a person has to hear of, once each. They hold nobody's words but ours."""
    is_said: bool = False
    """True where the ledger has this status, and it was reported: nothing has to be written."""

    def compared_with(self, entry: Entry) -> Status:
        """Return the status with `is_said` as the ledger's entry has it."""
        stands = (entry.status, entry.detail) == (self.state, self.detail)
        return replace(self, is_said=stands and not news(self, entry.told))

    def with_warnings_of(self, entry: Entry) -> Status:
        """Return the status with the warnings at the end of the one that stands. No host's words
        are among them: those hold no semicolon."""
        _, mark, warnings = entry.detail.partition(f"{SEPARATOR}{WARNING}")
        return replace(self, detail=shortened(f"{self.detail}{mark}{warnings}", LONGEST_LINE))

    def with_warning(self, line: str) -> Status:
        """Return the status with one warning more, which a person has to hear of."""
        warning = f"{WARNING}{line}"
        detail = shortened(f"{self.detail}{SEPARATOR}{warning}", LONGEST_LINE)
        return replace(self, detail=detail, to_tell=(*self.to_tell, warning))

    def as_json(self) -> dict[str, Any]:
        return {
            "status": self.state,
            "detail": self.detail,
            "to_tell": list(self.to_tell),
            "is_said": self.is_said,
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Status:
        is_said = said.get("is_said", False)
        return cls(said["status"], said["detail"], tuple(said["to_tell"]), is_said)


def news(status: Status, told: Collection[str]) -> tuple[str, ...]:
    """Return the lines of a status that were not told yet. `told` are lines as `as_news` has
    them."""
    return tuple(line for line in status.to_tell if as_news(line) not in told)


_TOLD = (
    is_about_a_lost_address,
    is_about_a_deletion,
    is_about_what_is_left_out,
    is_about_idleness,
)
"""The kinds of warnings of a connected VPC that a person is told, the most urgent first."""


def connected(
    services: Collection[str],
    resolver_ips: Iterable[str],
    generation: int,
    warnings: Sequence[str],
    acknowledgements: Acknowledgements,
    adopted: Iterable[str] = (),
    repairs: Sequence[str] = (),
) -> Status:
    """Return the status of a connected VPC. `adopted` are ids of what is somebody else's; `repairs`
    what this run has put right. What needs a person comes first: a tag holds only the beginning."""
    ips = " ".join(sorted(resolver_ips))
    detail = f"{len(services)} services resolve privately through {ips} - generation {generation}"
    failures = acknowledgements.failures(generation)
    repaired = tuple(first_lines([f"{REPAIRED}{line}" for line in repairs]))
    told, others = _first(warnings, _TOLD)
    said = [
        detail,
        *failures,
        *told,
        *repaired,
        *uses(adopted),
        *acknowledgements.lines(generation)[len(failures) :],
        *first_lines(others),
    ]
    failing = first_lines([f"{host} failed" for host in acknowledgements.failing(generation)])
    return Status("connected", _joined(said), (*failing, *told, *repaired))


def _first(
    warnings: Sequence[str], kinds: Iterable[Callable[[str], bool]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the lines of the warnings of these kinds, in the kinds' order, and those of the
    others."""
    first = tuple(f"{WARNING}{w}" for is_about in kinds for w in warnings if is_about(w))
    others = (f"{WARNING}{w}" for w in warnings)
    return first, tuple(line for line in others if line not in first)


def uses(adopted: Iterable[str]) -> tuple[str, ...]:
    """Return a line for each adopted resource, which stays when we go."""
    return tuple(f"uses {id_} which is not ours" for id_ in adopted)


def _joined(lines: Iterable[str]) -> str:
    return shortened(SEPARATOR.join(lines), LONGEST_LINE)


def planned(
    steps: Sequence[str],
    monthly_dollars: tuple[float, float],
    names: Sequence[str],
    adopted: Iterable[str] = (),
    warnings: Sequence[str] = (),
) -> Status:
    """Return the status of a plan: what it comes to, and what is to be known before it is made.
    `monthly_dollars` are the least and the most, `names` those that may change their answer. What
    is asked for and left out comes first: a tag holds only the beginning."""
    least, most = monthly_dollars
    at_least, up_to = ("at least ", "up to ") if most > least else ("", "")
    price = f"{least:.2f} to {most:.2f}" if most > least else f"{least:.2f}"
    detail = (
        f"{at_least}{len(steps)} steps - about {price} USD a month - {up_to}{len(names)} names "
        "would change their answer in this VPC"
    )
    left_out, others = _first(warnings, (is_about_what_is_left_out,))
    nothing = ("nothing was made", "the execution's output lists all")
    said = [detail, *left_out, *nothing, *uses(adopted), *first_lines(others)]
    return Status(PLANNED, _joined(said))


def waiting(turn: Turn) -> Status:
    """Return the status of a VPC that waits for its turn, whose time is the only one in any detail:
    it stays the same."""
    at = datetime.fromtimestamp(turn.at, UTC).strftime("%Y-%m-%dT%H:%MZ")
    return Status(
        WAITING,
        f"its turn is at {at} - AWS allows an account one {turn.bucket} in about 3 seconds - other "
        f"VPCs come first and this one needs {turn.calls} - nothing has to be done",
    )


def held_up(crowd: Crowd, is_news: bool) -> Status:
    """Return the status of a VPC that stays connected until somebody says yes to its removal. A
    person is told of the first one only."""
    detail = (
        f"not removed: {crowd.asking} of {crowd.connected} connected VPCs ask to be removed "
        f"within an hour and {crowd.most} may be - this one stays connected - to remove it set the "
        f"tag {tags.WISH} to {REMOVE}, or send the event Remove - to keep it set the tag to enabled"
    )
    line = f"{detail}. The status of every other VPC that waits for a yes is {HELD_UP}, too"
    return Status(HELD_UP, detail, (line,) if is_news else ())


def needed(spokes: Sequence[Spoke]) -> Status:
    """Return the status of a hub that stays connected as long as other VPCs use it, or until
    somebody says yes to its removal."""
    detail = (
        f"not removed: {listed(spoke.vpc_id for spoke in spokes)} would lose names that lead here "
        "- this VPC stays connected - take the tag off there first and the next sweep removes this "
        f"one - or set the tag {tags.WISH} to {REMOVE} here to remove it all the same - to keep it "
        "set the tag to enabled"
    )
    used = first_lines([f"{spoke.vpc_id} uses {', '.join(spoke.uses)}" for spoke in spokes])
    return Status(NEEDED, _joined([detail, *used]), (_joined([detail, *used]),))


def removing() -> Status:
    """Return the status of a teardown that has begun."""
    return Status(
        "removing",
        "the tag asks for nothing any more - on-premises is told to stop forwarding - what was "
        "made here is removed when it has stopped or when DrainSeconds are over",
    )


def removed(
    waiting: Sequence[str],
    strays: Sequence[str] = (),
    unconfirmed: Sequence[str] = (),
    freed: str = "",
    lent: Sequence[str] = (),
) -> Status:
    """Return the status after a teardown. `waiting` is ours and goes with a later sweep; `strays`
    carry our tag or name, and the ledger does not know them; `unconfirmed` are DNS hosts that may
    still forward into nothing; `freed` is the line of a refused deletion for which all this was
    removed, if it was; `lent` are lines about what was ours and stays, because others have come to
    use it."""
    to_tell = tuple(
        first_lines(
            [
                f"{host} has not confirmed that it stopped forwarding: run "
                "`ecs-anywhere-dns rollback --to-none` there"
                for host in unconfirmed
            ]
        )
    )
    said = ["nothing of ours is left in this VPC"]
    if waiting:
        said = [
            f"{' '.join(waiting)} waits for AWS Lambda to release its network interfaces; the "
            "sweep removes it, and it costs nothing"
        ]
    if freed:
        to_tell = (freed, *to_tell)
    to_tell = (*to_tell, *lent)
    said += to_tell
    if strays:
        said.append(
            f"{listed(strays)} looks like ours but is not in our ledger, so it was not touched: "
            "delete it if nobody needs it"
        )
    return Status(REMOVED, _joined(said), to_tell)


def failed(error: str, message: str, standing: str = "") -> Status:
    """Return the status of a run that failed: what stands meanwhile comes first. A fact speaks for
    itself; everything else needs its name and what happens next."""
    kind = getattr(errors, error, None)
    said = _unexpected(error, message)
    if isinstance(kind, type) and issubclass(kind, errors.Fact):
        said = message
    elif isinstance(kind, type) and issubclass(kind, errors.Waiting):
        said = f"gave up waiting, a later sweep goes on from here: {message}"
    elif denial := denied(message):
        said = f"{denial} - the next sweep tries again - {message}"
    return Status("failed", printable_lines(f"{standing}; {said}" if standing else said))


def _unexpected(error: str, message: str) -> str:
    """Return what a person can do with an error that nobody foresaw. AWS's own names and words are
    told; those of Python are for whoever mends the app, and stand in the execution's history."""
    if hasattr(builtins, error):
        return (
            "a fault in the app itself, not in this VPC - a later sweep tries again: report it "
            "with the error in the execution's history"
        )
    named = f" {error}" if "." in error else ""
    return f"unexpected{named}, a later sweep tries again: {message}"


def message_of(cause: str) -> str:
    """Return the message in the cause that AWS Step Functions gives for a failed Lambda
    function."""
    try:
        document = json.loads(cause)
    except (ValueError, RecursionError):
        return cause
    return str(document.get("errorMessage", cause)) if isinstance(document, dict) else cause
