"""The check before any change: does each resolver IP answer as published, asked directly?

    fit      every answer is right
    silent   nothing came, or over one transport only: trouble on the way
    failing  an answer is SERVFAIL: the resolver cannot, and says so
    wrong    anything else: another VPC, public addresses, names denied, garbage

Whether a server that is silent or failing may stand among the forwarders depends on the DNS server:
BIND, Unbound and PowerDNS move on to the other one after either, dnsmasq loses questions to the one
and hands on the SERVFAIL of the other (measured). A wrong one never may: its answers would be
believed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ecs_anywhere_dns.answers.advice import resolver_advice
from ecs_anywhere_dns.answers.explanation import explain
from ecs_anywhere_dns.answers.judgement import TRANSPORT_TROUBLE, Verdict, judge_all
from ecs_anywhere_dns.answers.questions import Answer, Asks, Question
from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.forwarding import DNS_PORT
from ecs_anywhere_dns.outcome import PreflightFailed

AAAA_ON_UDP = ("AAAA", "udp")
Fitness = Literal["fit", "silent", "failing", "wrong"]


@dataclass(frozen=True)
class Preflight:
    by_ip: Mapping[str, tuple[Verdict, ...]]
    """Verdicts by resolver IP, in the document's order; empty for a withdrawn document, about which
    no question is asked."""
    label: str
    """The label of the document."""

    @property
    def fit(self) -> tuple[str, ...]:
        return self._of_fitness("fit")

    @property
    def silent(self) -> tuple[str, ...]:
        return self._of_fitness("silent")

    @property
    def failing(self) -> tuple[str, ...]:
        return self._of_fitness("failing")

    @property
    def wrong(self) -> tuple[str, ...]:
        return self._of_fitness("wrong")

    @property
    def is_degraded(self) -> bool:
        """Return whether some resolver IPs are fit and some are not."""
        return 0 < len(self.fit) < len(self.by_ip)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        return tuple(verdict for verdicts in self.by_ip.values() for verdict in verdicts)

    @property
    def troubles(self) -> tuple[Verdict, ...]:
        """Return all verdicts of the resolver IPs that are not fit."""
        return tuple(v for ip, vs in self.by_ip.items() if ip not in self.fit for v in vs)

    @property
    def cure(self) -> str:
        """Return the advice for the resolver IPs that are not fit; empty where every resolver IP is
        fit."""
        return resolver_advice(self.verdicts)

    def forwarders(self, uses_other_when_silent: bool) -> tuple[str, ...]:
        """Return the resolver IPs to forward to; none for a withdrawn document.
        `uses_other_when_silent` is the DNS server's own. Raises PreflightFailed where no resolver
        IP is fit."""
        if self.by_ip and not self.fit:
            raise PreflightFailed(
                f"no resolver IP of {self.label} answers as published: "
                f"{'; '.join(explain(self.verdicts))}",
                self.cure,
            )
        spare = {*self.silent, *self.failing} if uses_other_when_silent else set()
        return tuple(ip for ip in self.by_ip if ip in {*self.fit, *spare})

    def _of_fitness(self, fitness: Fitness) -> tuple[str, ...]:
        return tuple(ip for ip, verdicts in self.by_ip.items() if fitness_of(verdicts) == fitness)


def preflight(
    document: Document, zones: Collection[str], asks: Asks, port: int = DNS_PORT
) -> Preflight:
    """Ask all resolver IPs at the same time, and return the verdicts. `zones` are the zones that
    will be forwarded."""
    if document.state == "withdrawn":
        return Preflight({}, document.label)
    answers = answers_to(
        [q for ip in document.resolver_ips for q in questions_for(ip, port, document)], asks
    )
    verdicts = judge_all(answers, document, zones)
    by_ip = {
        ip: tuple(v for v in verdicts if v.question.server == ip) for ip in document.resolver_ips
    }
    return Preflight(by_ip, document.label)


def questions_for(server: str, port: int, document: Document) -> list[Question]:
    """Return the questions for every name: over both transports, and for an IPv6 address."""
    return [
        question
        for name in document.names
        for question in (
            Question(server, port, name, "A", "udp"),
            Question(server, port, name, "A", "tcp"),
            Question(server, port, name, "AAAA", "udp"),
        )
    ]


def answers_to(questions: Sequence[Question], asks: Asks) -> Mapping[Question, Answer]:
    """Return the answers. A truncated answer for AAAA, which a server that limits its rate sends
    now and then, is asked for again over TCP, as a client does; the second answer replaces it."""
    answers = asks(questions)
    cut = [q for q, a in answers.items() if a.truncated and (q.type, q.transport) == AAAA_ON_UDP]
    again = {question: replace(question, transport="tcp") for question in cut}
    whole = asks(list(again.values())) if again else {}
    return {**answers, **{question: whole[other] for question, other in again.items()}}


def fitness_of(verdicts: Collection[Verdict]) -> Fitness:
    """Return the worst fitness among the verdicts. Garbage and REFUSED count as wrong: whether DNS
    servers move on after them was not measured."""
    found = {verdict.code for verdict in verdicts if not verdict.ok}
    if not found:
        return "fit"
    if found <= TRANSPORT_TROUBLE:
        return "silent"
    return "failing" if found <= {*TRANSPORT_TROUBLE, "servfail"} else "wrong"
