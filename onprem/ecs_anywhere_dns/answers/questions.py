"""DNS questions as the tool asks them, and what came back. `judgement` judges it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Transport = Literal["udp", "tcp"]
RecordType = Literal["A", "AAAA"]


@dataclass(frozen=True, order=True)
class Question:
    """One name of one server, once."""

    server: str
    port: int
    name: str
    """Lower case, without a final dot."""
    type: RecordType = "A"
    transport: Transport = "udp"
    recurses: bool = True
    """Whether the server is asked to find out what it does not know."""
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
    """Something that asks questions; the sequence is given one."""

    def __call__(self, questions: Sequence[Question]) -> dict[Question, Answer]:
        """Ask all of them side by side, each twice at most, in bounded time. Never raises."""
        ...
