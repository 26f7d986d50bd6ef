"""The check that the DNS server answers this host at all, where the verification will ask. It comes
before anything is switched: a server that refuses this host would be switched, found to answer
nothing as published, and switched back, again and again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ecs_anywhere_dns.answers.questions import Answer, Asks, Question, Transport
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.outcome import NotResolving
from ecs_anywhere_dns.servers.contract import Finding

LOCAL = ("localhost", "1.0.0.127.in-addr.arpa")
"""Names that a DNS server knows by itself, also without internet: one of the two, as BIND has
`localhost` only where a file says so, and the other one built in (RFC 6303)."""
FOREIGN = "ecs-anywhere-dns.example"
"""A name that no DNS server knows by itself, and nobody has (RFC 2606): one that answers this host
only from its own data refuses it. Whether it exists, or can be found out, says nothing."""
WAYS: tuple[Transport, ...] = ("udp", "tcp")
NOBODY = ("refused", "unreachable")
"""Problems that say that nobody listens there."""
ELSEWHERE = "address and port in the configuration of this tool: where the server listens"
DROPS = (
    "admit this host, as the server may drop its questions without a word (BIND: blackhole, "
    "Unbound: `access-control: … deny`, PowerDNS: allow-from, dnsmasq: interface, local-service)"
)
UNCERTAIN = "timeout"
"""The problem that proves nothing: the server may be busy, or ask the internet for either name."""


@dataclass(frozen=True)
class Listener:
    """The place where the verification will ask, and who is there."""

    address: str
    port: int
    title: str
    """The name of the DNS server in messages."""


def listener_of(host: Host) -> Listener:
    """Return where this host's DNS server is asked."""
    return Listener(host.settings.address, host.settings.port, host.server.title)


def check_listening(listener: Listener, asks: Asks) -> None:
    """Check that the DNS server answers questions of this host. Raises NotResolving."""
    for answers in _asked(listener, asks).values():
        if all(answer.problem == UNCERTAIN for answer in answers.values()):
            continue
        for finding in _of_one_way(listener, answers):
            raise NotResolving(finding.what, finding.cure)


def hindrances(listener: Listener, asks: Asks) -> Iterator[Finding]:
    """Yield what keeps this host from being answered, over either transport."""
    asked = _asked(listener, asks).values()
    yield from dict.fromkeys(finding for each in asked for finding in _of_one_way(listener, each))


def _asked(listener: Listener, asks: Asks) -> Mapping[Transport, Mapping[Question, Answer]]:
    names = (*LOCAL, FOREIGN)
    questions = [
        Question(listener.address, listener.port, n, "A", way) for way in WAYS for n in names
    ]
    answers = asks(questions)
    return {way: {q: answers[q] for q in questions if q.transport == way} for way in WAYS}


def _of_one_way(listener: Listener, answers: Mapping[Question, Answer]) -> Iterator[Finding]:
    place = f"{listener.address} port {listener.port}"
    own = {q: answer for q, answer in answers.items() if q.name != FOREIGN}
    came = [answer for answer in own.values() if not answer.problem]
    if not came:
        question, answer = next(iter(own.items()))
        yield Finding(
            False,
            f"{place} over {question.transport}, asked for {' and '.join(LOCAL)}: {answer.problem}",
            ELSEWHERE if answer.problem in NOBODY else f"{DROPS}; or {ELSEWHERE}",
        )
    elif all(map(_is_refusal, came)) or any(
        map(_is_refusal, (answer for q, answer in answers.items() if q.name == FOREIGN))
    ):
        yield Finding(
            False,
            f"{listener.title} refuses recursive questions of this host at {place}",
            "set `address` in the configuration of this tool to an address at which it serves "
            "the site, as this host's own in the LAN; or admit 127.0.0.1 in the DNS server "
            "(BIND: allow-recursion, match-clients; Unbound: access-control)",
        )


def _is_refusal(answer: Answer) -> bool:
    """Return whether the answer is REFUSED. That of Unbound's `refuse_non_local` comes with bytes
    behind it that make it malformed (measured with 1.17)."""
    if answer.problem:
        return answer.problem == "malformed"
    return answer.rcode == "REFUSED" or not answer.recursion_available
