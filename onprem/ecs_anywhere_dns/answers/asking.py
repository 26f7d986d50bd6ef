"""DNS questions over the network: side by side, bounded in time, and never an exception.

Times are measured by the event loop's monotonic clock. dnspython's own timeouts follow the wall
clock, and a host whose clock is set back during a run would wait for hours.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import dns.asyncbackend
import dns.asyncquery
import dns.exception
import dns.flags
import dns.inet
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from ecs_anywhere_dns.answers.questions import Answer, Question

PAYLOAD = 1232
"""Bytes. The EDNS buffer that BIND, Unbound and PowerDNS announce: what fits them fits us."""

PROBLEMS: tuple[tuple[type[Exception], str], ...] = (
    (TimeoutError, "timeout"),
    (ConnectionRefusedError, "refused"),
    (ConnectionError, "cut off"),
    (EOFError, "cut off"),
    (OSError, "unreachable"),
    (dns.exception.DNSException, "malformed"),
    (ValueError, "unreachable"),  # what was configured as its address is none
    (OverflowError, "unreachable"),  # nor that as its port
)
"""What each exception means for the question; the first that fits counts."""


@dataclass(frozen=True)
class Asking:
    """Implements `questions.Asks`. All silent, n questions take n / at_once * tries * patience
    seconds, and never more than `longest`."""

    patience: float = 1.5
    """Seconds for one try, a TCP connection included."""
    tries: int = 2
    at_once: int = 32
    longest: float = 60.0
    """Seconds for a whole call. What is not answered by then counts as `timeout`."""

    def __call__(self, questions: Sequence[Question]) -> dict[Question, Answer]:
        return asyncio.run(self._all(questions))

    async def _all(self, questions: Sequence[Question]) -> dict[Question, Answer]:
        slots = asyncio.Semaphore(self.at_once)
        tasks = {q: asyncio.create_task(self._in_turn(q, slots)) for q in dict.fromkeys(questions)}
        if tasks:
            await asyncio.wait(tasks.values(), timeout=self.longest)
        # Tasks that are still at it are cancelled, and their sockets closed, by `asyncio.run`.
        return {q: t.result() if t.done() else Answer("timeout") for q, t in tasks.items()}

    async def _in_turn(self, question: Question, slots: asyncio.Semaphore) -> Answer:
        async with slots:
            answer = Answer("timeout")
            for _ in range(self.tries):
                answer = await self._try(question)
                if not answer.problem:
                    break
            return answer

    async def _try(self, question: Question) -> Answer:
        try:
            async with asyncio.timeout(self.patience):
                return _read(await _exchange(question))
        except tuple(kind for kind, _ in PROBLEMS) as error:
            return Answer(next(word for kind, word in PROBLEMS if isinstance(error, kind)))


async def _exchange(question: Question) -> dns.message.Message:
    """Raises what is in PROBLEMS; whatever bytes come, dnspython raises DNSException (fuzzed).
    Every call has an id and a socket of its own."""
    query = dns.message.make_query(question.name, question.type, use_edns=0, payload=PAYLOAD)
    if not question.recurses:
        query.flags &= ~dns.flags.RD
    source = question.source or None
    if question.transport == "tcp":
        return await dns.asyncquery.tcp(query, question.server, port=question.port, source=source)
    remote = (question.server, question.port)
    backend = dns.asyncbackend.get_default_backend()
    family = dns.inet.af_for_address(question.server)
    # Connected: only such a UDP socket hears that nobody listens (ICMP).
    own = (source, 0) if source else None
    link = await backend.make_socket(family, socket.SOCK_DGRAM, 0, own, remote)  # type: ignore[no-untyped-call]
    async with link:
        return await dns.asyncquery.udp(
            query, question.server, port=question.port, sock=link, ignore_unexpected=True
        )


def _read(response: dns.message.Message) -> Answer:
    return Answer(
        rcode=dns.rcode.to_text(response.rcode()),
        chain=tuple(_records(response, dns.rdatatype.CNAME)),
        addresses=tuple(_records(response, dns.rdatatype.A, dns.rdatatype.AAAA)),
        ttl=max((rrset.ttl for rrset in response.answer), default=0),
        truncated=bool(response.flags & dns.flags.TC),
        recursion_available=bool(response.flags & dns.flags.RA),
        authoritative=bool(response.flags & dns.flags.AA),
    )


def _records(
    response: dns.message.Message, *types: dns.rdatatype.RdataType
) -> Iterator[tuple[str, str]]:
    """Owner and content of the answer's records of these types, in its order."""
    for rrset in response.answer:
        if rrset.rdclass == dns.rdataclass.IN and rrset.rdtype in types:
            yield from ((_text(rrset.name), _text(item)) for item in rrset)


def _text(item: object) -> str:
    return str(item).lower().removesuffix(".")
