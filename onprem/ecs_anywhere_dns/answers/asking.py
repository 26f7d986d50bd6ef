"""DNS questions over the network: side by side, bounded in time, and never an exception.

dnspython writes and reads the messages; the sockets are ours, with a thread each. Its own client
follows the wall clock, and a host whose clock is set back during a run would wait for hours; its
client for asyncio does not, and to import asyncio takes longer than all questions together.
"""

from __future__ import annotations

import socket
import struct
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Thread

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
LARGEST_DATAGRAM = 65535

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
"""The word that stands for each exception as a question's `problem`; the first that fits counts."""


class OtherQuestion(dns.exception.DNSException):
    """A response to another question than was asked."""


@dataclass(frozen=True)
class Asking:
    """Ask questions over the network: the port `questions.Asks`. Where every server is silent, n
    questions take n / at_once * tries * patience seconds, and never more than `longest`."""

    patience: float = 1.5
    """Seconds for one try, a TCP connection included."""
    tries: int = 2
    at_once: int = 32
    longest: float = 60.0
    """Seconds for a whole call. What is not answered by then counts as `timeout`."""

    def __call__(self, questions: Sequence[Question]) -> dict[Question, Answer]:
        ends = time.monotonic() + self.longest
        waiting = deque(dict.fromkeys(questions))
        answers = dict.fromkeys(waiting, Answer("timeout"))

        def work() -> None:
            while True:
                try:
                    question = waiting.popleft()
                except IndexError:
                    return
                answers[question] = self._in_turn(question, ends)

        threads = _started(Thread(target=work) for _ in range(min(self.at_once, len(waiting)) - 1))
        work()
        for thread in threads:
            thread.join()
        return answers

    def _in_turn(self, question: Question, ends: float) -> Answer:
        answer = Answer("timeout")
        for _ in range(self.tries):
            answer = _try(question, min(ends, time.monotonic() + self.patience))
            if not answer.problem:
                break
        return answer


def exchange(
    query: dns.message.Message, question: Question, ends: float, *, whole: bool = False
) -> dns.message.Message:
    """Send `query` to the server of `question`, from a socket of its own, and return the response.
    `ends` is a time of the monotonic clock. Raises what is in PROBLEMS; whatever bytes come,
    dnspython raises DNSException (fuzzed), and Truncated where the response is to be `whole`."""
    wire = query.to_wire()
    with _connected(question, ends) as link:
        said = _over_tcp(link, wire, ends) if question.transport == "tcp" else _over_udp(link, wire)
    response = dns.message.from_wire(said, raise_on_truncation=whole)
    if not query.is_response(response):
        raise OtherQuestion
    return response


def _started(threads: Iterator[Thread]) -> list[Thread]:
    """Start the threads, as many as the system allows this process. Returns those that run; there
    may be none."""
    started = []
    for thread in threads:
        try:
            thread.start()
        except RuntimeError:
            break
        started.append(thread)
    return started


def _try(question: Question, ends: float) -> Answer:
    try:
        query = dns.message.make_query(question.name, question.type, use_edns=0, payload=PAYLOAD)
        if not question.recurses:
            query.flags &= ~dns.flags.RD
        return _read(exchange(query, question, ends))
    except tuple(kind for kind, _ in PROBLEMS) as error:
        return Answer(next(word for kind, word in PROBLEMS if isinstance(error, kind)))


def _connected(question: Question, ends: float) -> socket.socket:
    """Return a socket for this question. A UDP socket is connected, too: only a connected one is
    told that no server listens (ICMP), and only from the server that was asked does it take
    packets."""
    family = dns.inet.af_for_address(question.server)
    kind = socket.SOCK_STREAM if question.transport == "tcp" else socket.SOCK_DGRAM
    link = socket.socket(family, kind)
    try:
        if question.source:
            link.bind(dns.inet.low_level_address_tuple((question.source, 0)))
        link.settimeout(_left(ends))
        link.connect(dns.inet.low_level_address_tuple((question.server, question.port), family))
        link.settimeout(_left(ends))
    except BaseException:
        link.close()
        raise
    return link


def _over_udp(link: socket.socket, wire: bytes) -> bytes:
    link.send(wire)
    return link.recv(LARGEST_DATAGRAM)


def _over_tcp(link: socket.socket, wire: bytes, ends: float) -> bytes:
    link.sendall(struct.pack("!H", len(wire)) + wire)
    (length,) = struct.unpack("!H", _exactly(link, 2, ends))
    return _exactly(link, length, ends)


def _exactly(link: socket.socket, length: int, ends: float) -> bytes:
    """Return exactly `length` bytes of the connection. Raises EOFError where it ends before."""
    said = b""
    while len(said) < length:
        link.settimeout(_left(ends))
        more = link.recv(length - len(said))
        if not more:
            raise EOFError
        said += more
    return said


def _left(ends: float) -> float:
    """Return the seconds until `ends`. Raises TimeoutError where none are left."""
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


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
    """Yield owner and content of the answer's records of these types, in its order."""
    for rrset in response.answer:
        if rrset.rdclass == dns.rdataclass.IN and rrset.rdtype in types:
            yield from ((_text(rrset.name), _text(item)) for item in rrset)


def _text(item: object) -> str:
    return str(item).lower().removesuffix(".")
