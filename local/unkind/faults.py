"""Faults of a call, a delivery or an answer: the kinds, those that happened, and those that are
aimed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from local.unkind.chance import STRANGER
from local.unkind.endings import Ending


class Fault(StrEnum):
    """A fault of one API call."""

    THROTTLED = "throttled"
    SERVER_ERROR = "server error"
    """A 5xx, and the call had no effect."""
    DROPPED_REQUEST = "dropped request"
    """The connection is closed without an answer, and the call had no effect."""
    LOST_ANSWER = "lost answer"
    """The connection is closed without an answer, although the call had its effect."""
    KILLED_FUNCTION = "killed function"
    """The function that calls dies after the effect, before it hears of it."""


class EventFault(StrEnum):
    """A fault of one event on its way to one target. A late event is overtaken: reordered."""

    LOST = "lost"
    DOUBLED = "doubled"
    LATE = "late"


class Quirk(StrEnum):
    """A quirk of one answer, which is not false."""

    STALE = "stale answer"
    """An answer that does not know yet what has just changed."""
    CAPITALISED = "capitalised states"
    BUSY = "modification under way"
    """A second modification was refused because of the first."""


@dataclass(frozen=True)
class Happening:
    """One fault that came to pass."""

    at: float
    """AWS seconds, as `Clock.now` gives them."""
    caller: str
    """The role's name without what AWS CloudFormation appends, `stranger`, or an event's rule."""
    action: str
    """`ec2:CreateVpcEndpoint`, or an event's source."""
    ordinal: int
    """The number of the call among that caller's calls of this action, from 1."""
    fault: Fault | EventFault | Quirk | Ending
    why: str
    """The cause: `aimed`, `drawn`, the token bucket that was empty, or the ids that a quirk is
    about."""


@dataclass
class Aim:
    """A fault for the `nth` call from now on that fits; `happening` tells when it has struck."""

    fault: Fault | EventFault
    action: str | None = None
    """`ec2:CreateVpcEndpoint` (an event's source); None is any."""
    caller: str | None = None
    """A part of the role's name (of the rule's), or `stranger`; None is any role (any rule)."""
    nth: int = 1
    seen: int = 0
    happening: Happening | None = None

    def strikes(self, caller: str, action: str) -> bool:
        """Count a call that fits; True once, for the `nth`."""
        if self.happening or self.action not in (None, action) or not self._is_meant(caller):
            return False
        self.seen += 1
        return self.seen == self.nth

    def _is_meant(self, caller: str) -> bool:
        return caller != STRANGER if self.caller is None else self.caller in caller
