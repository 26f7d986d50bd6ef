"""The decision whether the stack may be deleted: the answers of its guard, a custom resource."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from connectivity.domain import tags
from connectivity.domain.custom_resource import Answer, Request, printable, refused

_MOST_NAMED = 20
_MOST_NAMED_BESIDE_OTHERS = 6
"""VPCs or attachments, where both are in the way and have to share the reason."""
_MOST_COMMANDS = 4
_GUARD = "deletion-guard"


def guard_id(request: Request) -> str:
    """Return the guard's physical id, the same for ever: another one would be another guard."""
    return f"{_GUARD}/{request.stack}"


def is_guarded(request: Request) -> bool:
    """Return whether a request deletes a guard that came to be. A guard whose creation failed has
    an id that CloudFormation invented, or that of a refusal, and nothing to guard: the stack is
    being rolled back."""
    return request.kind == "Delete" and request.physical_id == guard_id(request)


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


def granted(request: Request, reason: str = "no objection") -> Answer:
    return Answer("SUCCESS", request.physical_id or guard_id(request), printable(reason))


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
    return refused(request.physical_id or f"{_GUARD}/refused", reason)
