"""A deletion that AWS has refused: of a VPC, or of a subnet, in which something of ours stands.

AWS CloudTrail records the call with `errorCode` Client.DependencyViolation, and Amazon EventBridge
delivers the record as "AWS API Call via CloudTrail". Sources: CloudTrail user guide, "CloudTrail
record contents"; EventBridge user guide, "AWS service events delivered via AWS CloudTrail"; the
code as it was recorded on AWS (amazon-vpc-cni-k8s, a DeleteSecurityGroup by Amazon EKS).

the VPC's tag                   in the way                      then
----------------------------    ----------------------------    ---------------------------------
asks for nothing                anything                        the teardown goes on
asks for something              nothing of ours                 nothing
asks for something              ours, and nobody else has       with FreeOnDeletion its tag is
                                anything in the whole VPC,      removed, as by a Delete
                                or a way into it
asks for something              anything else                   it is named, once a day
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectivity.domain.ledger import ENDPOINT_PURPOSES, GROUPS, MAKING, RESOLVER, Entry
from connectivity.domain.model import NetworkInterface
from connectivity.domain.printable import listed
from connectivity.domain.tags import WISH
from connectivity.domain.warning_lines import begins

KEPT_SECONDS = 24 * 3600
"""The seconds for which a refused deletion is reported: by then whoever wanted it has given up."""
_TARGETS = {"DeleteVpc": ("vpcId", "vpc"), "DeleteSubnet": ("subnetId", "subnet")}
"""Name of the call -> its parameter, and how the ids in it begin."""
_ERROR = "Client.DependencyViolation"
_MOST_SHOWN = 3
_LONGEST_CALLER = 160
_MADE_FOR = re.compile(r"\b(?:vpce|rslvr-in)-[0-9a-f]{8,17}\b")
_KINDS = ("vpce", "rslvr", "eni")
_ASKED = "AWS was asked to delete"
_FREED = "(FreeOnDeletion)"
"""The mark of a deletion that frees the VPC, in brackets, which a caller's name cannot have."""


@dataclass(frozen=True)
class RefusedDeletion:
    """A call that AWS has refused because something depends on what it names."""

    target: str
    """Id of a VPC or of a subnet."""
    by: str
    """The caller's ARN, in letters that an ARN has."""
    at: float
    """The second in which it was refused, since the epoch: CloudTrail tells no fractions."""

    def is_older_than(self, entry: Entry) -> bool:
        """Tell whether the connection was verified since: an event that comes late, or twice, is no
        reason to take away what was asked for after it."""
        return self.at + 1 <= entry.verified_at

    @property
    def vpc_id(self) -> str | None:
        """Return the VPC, if it is one that was to be deleted."""
        return self.target if self.target.startswith("vpc-") else None


@dataclass(frozen=True)
class InTheWay:
    """The resources in the way of a deletion."""

    ours: tuple[str, ...]
    """Ids of our resources."""
    others: int
    """The number of network interfaces that are not ours."""


def read_refused_deletion(detail: Any) -> RefusedDeletion | None:
    """Return the refused deletion that a record of AWS CloudTrail tells of; None if it tells of
    anything else."""
    record = detail if isinstance(detail, Mapping) else {}
    parameter, kind = _TARGETS.get(str(record.get("eventName")), ("", ""))
    given = record.get("requestParameters")
    target = given.get(parameter) if parameter and isinstance(given, Mapping) else None
    at = _seconds(record.get("eventTime"))
    if record.get("errorCode") != _ERROR or at is None or not isinstance(target, str):
        return None
    if not re.fullmatch(rf"{kind}-[0-9a-f]{{8,17}}", target):
        return None
    return RefusedDeletion(target, _caller(record.get("userIdentity")), at)


def in_the_way(
    refused: RefusedDeletion, entry: Entry, interfaces: Sequence[NetworkInterface]
) -> InTheWay:
    """Return what keeps the target, of which `interfaces` are all network interfaces. Of a VPC that
    is all we hold for it; of a subnet what has a network interface there."""
    groups = {entry.held[purpose] for purpose in GROUPS if purpose in entry.held}
    ours = [each for each in interfaces if each.requester_managed and groups & set(each.groups)]
    held = _held(entry) if refused.vpc_id else _makers(ours)
    return InTheWay(tuple(dict.fromkeys(held)), len(interfaces) - len(ours))


def why_not_freed(others: int, ways: Sequence[str]) -> str:
    """Return why a VPC is not freed; empty if it may be. `others` is how many network interfaces of
    others stand in it, and `ways` are what leads to hosts outside: a virtual private gateway stands
    at the VPC and has no network interface in it."""
    reasons = [
        *([f"others have network interfaces in the VPC ({others})"] if others else []),
        *([f"others reach it through {listed(ways, most=_MOST_SHOWN)}"] if ways else []),
    ]
    return " and ".join(reasons)


def kept(refused: RefusedDeletion, way: InTheWay, why: str = "") -> str:
    """Return the line of a deletion that a person has to do something for. `why` is why the VPC was
    not freed; empty where it would not have been."""
    others = f" and network interfaces of others ({way.others})" if way.others else ""
    not_freed = f" - not freed because {why}" if why else ""
    return (
        f"{_ASKED} {refused.target} and refused - remove the tag {WISH} of the VPC, wait for the "
        f"status removed and delete again - in its way: {listed(way.ours, most=_MOST_SHOWN)}"
        f"{others}{not_freed} - asked for by {refused.by}"
    )


def freed(refused: RefusedDeletion) -> str:
    """Return the line of a deletion for which what is in the way is removed."""
    return (
        f"{_ASKED} {refused.target} and refused - the tag {WISH} was removed {_FREED} and what "
        f"was made here goes - asked for by {refused.by}"
    )


def told_of(entry: Entry, now: float) -> str:
    """Return the line about a refused deletion that is still to be shown; empty for none. `now` is
    in seconds since the epoch."""
    return entry.deletion if now - entry.deletion_at < KEPT_SECONDS else ""


def told_of_wished(entry: Entry, now: float) -> str:
    """Return as `told_of` does for a VPC that asks for something: that its tag was removed is not
    so any more."""
    line = told_of(entry, now)
    return "" if is_freed(line) else line


def is_about_a_deletion(line: str) -> bool:
    return begins(line, _ASKED)


def is_freed(line: str) -> bool:
    return is_about_a_deletion(line) and _FREED in line


def _held(entry: Entry) -> Iterator[str]:
    """Yield the ids of what keeps a whole VPC, the endpoints first."""
    endpoints = [purpose for purpose in entry.held if purpose.startswith(ENDPOINT_PURPOSES)]
    for purpose in (*sorted(endpoints), RESOLVER, *GROUPS):
        id_ = entry.held.get(purpose, MAKING)
        if not id_.startswith(MAKING):
            yield id_


def _makers(interfaces: Sequence[NetworkInterface]) -> Iterator[str]:
    """Yield the ids of the VPC endpoints that interfaces belong to, which AWS writes into their
    descriptions; then the resolver's, and the own ids of others, as those of the probe."""
    found = [(_MADE_FOR.search(each.description), each.id) for each in interfaces]
    ids = [match.group() if match else own for match, own in found]
    yield from sorted(ids, key=lambda id_: (_KINDS.index(id_.partition("-")[0]), id_))


def _caller(identity: Any) -> str:
    """Return who called, and through which service of AWS. A session may be called anything that
    its name can hold."""
    said = identity if isinstance(identity, Mapping) else {}
    through = f" through {said['invokedBy']}" if said.get("invokedBy") else ""
    whole = f"{said.get('arn') or said.get('principalId') or 'somebody'}{through}"
    return re.sub(r"[^\w+=,.@:/ -]", "_", whole, flags=re.ASCII)[:_LONGEST_CALLER]


def _seconds(time: Any) -> float | None:
    try:
        return datetime.fromisoformat(time).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
