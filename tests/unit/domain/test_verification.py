"""Judging what the probe saw: right is the set of the endpoint's own addresses, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from connectivity.domain.verification import (
    Target,
    as_table,
    cname_targets,
    example,
    judge,
    questions,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.example import ACCOUNT, REGION

ECS = Target("ecs", "ecs.example", ("10.20.0.4", "10.20.1.4"))
SSM = Target("ssm", "ssm.example", ("10.20.0.5", "10.20.1.5"))
RESOLVERS = ("10.20.0.53", "10.20.1.53")
ASKED = questions([ECS], RESOLVERS)


def answers(addresses: tuple[str, ...], error: str = "", **more: Any) -> dict[str, Any]:
    """What a probe says for which every DNS question has the same answer and TLS works."""
    answered = {"addresses": addresses, "chain": (), "error": error, "milliseconds": 1.0} | more
    return {
        "dns": [question | answered for question in ASKED["dns"]],
        "tls": [question | {"error": "", "milliseconds": 1.0} for question in ASKED["tls"]],
    }


def test_every_name_is_asked_of_every_resolver_ip_over_udp_and_tcp() -> None:
    asked = questions([ECS, SSM], RESOLVERS)["dns"]
    assert {(q["name"], q["resolver"], q["transport"]) for q in asked} == {
        (name, ip, transport)
        for name in ("ecs.example", "ssm.example")
        for ip in RESOLVERS
        for transport in ("udp", "tcp")
    }
    assert len(asked) == 8


def test_tls_is_opened_once_to_every_address() -> None:
    """An endpoint may have several names for its addresses."""
    second = Target("ecs", "*.ecs.example", ECS.addresses)
    assert [(q["address"], q["name"], q["port"]) for q in questions([ECS, second], [])["tls"]] == [
        ("10.20.0.4", "ecs.example", 443),
        ("10.20.1.4", "ecs.example", 443),
    ]


@pytest.mark.parametrize(
    ("came", "right"),
    [
        (("10.20.0.4", "10.20.1.4"), True),
        (("10.20.1.4", "10.20.0.4"), True),
        (("10.20.0.5", "10.20.1.5"), False),
        (("52.95.16.1",), False),
        (("10.20.0.4", "52.95.16.1"), False),
        (("10.20.0.4",), False),
        (("10.20.0.4", "10.20.1.4", "10.20.2.4"), False),
        ((), False),
    ],
    ids=["all", "any order", "wrong", "public", "mixed", "missing", "extra", "none"],
)
def test_an_answer_is_right_when_it_is_exactly_the_endpoints_addresses(
    came: tuple[str, ...], right: bool
) -> None:
    found = [
        finding for finding in judge([ECS], ASKED, answers(came)) if finding.transport != "tls"
    ]
    assert len(found) == 4
    assert {finding.ok for finding in found} == {right}


def test_an_answer_with_an_error_is_wrong_whatever_it_holds() -> None:
    found = judge([ECS], ASKED, answers(ECS.addresses, error="truncated"))
    assert {f.ok for f in found if f.transport != "tls"} == {False}


def test_an_endpoint_without_addresses_is_never_right() -> None:
    """Its network interfaces cannot be seen yet: nothing equals nothing, and proves nothing."""
    nowhere = Target("ecs", "ecs.example", ())
    assert {f.ok for f in judge([nowhere], ASKED, answers(())) if f.transport != "tls"} == {False}


def test_a_question_without_an_answer_is_a_wrong_finding() -> None:
    found = judge([ECS], ASKED, {"dns": answers(ECS.addresses)["dns"][1:], "tls": []})
    assert len(found) == 6
    assert [f.error for f in found if not f.ok] == ["no answer"] * 3
    assert [f.ok for f in found].count(True) == 3


@given(st.data())
def test_the_evidence_is_the_same_in_whatever_order_answers_come(data: st.DataObject) -> None:
    whole = answers(ECS.addresses)
    shuffled = {kind: data.draw(st.permutations(whole[kind])) for kind in ("dns", "tls")}
    assert judge([ECS], ASKED, shuffled) == judge([ECS], ASKED, whole)


@pytest.mark.parametrize("error", ["", "SSLCertVerificationError: hostname mismatch"])
def test_tls_is_right_without_an_error(error: str) -> None:
    tls = [question | {"error": error, "milliseconds": 2.0} for question in ASKED["tls"]]
    found = judge([ECS], ASKED, answers(ECS.addresses) | {"tls": tls})
    assert {finding.ok for finding in found if finding.transport == "tls"} == {not error}


def test_the_table_says_what_was_asked_of_whom_what_was_expected_and_what_came() -> None:
    found = judge([ECS], ASKED, answers((), error="NXDOMAIN"))
    assert as_table(found[:1]) == (
        "ecs.example asked of 10.20.0.53 over udp: expected 10.20.0.4 10.20.1.4, got nothing "
        "(NXDOMAIN)"
    )


def test_cnames_on_the_way_are_handed_on() -> None:
    found = judge([ECS], ASKED, answers(ECS.addresses, chain=("a.example", "b.example")))
    assert cname_targets(found) == {"a.example", "b.example"}


def test_evidence_goes_from_state_to_state_as_json() -> None:
    [first, *_] = judge([ECS], ASKED, answers(ECS.addresses))
    expected: Mapping[str, Any] = {
        "name": "ecs.example",
        "resolver": "10.20.0.53",
        "transport": "udp",
        "expected": ["10.20.0.4", "10.20.1.4"],
        "got": ["10.20.0.4", "10.20.1.4"],
        "chain": [],
        "error": "",
        "milliseconds": 1.0,
        "ok": True,
    }
    assert first.as_json() == expected


@pytest.mark.parametrize(
    ("private_name", "asked"),
    [
        ("ecs-a.us-east-2.amazonaws.com", "ecs-a.us-east-2.amazonaws.com"),
        (
            "*.dkr.ecr.us-east-2.amazonaws.com",
            "123456789012.dkr.ecr.us-east-2.amazonaws.com",
        ),
        (
            "*.s3.us-east-2.amazonaws.com",
            "prod-us-east-2-starport-layer-bucket.s3.us-east-2.amazonaws.com",
        ),
    ],
)
def test_a_wildcard_is_asked_for_by_a_name_that_agents_look_up(
    private_name: str, asked: str
) -> None:
    assert example(private_name, ACCOUNT, REGION) == asked


def test_tls_is_asked_for_by_a_name_that_the_certificate_is_good_for() -> None:
    """Amazon ECR's is good for `*.dkr.ecr.<region>` and not for the bare name."""
    bare = Target("ecr.dkr", "dkr.ecr.us-east-2.amazonaws.com", ("10.20.0.4",))
    account = Target(
        "ecr.dkr",
        "111122223333.dkr.ecr.us-east-2.amazonaws.com",
        ("10.20.0.4",),
        from_wildcard=True,
    )
    [asked] = questions([bare, account], ["10.20.0.53"])["tls"]
    assert asked["name"] == account.name
