"""After the reload, and whenever a run finds nothing to change: does the DNS server of this host
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
    """`zones` are those that are forwarded, `address` and `port` where the DNS server answers.
    Of a withdrawn document nothing is asked: its names are public again, or will be."""
    if document.state == "withdrawn":
        return ()
    return judge_all(answers_to(questions_for(address, port, document), asks), document, zones)


def raise_unless_right(verdicts: Iterable[Verdict]) -> None:
    """Raises NotResolving, with every finding and what to look at."""
    verdicts = tuple(verdicts)
    if not all(verdict.ok for verdict in verdicts):
        raise NotResolving(
            f"the DNS server does not answer as published: {'; '.join(explain(verdicts))}",
            server_advice(verdicts),
        )
