"""Whether the DNS server answers this host, asked before anything is switched."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ecs_anywhere_dns.answers.questions import Answer, Question
from ecs_anywhere_dns.following.listening import FOREIGN, Listener, check_listening, hindrances
from ecs_anywhere_dns.outcome import NotResolving

from tests.onprem.right_answers import Scripted

LISTENER = Listener("127.0.0.1", 53, "BIND 9")
RIGHT = Answer(rcode="NOERROR")


def always(answer: Answer) -> Callable[[Question], Answer]:
    return lambda question: answer


@pytest.mark.parametrize(
    "answer",
    [
        Answer(rcode="REFUSED"),
        Answer(rcode="NOERROR", recursion_available=False),
        Answer("refused"),
    ],
)
def test_a_server_that_does_not_serve_this_host_is_left_alone(answer: Answer) -> None:
    asks = Scripted(always(answer))
    with pytest.raises(NotResolving) as problem:
        check_listening(LISTENER, asks)
    assert "address" in problem.value.cure
    assert list(hindrances(LISTENER, asks))


def test_one_name_that_is_answered_is_enough() -> None:
    """A BIND without a zone `localhost`, on a site without internet."""

    def script(question: Question) -> Answer:
        return RIGHT if question.name.endswith(".arpa") else Answer("timeout")

    check_listening(LISTENER, Scripted(script))
    assert list(hindrances(LISTENER, Scripted(script))) == []


def test_silence_is_a_finding_and_no_reason_to_leave_the_forwarding() -> None:
    asks = Scripted(always(Answer("timeout")))
    check_listening(LISTENER, asks)
    assert len(list(hindrances(LISTENER, asks))) == 2


def test_a_server_that_drops_questions_is_not_taken_for_one_that_listens_elsewhere() -> None:
    """As for `allow-from` of PowerDNS, `deny` of Unbound, `blackhole` of BIND (measured)."""

    def script(question: Question) -> Answer:
        return Answer("cut off" if question.transport == "tcp" else "timeout")

    with pytest.raises(NotResolving) as problem:
        check_listening(LISTENER, Scripted(script))
    found = list(hindrances(LISTENER, Scripted(script)))
    for cure in (problem.value.cure, *(each.cure for each in found)):
        assert cure.startswith("admit this host")
        assert all(word in cure for word in ("allow-from", "blackhole", "access-control"))
    nobody = list(hindrances(LISTENER, Scripted(always(Answer("refused")))))
    assert nobody and not any("allow-from" in each.cure for each in nobody)


def test_a_transport_that_is_missing_is_named() -> None:
    def script(question: Question) -> Answer:
        return Answer("refused") if question.transport == "tcp" else RIGHT

    (finding,) = hindrances(LISTENER, Scripted(script))
    assert "over tcp" in finding.what


@pytest.mark.parametrize("answer", [Answer(rcode="REFUSED"), Answer("malformed")])
def test_a_server_that_tells_this_host_only_its_own_names_is_left_alone(answer: Answer) -> None:
    """As Unbound with `refuse_non_local`."""

    def script(question: Question) -> Answer:
        return answer if question.name == FOREIGN else RIGHT

    with pytest.raises(NotResolving, match="refuses recursive questions"):
        check_listening(LISTENER, Scripted(script))


@pytest.mark.parametrize("answer", [Answer("timeout"), Answer(rcode="SERVFAIL")])
def test_that_nobody_knows_a_name_that_nobody_has_says_nothing(answer: Answer) -> None:
    """On a site without internet."""

    def script(question: Question) -> Answer:
        return answer if question.name == FOREIGN else RIGHT

    check_listening(LISTENER, Scripted(script))
    assert list(hindrances(LISTENER, Scripted(script))) == []
