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
_MOST_NAMED_BESIDE_OTHERS = 6
"""VPCs or attachments, where both are in the way and have to share the reason."""
_MOST_COMMANDS = 4
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
        CloudFormation invented, or that of a refusal, and nothing to guard: the stack is being
        rolled back."""
        return self.kind == "Delete" and self.physical_id == self.our_id

    @property
    def our_id(self) -> str:
        """The same for ever: another one would be another guard."""
        return f"{_GUARD}/{self.stack}"


@dataclass(frozen=True)
class Attached:
    """An IAM role, user or group to which the policy of the DNS hosts is attached."""

    kind: Literal["role", "user", "group"]
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def detaching(self) -> str:
        """The command that detaches the policy whose ARN is in the shell's variable `policy`."""
        how = f"detach-{self.kind}-policy --{self.kind}-name {self.name}"
        return f"aws iam {how} --policy-arn $policy"


@dataclass(frozen=True)
class InTheWay:
    """Reasons against the deletion of the stack."""

    vpcs: Sequence[str] = ()
    """VPCs for which something is held, or on which an execution is at work."""
    attached: Sequence[Attached] = ()
    policy: str = ""
    """ARN of the policy of the DNS hosts."""


@dataclass(frozen=True)
class Answer:
    """What CloudFormation is told."""

    status: Literal["SUCCESS", "FAILED"]
    physical_id: str
    reason: str

    @property
    def allows(self) -> bool:
        return self.status == "SUCCESS"

    def as_json(self) -> dict[str, str]:
        return {"status": self.status, "physical_id": self.physical_id, "reason": self.reason}


def granted(request: Request, reason: str = "no objection") -> Answer:
    return Answer("SUCCESS", request.physical_id or request.our_id, _printable(reason))


def decided(request: Request, found: InTheWay) -> Answer:
    """Refuse the deletion where anything is in its way, naming all of it with the cure."""
    both = bool(found.vpcs and found.attached)
    reasons = [
        _connected(found.vpcs, _MOST_NAMED_BESIDE_OTHERS if both else _MOST_NAMED),
        _attached_too(found) if both else _attached(found),
    ]
    if not any(reasons):
        return granted(request)
    return _refused(request, " ".join(filter(None, reasons)))


def undecided(request: Request, error: Exception) -> Answer:
    """Refuse, because nobody knows what is in the way: that is no leave to delete."""
    return _refused(
        request,
        "Nothing was deleted, because not everything that may be in the way could be looked at. "
        "Delete the stack again; if it stays so, look into the log of GuardDeletionFunction. "
        f"{type(error).__name__}: {error}",
    )


def unprotected(request: Request, error: Exception) -> Answer:
    """Refuse a creation or a change, because the ledger's deletion protection is not on."""
    return _refused(
        request,
        "The deletion protection of the ledger could not be turned on. Let GuardDeletionFunction "
        f"call dynamodb:UpdateTable, and deploy again. {type(error).__name__}: {error}",
    )


def _connected(vpcs: Sequence[str], most: int) -> str:
    if not vpcs:
        return ""
    return (
        "Nothing was deleted, because what was made for VPCs would stay and cost, and nobody would "
        f"remove it. Remove the tag {tags.WISH} from {_named(sorted(vpcs), most)}, wait until "
        f"{tags.STATUS} says removed there and waits for no security group, and delete the stack "
        "again."
    )


def _attached(found: InTheWay) -> str:
    if not found.attached:
        return ""
    more = len(found.attached) - _MOST_COMMANDS
    commands = [each.detaching for each in found.attached[:_MOST_COMMANDS]]
    rest = (
        f" {more} more: aws iam list-entities-for-policy --policy-arn $policy" if more > 0 else ""
    )
    return (
        "Nothing was deleted, because AWS deletes no policy that is attached. Detach the one of "
        f"the DNS hosts, and delete the stack again: policy={found.policy}; "
        f"{'; '.join(commands)};{rest}"
    )


def _attached_too(found: InTheWay) -> str:
    named = _named([str(each) for each in found.attached], _MOST_NAMED_BESIDE_OTHERS // 3)
    return (
        f"Before, detach the policy {found.policy} from {named}: AWS deletes none that is attached."
    )


def _named(names: Sequence[str], most: int) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def _refused(request: Request, reason: str) -> Answer:
    """Refuse. A guard that is refused at its creation gets an id that is not a guard's: its
    deletion, by which CloudFormation rolls back, guards nothing."""
    return Answer("FAILED", request.physical_id or f"{_GUARD}/refused", _printable(reason))


def _printable(reason: str) -> str:
    line = " ".join(reason.split())
    printable = "".join(letter if " " <= letter <= "~" else "?" for letter in line)
    return printable[:LONGEST_REASON]
