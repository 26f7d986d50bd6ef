"""Whether the stack may be deleted, in the words of CloudFormation's custom resources.

Source of the fields and limits: AWS CloudFormation User Guide, "Custom resource reference". A
response body has at most 4,096 bytes; a reason of this length leaves room for every id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from connectivity.domain import tags

LONGEST_REASON = 1000
"""Characters of printable ASCII: two bytes each at most, however JSON writes them."""
_MOST_NAMED = 20
_GUARD = "deletion-guard"


@dataclass(frozen=True)
class Request:
    """What CloudFormation asks of the guard."""

    kind: str
    """`Create`, `Update` or `Delete`."""
    url: str
    """Where the answer goes, as an HTTP PUT: presigned, so whoever knows it may answer."""
    stack: str
    """The stack's ARN."""
    id: str
    logical_id: str
    physical_id: str
    """Empty until there is one."""

    @classmethod
    def from_json(cls, event: Mapping[str, Any]) -> Request:
        """Raises KeyError naming the field that is missing."""
        return cls(
            kind=event["RequestType"],
            url=event["ResponseURL"],
            stack=event["StackId"],
            id=event["RequestId"],
            logical_id=event["LogicalResourceId"],
            physical_id=event.get("PhysicalResourceId", ""),
        )

    @property
    def guards(self) -> bool:
        """Whether this deletes a guard that came to be. One whose creation failed has an id that
        CloudFormation invented, and nothing to guard: the stack is being rolled back."""
        return self.kind == "Delete" and self.physical_id == self.our_id

    @property
    def our_id(self) -> str:
        """The same for ever: another one would be another guard."""
        return f"{_GUARD}/{self.stack}"


@dataclass(frozen=True)
class Answer:
    """What CloudFormation is told."""

    status: Literal["SUCCESS", "FAILED"]
    physical_id: str
    reason: str

    def as_json(self) -> dict[str, str]:
        return {"status": self.status, "physical_id": self.physical_id, "reason": self.reason}


def granted(request: Request) -> Answer:
    return Answer("SUCCESS", request.physical_id or request.our_id, "no objection")


def decided(request: Request, holding: Sequence[str]) -> Answer:
    """By the VPCs for which something is held."""
    if not holding:
        return granted(request)
    named = ", ".join(sorted(holding)[:_MOST_NAMED])
    more = len(holding) - _MOST_NAMED
    return _refused(
        request,
        "Nothing was deleted, because what was made for VPCs would stay and cost, and nobody would "
        f"remove it. Remove the tag {tags.WISH} from {named}"
        f"{f' and {more} more' if more > 0 else ''}, wait until {tags.STATUS} says removed there "
        "and waits for no security group, and delete the stack again.",
    )


def undecided(request: Request, error: Exception) -> Answer:
    """Nobody knows what is held: that is no leave to delete."""
    return _refused(
        request,
        "Nothing was deleted, because the ledger could not be read. Delete the stack again; if it "
        "stays so, look into the log of GuardDeletionFunction. "
        f"{type(error).__name__}: {error}",
    )


def _refused(request: Request, reason: str) -> Answer:
    line = " ".join(reason.split())
    printable = "".join(letter if " " <= letter <= "~" else "?" for letter in line)
    return Answer("FAILED", request.physical_id, printable[:LONGEST_REASON])
