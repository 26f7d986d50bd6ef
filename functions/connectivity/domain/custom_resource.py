"""CloudFormation's custom resources: a request about one, and the answer.

Source of the fields and limits: AWS CloudFormation User Guide, "Custom resource reference". A
response body has at most 4,096 bytes; a reason of `LONGEST_REASON` leaves room for every id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import SplitResult, urlsplit

from connectivity.domain.errors import UnreadableRequest
from connectivity.domain.printable import quoted

LONGEST_REASON = 1000
"""Characters of printable ASCII: two bytes each at most, however JSON writes them."""
_FIELDS = (
    "RequestType",
    "ResponseURL",
    "StackId",
    "RequestId",
    "LogicalResourceId",
    "PhysicalResourceId",
)
"""The fields of a request event, in the order of `Request`."""
_LONGEST_FIELD = 4096
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Request:
    """A request of CloudFormation about one custom resource."""

    kind: str
    """`Create`, `Update` or `Delete`."""
    url: str
    """The URL for the answer, an HTTP PUT. It is presigned: anybody who knows it may answer."""
    stack: str
    """The stack's ARN."""
    id: str
    logical_id: str
    physical_id: str
    """The physical id; empty until there is one."""

    @classmethod
    def from_json(cls, event: Mapping[str, Any]) -> Request:
        """Read the event of the Lambda function. Raises UnreadableRequest naming the fields that
        are not texts, or too long."""
        texts = {"PhysicalResourceId": "", **event}
        odd = [name for name in _FIELDS if not _is_text(texts.get(name))]
        if odd:
            raise UnreadableRequest(f"a request of AWS CloudFormation without {', '.join(odd)}")
        return cls(*(texts[name] for name in _FIELDS))


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


def check_address(url: str, suffix: str, endpoint: str = "") -> None:
    """Check that `url` is one at which CloudFormation takes answers: https, with a name below the
    partition's `suffix`, such as amazonaws.com. Raises UnreadableRequest. Where AWS itself is on
    the loopback, as `endpoint` says, the answer may go to the loopback over http, too."""
    plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    target, aws = _split(url if plain else ""), _split(endpoint)
    local = aws.hostname in _LOOPBACK and target.hostname in _LOOPBACK
    of_aws = bool(suffix) and (target.hostname or "").endswith(f".{suffix}")
    if local and target.scheme == "http":
        return
    # Neither a user nor another port stands beside the name.
    plain_host = target.netloc in {target.hostname, f"{target.hostname}:443"}
    if of_aws and target.scheme == "https" and plain_host:
        return
    raise UnreadableRequest(
        f"ResponseURL is at {quoted(target.hostname or '')}, and AWS CloudFormation takes answers "
        f"over https at a name below {suffix}: nothing was answered"
    )


def _split(url: str) -> SplitResult:
    """Return the parts of a URL; those of none where it is none."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_FIELD and _is_encodable(value)


def _is_encodable(text: str) -> bool:
    return text.encode("utf-8", "replace").decode() == text
