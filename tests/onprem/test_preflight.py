"""Which resolver IPs may be forwarded to, and what a person is told about the others; and the same
questions of the DNS server after the reload."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import pytest
from ecs_anywhere_dns.answers.advice import RESOLVER_ADVICE, SERVER_ADVICE
from ecs_anywhere_dns.answers.judgement import ACCEPTED, Code
from ecs_anywhere_dns.answers.preflight import Preflight, preflight, questions_for
from ecs_anywhere_dns.answers.questions import Answer, Question
from ecs_anywhere_dns.answers.verification import raise_unless_right, verify
from ecs_anywhere_dns.outcome import NotResolving, PreflightFailed

from tests.onprem.right_answers import (
    DOCUMENT,
    ECR,
    ECS,
    ONE,
    OTHER,
    REGION,
    WITHDRAWN,
    ZONES,
    Scripted,
    answered,
)

Script = Callable[[Question], Answer | None]
PUBLIC = answered(ECS, "198.51.100.7")
OTHER_VPC = answered(ECS, "10.99.0.57")


def with_script(script: Script, zones: tuple[str, ...] = ZONES) -> Preflight:
    return preflight(DOCUMENT, zones, Scripted(script))


def only(ip: str, answer: Answer, transport: str = "") -> Script:
    """That IP answers so, the other one as published."""

    def script(question: Question) -> Answer | None:
        fits = question.server == ip and transport in ("", question.transport)
        return answer if fits else None

    return script


def everywhere(answer: Answer) -> Script:
    return lambda question: answer


class TestQuestions:
    def test_every_name_is_asked_over_both_transports_and_for_ipv6(self) -> None:
        questions = questions_for(ONE, 53, DOCUMENT)
        ways = {(q.type, q.transport) for q in questions if q.name == ECS}
        assert ways == {("A", "udp"), ("A", "tcp"), ("AAAA", "udp")}
        assert {q.name for q in questions} == set(DOCUMENT.names)
        assert len(questions) == len(set(questions)) == 3 * len(DOCUMENT.names)

    def test_all_resolver_ips_are_asked_at_the_same_time(self) -> None:
        asks = Scripted()
        preflight(DOCUMENT, ZONES, asks, port=5453)
        (questions,) = asks.calls
        assert {(q.server, q.port) for q in questions} == {(ONE, 5453), (OTHER, 5453)}

    def test_of_a_withdrawn_document_nothing_is_asked(self) -> None:
        asks = Scripted()
        assert preflight(WITHDRAWN, (), asks).forwarders(True) == ()
        assert verify(WITHDRAWN, (), "127.0.0.1", 53, asks) == ()
        assert asks.calls == []

    def test_a_document_that_is_draining_is_still_checked(self) -> None:
        draining = replace(DOCUMENT, state="draining")
        assert preflight(draining, ZONES, Scripted()).fit == (ONE, OTHER)


class TestFitness:
    def test_all_right_is_fit(self) -> None:
        seen = with_script(lambda question: None)
        assert seen.fit == (ONE, OTHER)
        assert (seen.silent, seen.failing, seen.wrong) == ((), (), ())
        assert not seen.is_degraded
        assert seen.cure == ""

    @pytest.mark.parametrize("problem", ["timeout", "refused", "unreachable", "cut off"])
    @pytest.mark.parametrize("transport", ["", "udp", "tcp"])
    def test_trouble_on_the_way_is_silent(self, problem: str, transport: str) -> None:
        seen = with_script(only(OTHER, Answer(problem), transport))
        assert (seen.fit, seen.silent) == ((ONE,), (OTHER,))
        assert seen.is_degraded

    def test_servfail_is_failing(self) -> None:
        seen = with_script(only(ONE, Answer(rcode="SERVFAIL")))
        assert (seen.fit, seen.failing) == ((OTHER,), (ONE,))

    def test_servfail_beside_silence_is_failing(self) -> None:
        def script(question: Question) -> Answer | None:
            if question.server != ONE:
                return None
            return Answer("timeout") if question.transport == "tcp" else Answer(rcode="SERVFAIL")

        assert with_script(script).failing == (ONE,)

    @pytest.mark.parametrize(
        "answer",
        [
            PUBLIC,
            OTHER_VPC,
            answered(ECS, "10.20.0.99"),
            Answer(rcode="NXDOMAIN"),
            Answer(rcode="REFUSED"),
            Answer(rcode="NOERROR", recursion_available=False),
            Answer("malformed"),
        ],
    )
    def test_any_other_answer_is_wrong(self, answer: Answer) -> None:
        seen = with_script(only(ONE, answer))
        assert (seen.fit, seen.wrong) == ((OTHER,), (ONE,))

    def test_one_wrong_answer_outweighs_silence(self) -> None:
        def script(question: Question) -> Answer | None:
            if question.server != ONE:
                return None
            return PUBLIC if question.name == ECS else Answer("timeout")

        assert with_script(script).wrong == (ONE,)

    def test_a_cname_that_will_not_be_forwarded_is_wrong_at_every_ip(self) -> None:
        zones = tuple(zone for zone in ZONES if zone != ECR)
        assert with_script(lambda question: None, zones).wrong == (ONE, OTHER)

    def test_the_whole_region_covers_every_name(self) -> None:
        assert with_script(lambda question: None, (REGION,)).fit == (ONE, OTHER)


class TestForwarders:
    @pytest.mark.parametrize("answer", [Answer("timeout"), Answer(rcode="SERVFAIL")])
    def test_a_server_that_moves_on_keeps_the_one_that_does_not_answer(
        self, answer: Answer
    ) -> None:
        seen = with_script(only(ONE, answer))
        assert seen.forwarders(uses_other_when_silent=True) == (ONE, OTHER)
        assert seen.forwarders(uses_other_when_silent=False) == (OTHER,)

    @pytest.mark.parametrize("uses_other", [True, False])
    def test_a_wrong_one_is_never_forwarded_to(self, uses_other: bool) -> None:
        seen = with_script(only(OTHER, PUBLIC))
        assert seen.forwarders(uses_other) == (ONE,)

    @pytest.mark.parametrize("answer", [Answer("timeout"), Answer(rcode="SERVFAIL"), PUBLIC])
    @pytest.mark.parametrize("uses_other", [True, False])
    def test_without_a_fit_one_the_run_stops(self, answer: Answer, uses_other: bool) -> None:
        with pytest.raises(PreflightFailed) as stopped:
            with_script(everywhere(answer)).forwarders(uses_other)
        assert DOCUMENT.vpc_id in stopped.value.message
        assert ONE in stopped.value.message
        assert OTHER in stopped.value.message
        assert stopped.value.cure

    def test_the_message_is_a_few_lines_and_not_one_for_each_question(self) -> None:
        with pytest.raises(PreflightFailed) as stopped:
            with_script(everywhere(Answer("timeout"))).forwarders(True)
        assert stopped.value.message == (
            f"no resolver IP of {DOCUMENT.label} answers as published: "
            f"{ONE} over udp and tcp: timeout for 4 of 4 names; "
            f"{OTHER} over udp and tcp: timeout for 4 of 4 names"
        )


class TestCures:
    def test_a_missing_tcp_53_is_said_in_these_words(self) -> None:
        cure = with_script(only(ONE, Answer("timeout"), "tcp")).cure
        assert cure == (
            f"TCP 53 to {ONE} is missing in a security group or a firewall: UDP is answered"
        )

    def test_a_missing_udp_53_too(self) -> None:
        assert with_script(only(ONE, Answer("timeout"), "udp")).cure.startswith("UDP 53 to")

    def test_silence_leads_to_the_route_and_the_security_group(self) -> None:
        cure = with_script(everywhere(Answer("timeout"))).cure
        assert "VPN" in cure
        assert "security group" in cure

    def test_another_vpc_is_suspected(self) -> None:
        assert "another VPC" in with_script(only(ONE, OTHER_VPC)).cure

    @pytest.mark.parametrize("table", [RESOLVER_ADVICE, SERVER_ADVICE])
    def test_there_is_advice_for_every_finding(self, table: dict[Code, str]) -> None:
        assert table.keys() == set(get_args(Code)) - ACCEPTED


class TestVerification:
    def verdicts(self, script: Script = lambda question: None) -> None:
        asks = Scripted(script)
        raise_unless_right(verify(DOCUMENT, ZONES, "127.0.0.1", 5300, asks))
        assert {(q.server, q.port) for q in asks.calls[0]} == {("127.0.0.1", 5300)}

    def test_right_answers_raise_nothing(self) -> None:
        self.verdicts()

    def test_what_is_merely_noted_raises_nothing(self) -> None:
        self.verdicts(
            lambda question: (
                answered(ECS, *DOCUMENT.names[ECS], ttl=900)
                if (question.name, question.type) == (ECS, "A")
                else None
            )
        )

    def test_one_public_answer_among_many_is_named(self) -> None:
        def script(question: Question) -> Answer | None:
            return PUBLIC if (question.name, question.transport) == (ECS, "tcp") else None

        with pytest.raises(NotResolving) as stopped:
            self.verdicts(script)
        assert "127.0.0.1 port 5300 over tcp: public for 1 of 4 names" in stopped.value.message
        assert ECS in stopped.value.message
        assert "doctor" in stopped.value.cure

    def test_bind_and_a_soa_above_the_zone_are_recognised(self) -> None:
        """Measured: BIND answers SERVFAIL for AAAA alone where the SOA of a NODATA lies above the
        forwarded zone."""
        with pytest.raises(NotResolving) as stopped:
            self.verdicts(lambda q: Answer(rcode="SERVFAIL") if q.type == "AAAA" else None)
        assert "SOA" in stopped.value.cure
        assert "region" in stopped.value.cure


class TestRateLimits:
    def test_a_truncated_answer_for_ipv6_is_asked_for_again_over_tcp(self) -> None:
        def cut(question: Question) -> Answer | None:
            fits = (question.type, question.transport) == ("AAAA", "udp")
            return Answer(rcode="NOERROR", truncated=True) if fits else None

        assert with_script(cut).fit == (ONE, OTHER)

    def test_one_that_is_truncated_over_tcp_as_well_proves_nothing(self) -> None:
        def cut(question: Question) -> Answer | None:
            return Answer(rcode="NOERROR", truncated=True) if question.type == "AAAA" else None

        assert with_script(cut).fit == ()

    def test_answers_that_only_udp_loses_are_blamed_on_a_rate_limit(self) -> None:
        def drop(question: Question) -> Answer | None:
            fits = question.transport == "udp" and question.name != ECS
            return Answer("timeout") if fits else None

        with pytest.raises(NotResolving) as problem:
            raise_unless_right(verify(DOCUMENT, ZONES, "127.0.0.1", 53, Scripted(drop)))
        assert "rate-limit" in problem.value.cure
