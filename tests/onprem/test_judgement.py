"""One verdict for each way in which an answer can be wrong, and lines that people can read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ecs_anywhere_dns.answers.explanation import explain
from ecs_anywhere_dns.answers.judgement import Code, Verdict, judge
from ecs_anywhere_dns.answers.questions import Answer, Question, RecordType, Transport

from tests.onprem.right_answers import (
    API,
    DOCUMENT,
    ECR,
    ECS,
    IMAGES,
    ONE,
    OTHER,
    REGION,
    SSM,
    ZONES,
    answered,
    nodata,
    right_answer,
)

PUBLIC = "198.51.100.7"


def question(
    name: str = ECS, kind: RecordType = "A", transport: Transport = "udp", server: str = ONE
) -> Question:
    return Question(server, 53, name, kind, transport)


def verdict_on(answer: Answer, asked: Question | None = None) -> Verdict:
    return judge(asked or question(), answer, DOCUMENT, ZONES)


@pytest.mark.parametrize("name", DOCUMENT.names)
@pytest.mark.parametrize("kind", ["A", "AAAA"])
def test_what_was_published_is_right(name: str, kind: RecordType) -> None:
    asked = question(name, kind)
    assert verdict_on(right_answer(asked), asked) == Verdict(asked, True, "right")


def test_the_order_of_addresses_means_nothing() -> None:
    assert verdict_on(answered(ECS, "10.20.1.57", "10.20.0.57")).code == "right"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer("timeout"), "timeout"),
        (Answer("refused"), "refused"),
        (Answer("unreachable"), "unreachable"),
        (Answer("cut off"), "cut-off"),
        (Answer("malformed"), "malformed"),
        (Answer(rcode="NXDOMAIN"), "nxdomain"),
        (Answer(rcode="SERVFAIL"), "servfail"),
        (Answer(rcode="REFUSED", recursion_available=False), "rcode"),
        (replace(answered(ECS, "10.20.0.57"), recursion_available=False), "no-recursion"),
        (nodata(), "empty"),
        (answered(ECS, PUBLIC), "public"),
        (answered(ECS, "10.20.0.57", PUBLIC), "public"),
        (answered(ECS, "10.99.0.57", "10.99.1.57"), "wrong-vpc"),
        (answered(ECS, "10.99.0.57", PUBLIC), "public"),
        (answered(ECS, "10.20.0.58"), "wrong-address"),
        (answered(ECS, "10.20.0.57"), "wrong-address"),
        (answered(ECS, "10.20.0.57", "10.20.1.57", "10.20.2.57"), "wrong-address"),
    ],
)
def test_each_kind_of_failure_has_its_code(answer: Answer, code: Code) -> None:
    verdict = verdict_on(answer)
    assert (verdict.code, verdict.ok) == (code, False)


def test_any_other_rcode_is_named() -> None:
    assert verdict_on(Answer(rcode="REFUSED")).detail == "REFUSED"


def test_a_wrong_address_is_named_beside_the_published_ones() -> None:
    detail = verdict_on(answered(ECS, "10.20.0.99")).detail
    assert detail == "answers 10.20.0.99, published are 10.20.0.57, 10.20.1.57"


def test_an_address_outside_the_vpc_is_named_with_the_vpc() -> None:
    detail = verdict_on(answered(ECS, PUBLIC)).detail
    assert detail == f"answers {PUBLIC}, outside {DOCUMENT.vpc_id} (10.20.0.0/16)"


def test_addresses_of_another_owner_do_not_count() -> None:
    assert verdict_on(answered(SSM, "10.20.0.57", "10.20.1.57")).code == "empty"


@pytest.mark.parametrize(
    "made", ["64:ff9b::a14:39", "2001:db8:122:344:a:1400:3900:0", "2001:db8:a14:39::"]
)
def test_an_ipv6_address_that_was_made_of_a_published_one_is_told_apart(made: str) -> None:
    """DNS64, with prefixes of 96, 64 and 32 bits (RFC 6052, 2.4)."""
    answer = Answer(rcode="NOERROR", addresses=((ECS, made),))
    assert verdict_on(answer, question(kind="AAAA")).code == "dns64"


def test_an_ipv6_address_of_somebody_else_is_not_taken_for_one() -> None:
    answer = Answer(rcode="NOERROR", addresses=((ECS, "64:ff9b::a14:3a"),))
    assert verdict_on(answer, question(kind="AAAA")).code == "public-aaaa"


class TestTruncated:
    def test_over_udp_it_is_accepted(self) -> None:
        verdict = verdict_on(Answer(rcode="NOERROR", truncated=True))
        assert (verdict.code, verdict.ok) == ("truncated", True)

    def test_over_tcp_it_is_not(self) -> None:
        asked = question(transport="tcp")
        verdict = verdict_on(Answer(rcode="NOERROR", truncated=True), asked)
        assert (verdict.code, verdict.ok) == ("truncated-on-tcp", False)

    def test_where_there_is_nothing_to_answer_it_is_not(self) -> None:
        verdict = verdict_on(Answer(rcode="NOERROR", truncated=True), question(kind="AAAA"))
        assert (verdict.code, verdict.ok) == ("malformed", False)


class TestAliases:
    def test_the_addresses_are_those_at_the_end(self) -> None:
        answer = replace(right_answer(question(API)), addresses=((API, "10.20.0.45"),))
        assert verdict_on(answer, question(API)).code == "empty"

    @pytest.mark.parametrize("kind", ["A", "AAAA"])
    def test_a_target_that_is_not_forwarded_escapes(self, kind: RecordType) -> None:
        asked = question(API, kind)
        zones = [zone for zone in ZONES if zone != ECR]
        verdict = judge(asked, right_answer(asked), DOCUMENT, zones)
        assert (verdict.code, verdict.ok) == ("cname-escapes", False)
        assert ECR in verdict.detail

    def test_the_zone_of_the_region_covers_the_target(self) -> None:
        asked = question(API)
        assert judge(asked, right_answer(asked), DOCUMENT, [REGION]).ok

    def test_a_zone_is_no_suffix_of_letters(self) -> None:
        """`notecr.<region>` ends in `ecr.<region>` and does not lie below it."""
        asked = question(API)
        answer = replace(right_answer(asked), chain=((API, f"not{ECR}"),))
        assert verdict_on(answer, asked).code == "cname-escapes"

    def test_a_name_below_a_zone_is_forwarded(self) -> None:
        assert IMAGES not in ZONES
        assert verdict_on(right_answer(question(IMAGES)), question(IMAGES)).ok

    def test_a_name_outside_all_zones_is_found_before_it_is_asked_of_the_internet(self) -> None:
        verdict = judge(question(), right_answer(question()), DOCUMENT, [SSM])
        assert (verdict.code, verdict.ok) == ("not-forwarded", False)

    @pytest.mark.parametrize("chain", [((ECS, ECS),), ((ECS, SSM), (SSM, ECS))])
    def test_a_loop_ends(self, chain: tuple[tuple[str, str], ...]) -> None:
        verdict = verdict_on(Answer(rcode="NOERROR", chain=chain))
        assert (verdict.code, verdict.ok) == ("cname-loop", False)

    def test_the_order_of_the_records_means_nothing(self) -> None:
        first, second = f"a.{ECS}", f"b.{ECS}"
        answer = replace(
            answered(second, *DOCUMENT.names[ECS]), chain=((first, second), (ECS, first))
        )
        assert verdict_on(answer).code == "right"


class TestIpv6:
    def test_an_address_beside_the_private_ones_is_public(self) -> None:
        verdict = verdict_on(answered(ECS, "2001:db8::7"), question(kind="AAAA"))
        assert (verdict.code, verdict.ok) == ("public-aaaa", False)
        assert "2001:db8::7" in verdict.detail

    def test_denying_the_name_is_wrong(self) -> None:
        """It is cached for the name, whatever type was asked for (RFC 2308)."""
        assert verdict_on(Answer(rcode="NXDOMAIN"), question(kind="AAAA")).code == "nxdomain"

    def test_an_ipv6_address_is_no_answer_for_ipv4(self) -> None:
        assert verdict_on(answered(ECS, "10.20.0.57", "2001:db8::7")).code == "public"


@pytest.mark.parametrize(("ttl", "code"), [(300, "right"), (301, "ttl")])
def test_a_long_ttl_is_only_noted(ttl: int, code: Code) -> None:
    verdict = verdict_on(answered(ECS, *DOCUMENT.names[ECS], ttl=ttl))
    assert (verdict.code, verdict.ok) == (code, True)


class TestExplain:
    def all_verdicts(self, server: str = ONE, port: int = 53, **codes: Code) -> list[Verdict]:
        """Right, apart from the given transports."""
        return [
            Verdict(Question(server, port, name, "A", transport), code == "right", code)
            for name in DOCUMENT.names
            for transport in ("udp", "tcp")
            for code in [codes.get(transport, "right")]
        ]

    def test_a_server_that_is_right_has_one_line(self) -> None:
        assert explain(self.all_verdicts()) == [f"{ONE}: all 8 answers are as published"]

    def test_a_dead_resolver_is_named_once(self) -> None:
        lines = explain(self.all_verdicts(udp="timeout", tcp="timeout") + self.all_verdicts(OTHER))
        assert lines == [
            f"{ONE} over udp and tcp: timeout for 4 of 4 names",
            f"{OTHER}: all 8 answers are as published",
        ]

    def test_one_transport_alone_is_said(self) -> None:
        lines = explain(self.all_verdicts(tcp="timeout"))
        assert lines == [f"{ONE} over tcp: timeout for 4 of 4 names"]

    def test_transports_with_other_names_have_lines_of_their_own(self) -> None:
        lost = Verdict(question(SSM), False, "timeout")
        verdicts = [
            lost if v.question == lost.question else v for v in self.all_verdicts(tcp="timeout")
        ]
        assert explain(verdicts) == [
            f"{ONE} over udp: timeout for 1 of 4 names: {SSM}",
            f"{ONE} over tcp: timeout for 4 of 4 names",
        ]

    def test_another_port_than_53_is_named(self) -> None:
        assert explain(self.all_verdicts(port=5300))[0].startswith(f"{ONE} port 5300: ")

    def test_a_few_names_are_examples_with_their_details(self) -> None:
        verdicts = [
            Verdict(question(name), False, "wrong-address", f"answers 10.20.9.{number}")
            for number, name in enumerate(DOCUMENT.names)
        ]
        assert explain(verdicts) == [
            f"{ONE} over udp: wrong-address for 4 of 4 names: {ECS} answers 10.20.9.0; "
            f"{API} answers 10.20.9.1; …"
        ]

    def test_what_all_share_is_said_once(self) -> None:
        verdicts = [Verdict(question(name), False, "rcode", "REFUSED") for name in DOCUMENT.names]
        assert explain(verdicts) == [f"{ONE} over udp: rcode for 4 of 4 names: REFUSED"]

    def test_ipv6_alone_is_said(self) -> None:
        verdicts = [
            Verdict(question(name, "AAAA"), False, "servfail") for name in DOCUMENT.names
        ] + self.all_verdicts()
        assert explain(verdicts) == [f"{ONE} over udp: servfail for 4 of 4 names (only AAAA)"]

    def test_failures_come_before_notes(self) -> None:
        verdicts = [
            Verdict(question(ECS), True, "ttl", "900 s, more than 300"),
            Verdict(question(SSM), False, "servfail"),
        ]
        assert explain(verdicts) == [
            f"{ONE} over udp: servfail for 1 of 2 names: {SSM}",
            f"{ONE} over udp: ttl for 1 of 2 names (accepted): {ECS} 900 s, more than 300",
        ]
