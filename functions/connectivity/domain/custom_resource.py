"""CloudFormation's custom resources: a request about one, and the answer.

Source of the fields and limits: AWS CloudFormation User Guide, "Custom resource reference". A
response body has at most 4,096 bytes; a reason of `LONGEST_REASON` leaves room for every id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

LONGEST_REASON = 1000
"""Characters of printable ASCII: two bytes each at most, however JSON writes them."""


@dataclass(frozen=True)
class Request:
    """A request of CloudFormation about one custom resource."""

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
        """Read the event of the Lambda function. Raises KeyError naming the field that is
        missing."""
        return cls(
            kind=event["RequestType"],
            url=event["ResponseURL"],
            stack=event["StackId"],
            id=event["RequestId"],
            logical_id=event["LogicalResourceId"],
            physical_id=event.get("PhysicalResourceId", ""),
        )


@dataclass(frozen=True)
class Answer:
    """The answer that CloudFormation waits for."""

    status: Literal["SUCCESS", "FAILED"]
    physical_id: str
    """Another one than before is another resource: CloudFormation then deletes the former one."""
    reason: str
    data: Mapping[str, str] = field(default_factory=dict)
    """Attributes that the template reads with Fn::GetAtt."""

    @property
    def allows(self) -> bool:
        return self.status == "SUCCESS"

    def as_json(self) -> dict[str, Any]:
        return {
            "status": self.status,
            "physical_id": self.physical_id,
            "reason": self.reason,
            "data": dict(self.data),
        }


def refused(physical_id: str, reason: str) -> Answer:
    """Return the answer FAILED, with the reason in one printable line that fits."""
    return Answer("FAILED", physical_id, printable(reason))


def printable(reason: str) -> str:
    """Return a reason in one line of printable ASCII, of at most `LONGEST_REASON` characters."""
    line = " ".join(reason.split())
    return "".join(letter if " " <= letter <= "~" else "?" for letter in line)[:LONGEST_REASON]
