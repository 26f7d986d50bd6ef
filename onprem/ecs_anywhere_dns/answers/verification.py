"""The check after a reload, and of each run that changes nothing: does the DNS server of this host
answer as published?"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ecs_anywhere_dns.answers.advice import server_advice
from ecs_anywhere_dns.answers.explanation import explain
from ecs_anywhere_dns.answers.judgement import Verdict, judge_all
from ecs_anywhere_dns.answers.preflight import answers_to, questions_for
from ecs_anywhere_dns.answers.questions import Asks
from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.outcome import NotResolving


def verify(
    document: Document, zones: Collection[str], address: str, port: int, asks: Asks
) -> tuple[Verdict, ...]:
    """Return the verdicts on every published name, asked of the DNS server at `address` and `port`.
    `zones` are the zones that are forwarded. About a withdrawn document no question is asked: its
    names are public again, or will be."""
    if document.state == "withdrawn":
        return ()
    return judge_all(answers_to(questions_for(address, port, document), asks), document, zones)


def raise_unless_right(verdicts: Iterable[Verdict]) -> None:
    """Check that every verdict is right. Raises NotResolving, with every finding and its advice."""
    verdicts = tuple(verdicts)
    if not all(verdict.ok for verdict in verdicts):
        raise NotResolving(
            f"the DNS server does not answer as published: {'; '.join(explain(verdicts))}",
            server_advice(verdicts),
        )
