"""DNS questions as the tool asks them, and what came back. `judgement` judges it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Transport = Literal["udp", "tcp"]
RecordType = Literal["A", "AAAA"]


@dataclass(frozen=True, order=True)
class Question:
    """A question for one name to one server."""

    server: str
    port: int
    name: str
    """Lower case, without a final dot."""
    type: RecordType = "A"
    transport: Transport = "udp"
    recurses: bool = True
    """The flag "recursion desired": the server is to ask others for names that it does not know."""
    source: str = ""
    """The address to ask from; empty: the operating system's choice."""


@dataclass(frozen=True)
class Answer:
    """The answer to a question; `problem` is set where none came back."""

    problem: str = ""
    """`timeout`, `refused` (nobody listens), `unreachable`, `malformed`, `cut off`."""
    rcode: str = ""
    """`NOERROR`, `NXDOMAIN`, `SERVFAIL`, `REFUSED`…"""
    chain: tuple[tuple[str, str], ...] = ()
    """CNAMEs in the order of the answer: owner -> target."""
    addresses: tuple[tuple[str, str], ...] = ()
    """Owner and address of each A or AAAA record."""
    ttl: int = 0
    """The largest of the answer's, in seconds."""
    truncated: bool = False
    recursion_available: bool = True
    authoritative: bool = False


class Asks(Protocol):
    """A port: a function that sends questions to DNS servers."""

    def __call__(self, questions: Sequence[Question]) -> dict[Question, Answer]:
        """Ask all questions side by side, each twice at most, in bounded time. Never raises."""
        ...
