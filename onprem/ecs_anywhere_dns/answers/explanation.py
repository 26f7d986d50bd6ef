"""Verdicts in words: equal findings about one server become one line. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import get_args

from ecs_anywhere_dns.answers.judgement import Verdict
from ecs_anywhere_dns.answers.questions import Question, Transport
from ecs_anywhere_dns.forwarding import DNS_PORT

EXAMPLES = 2
"""The number of names that a line shows as examples, where their details differ."""


def explain(verdicts: Iterable[Verdict]) -> list[str]:
    """Return the lines about each server, such as `10.0.0.32 over tcp: timeout for 12 of 12 names`.
    A server that is right has one line. Errors come before remarks."""
    verdicts = tuple(verdicts)
    servers = dict.fromkeys(where(v.question) for v in verdicts)
    return [
        line
        for server in servers
        for line in _about(server, [v for v in verdicts if where(v.question) == server])
    ]


def where(question: Question) -> str:
    """Return the server's address, with its port where that is not 53."""
    if question.port == DNS_PORT:
        return question.server
    return f"{question.server} port {question.port}"


def _about(server: str, asked: Sequence[Verdict]) -> Iterator[str]:
    found = sorted((v for v in asked if v.code != "right"), key=lambda v: v.ok)
    for code in dict.fromkeys(v.code for v in found):
        for same in _by_transport([v for v in found if v.code == code]):
            yield f"{server} over {_line(same, asked)}"
    if all(v.ok for v in asked):
        yield f"{server}: all {len(asked)} answers are as published"


def _by_transport(found: Sequence[Verdict]) -> list[list[Verdict]]:
    """Return the verdicts as one list where the same names are concerned over every transport, else
    as one list for each transport."""
    lists = [
        [v for v in found if v.question.transport == transport] for transport in _transports(found)
    ]
    return [list(found)] if len({_names(each) for each in lists}) == 1 else lists


def _transports(verdicts: Iterable[Verdict]) -> list[Transport]:
    """Return the transports of these verdicts, UDP first."""
    used = {v.question.transport for v in verdicts}
    return [transport for transport in get_args(Transport) if transport in used]


def _line(same: Sequence[Verdict], asked: Sequence[Verdict]) -> str:
    transports = _transports(same)
    names = _names(v for v in asked if v.question.transport in transports)
    only = " (only AAAA)" if {v.question.type for v in same} == {"AAAA"} else ""
    accepted = " (accepted)" if same[0].ok else ""
    return (
        f"{' and '.join(transports)}: {same[0].code} for {len(_names(same))} of {len(names)} "
        f"names{only}{accepted}{_story(same)}"
    )


def _story(same: Sequence[Verdict]) -> str:
    """Return the details, with example names where they differ; empty where the finding says it
    all."""
    details = {v.question.name: v.detail for v in same}
    if len(details) > EXAMPLES and len(set(details.values())) == 1:
        detail = same[0].detail
        return f": {detail}" if detail else ""
    examples = [f"{name} {detail}".rstrip() for name, detail in list(details.items())[:EXAMPLES]]
    return f": {'; '.join(examples)}{'; …' if len(details) > EXAMPLES else ''}"


def _names(verdicts: Iterable[Verdict]) -> frozenset[str]:
    return frozenset(v.question.name for v in verdicts)
