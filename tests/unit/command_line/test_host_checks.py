"""What container hosts say is believed as far as it goes, of themselves alone."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ecs_anywhere.host_checks import (
    ASK_ALL,
    COUNTS_FOR,
    HostCheck,
    Invocation,
    ManagedHost,
    host_checks,
    of_vpc,
    read_answer,
    summary,
    wrong,
)
from ecs_anywhere_check.brief import brief
from ecs_anywhere_check.findings import Expected, Finding
from ecs_anywhere_check.host import Host
from ecs_anywhere_check.showing import overall
from hypothesis import given
from hypothesis import strategies as st

NOW = 1_800_000_000.0
NAME, ADDRESSES = "ecs.us-east-2.amazonaws.com", ("10.20.0.5", "10.20.1.5")
PUBLISHED = {NAME: ADDRESSES}
HOST = ManagedHost("mi-0123456789abcdef0", "node1", "Online")
OTHER = ManagedHost("mi-0123456789abcdef1", "node2", "ConnectionLost")


def answer(**what: Any) -> str:
    said = {
        "schema": 1,
        "verdict": "PRIVATE",
        "names": {NAME: ["PRIVATE", " ".join(ADDRESSES)]},
        "wrong": [],
        "left": 0,
    }
    return json.dumps(said | what)


def ran(output: str, host: ManagedHost = HOST, at: float = NOW - 60, **how: Any) -> Invocation:
    return replace(Invocation(host.instance, at, "Success", output), **how)


def check(*runs: Invocation, hosts: tuple[ManagedHost, ...] = (HOST,)) -> tuple[HostCheck, ...]:
    return host_checks(hosts, runs, PUBLISHED, NOW)


def test_a_host_whose_names_lead_to_what_is_published_is_private() -> None:
    [found] = check(ran(answer()))
    assert (found.verdict, found.checked_at, found.said) == ("private", NOW - 60, ())


def test_private_addresses_that_are_not_published_are_not_believed_to_be_private() -> None:
    [found] = check(ran(answer(names={NAME: ["PRIVATE", "10.99.0.5"]})))
    assert found.verdict == "public"
    assert "10.99.0.5, which is not published" in found.said[0]


def test_what_a_host_calls_wrong_is_told_with_its_cure() -> None:
    found = ["PUBLIC", "ecs-a-1.us-east-2.amazonaws.com", "agent log", "numbered", "restart"]
    [said] = check(ran(answer(verdict="PUBLIC", wrong=[found]), status="Failed"))
    assert said.verdict == "public"
    assert said.said == ("PUBLIC ecs-a-1.us-east-2.amazonaws.com (agent log): numbered -> restart",)


def test_a_name_that_the_vpc_does_not_have_makes_no_host_public() -> None:
    """The check asks for ec2messages, which newer Regions do not offer."""
    unpublished = "ec2messages.us-east-2.amazonaws.com"
    names = {NAME: ["PRIVATE", " ".join(ADDRESSES)], unpublished: ["PUBLIC", "203.0.113.9"]}
    found = ["PUBLIC", unpublished, "libc", "203.0.113.9", "forward it"]
    [said] = check(ran(answer(verdict="PUBLIC", names=names, wrong=[found])))
    assert said.verdict == "private"


def test_what_had_no_room_in_an_answer_is_not_forgotten() -> None:
    [said] = check(ran(answer(verdict="PUBLIC", left=3)))
    assert said.verdict == "public"


def test_an_answer_counts_for_the_instance_that_aws_names_and_for_no_other() -> None:
    forged = answer(host=OTHER.instance, instance=OTHER.instance, name=OTHER.name)
    found = check(ran(forged), hosts=(HOST, OTHER))
    assert [(each.instance, each.verdict) for each in found] == [
        (OTHER.instance, "unchecked"),
        (HOST.instance, "private"),
    ]


def test_an_answer_of_a_host_that_is_not_to_be_checked_counts_for_nobody() -> None:
    assert check(ran(answer()), hosts=()) == ()


def test_an_agent_that_a_restart_mends_is_told_from_names_that_would_be_learned_again() -> None:
    learned = ["PUBLIC", "ecs-a-1.us-east-2.amazonaws.com", "agent log", "numbered", "restart"]
    second_server = ["PUBLIC", NAME, "dns 10.1.0.3", "203.0.113.9", "forward it"]
    for found, mends in ((learned, True), (second_server, False)):
        [said] = check(ran(answer(verdict="PUBLIC", wrong=[found])))
        assert (said.verdict, said.names_are_private) == ("public", mends)


def test_the_last_answer_counts_and_a_run_that_goes_on_is_none() -> None:
    old, going = ran(answer(), at=NOW - 900), ran("", status="InProgress", at=NOW)
    now = ran(answer(verdict="PUBLIC", names={NAME: ["PUBLIC", "203.0.113.9"]}), at=NOW - 300)
    for order in ([old, now, going], [going, now, old]):
        assert check(*order)[0].verdict == "public"


def test_an_old_answer_says_nothing_of_now() -> None:
    [found] = check(ran(answer(), at=NOW - COUNTS_FOR - 1))
    assert found.verdict == "unchecked"
    assert found.said == ("not checked within two days; its SSM agent is Online",)


@pytest.mark.parametrize(
    ("run", "cure"),
    [
        (ran("", status="TimedOut"), "online, and ask again"),
        (ran("sh: not found", status="Failed"), "install ecs-anywhere-check"),
        (ran(answer(schema=2)), "install ecs-anywhere-check there, of this release"),
        (ran(answer(names={})), "names nothing that is published"),
    ],
    ids=["not run", "not installed", "a later release", "an empty answer"],
)
def test_a_host_that_gives_no_answer_has_failed_and_is_told_the_cure(
    run: Invocation, cure: str
) -> None:
    [found] = check(run)
    assert found.verdict == "failed"
    assert cure in found.said[0]


HOSTILE = st.one_of(
    st.text(max_size=3000),
    st.builds(
        answer,
        verdict=st.sampled_from(["PRIVATE", "PUBLIC", "FAILED", "private", 1, None]),
        names=st.dictionaries(st.text(), st.lists(st.text(max_size=300), max_size=3), max_size=3),
        wrong=st.lists(st.lists(st.text(max_size=300), min_size=4, max_size=6), max_size=9),
        left=st.sampled_from([0, -1, 2**70, "0", None]),
    ),
    st.integers(1, 5000).map(lambda depth: "{" + '"a":[' * depth),
)


@given(HOSTILE, st.text(max_size=300))
def test_whatever_a_host_prints_stays_bounded_words_in_one_line(output: str, name: str) -> None:
    hosts = (replace(HOST, name=name), OTHER)
    found = check(ran(output), ran(answer(), OTHER), hosts=hosts)
    assert {each.instance: each.verdict for each in found}[OTHER.instance] == "private"
    for each in found:
        assert all(line.isprintable() for line in (each.name, *each.said))
        assert sum(map(len, (each.name, *each.said))) < 4000
    assert all(line.isprintable() for line in (summary(found), *wrong(found)))


def test_the_summary_counts_and_names_who_is_not_private() -> None:
    found = check(
        ran(answer()),
        ran(answer(verdict="PUBLIC", names={NAME: ["PUBLIC", "203.0.113.9"]}), OTHER),
        hosts=(HOST, OTHER),
    )
    assert summary(found) == f"container hosts: 1 private, 1 public (node2 {OTHER.instance})"
    assert summary(()) == ""


def test_a_host_is_of_the_vpc_it_is_tagged_with_or_of_the_only_one() -> None:
    tagged, untagged = replace(HOST, vpc="vpc-1"), OTHER
    both = (tagged, untagged)
    assert of_vpc(both, "vpc-1", is_only=False) == (tagged,)
    assert of_vpc(both, "vpc-2", is_only=False) == ()
    assert of_vpc(both, "vpc-2", is_only=True) == (untagged,)
    assert of_vpc(both, "vpc-1", is_only=True) == both


FINDING = st.builds(
    Finding,
    subject=st.sampled_from([NAME, "proxy", "ecs-a-1.us-east-2.amazonaws.com"]) | st.text(),
    vantage=st.sampled_from(["libc", "agent log", "tls 10.20.0.5"]),
    verdict=st.sampled_from(["PRIVATE", "PUBLIC", "FAILED", "NOTE"]),
    said=st.text(max_size=3000),
    cure=st.text(max_size=600),
)


@given(st.lists(FINDING, max_size=60))
def test_what_the_check_prints_in_brief_is_read_whole_and_loses_no_verdict(
    found: list[Finding],
) -> None:
    """AWS Systems Manager keeps 2,500 characters."""
    line = brief(found, Expected(PUBLISHED, ()), Host(environment={}))
    assert len(line) <= 2400
    assert line.isascii()
    said = read_answer(f"{line}\n\n----------ERROR-------\nfailed to run commands: exit status 1")
    assert said is not None
    wrongs = [each for each in found if each.verdict in {"PUBLIC", "FAILED"}]
    told = len(said["wrong"]) + len(said["names"]) + said["left"]
    assert said["verdict"] == overall(found)
    assert told >= len(wrongs)


def test_a_host_that_was_not_asked_for_every_published_name_is_not_plainly_private() -> None:
    """The check that AWS runs knows the names that an agent needs, and no others."""
    ecr, logs = "api.ecr.us-east-2.amazonaws.com", "logs.us-east-2.amazonaws.com"
    more = {ecr: ADDRESSES, logs: ADDRESSES, "*.dkr.ecr.us-east-2.amazonaws.com": ADDRESSES}
    [found] = host_checks((HOST,), (ran(answer()),), PUBLISHED | more, NOW)
    assert found.verdict == "private", "no name is known to be public"
    assert found.word == "private for 1 of 3 names"
    said = f"1 of 3 published names were asked: not asked {ecr}, {logs}"
    assert found.said == (f"{said} -> on it: {ASK_ALL}",), "with the way to ask for all"
    kind = "private for the names that were asked"
    assert summary((found,)) == f"container hosts: 1 {kind} (node1 {HOST.instance})"
    assert wrong((found,)) == ()
    all_asked = {NAME: ["PRIVATE", ADDRESSES[0]], ecr: ["PRIVATE", ADDRESSES[0]]}
    [whole] = host_checks(
        (HOST,), (ran(answer(names=all_asked)),), PUBLISHED | {ecr: ADDRESSES}, NOW
    )
    assert (whole.word, whole.not_asked) == ("private", ())
