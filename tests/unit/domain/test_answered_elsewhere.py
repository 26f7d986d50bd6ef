"""Names that something else answers in the VPC: found by rules and zones, asked for once, and told
with everything that is known of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from connectivity.domain.answered_elsewhere import (
    answered_names,
    described,
    how_to_look,
    names_to_ask,
    sources,
    unasked_warnings,
)
from connectivity.domain.model import Answered, HostedZone, Profile, ResolverRule
from connectivity.domain.survey import Survey

from tests.unit.example import ACCOUNT, OFFERED, SUFFIX, SURVEY, full

SERVICES = {name: OFFERED[full(name)] for name in ("ecs", "ssm", "ecr.dkr")}
ENDPOINT = "vpce-0abc-1.ssm.us-east-2.vpce.amazonaws.com"


def zone(name: str, **more: Any) -> HostedZone:
    return replace(HostedZone(f"{name}.{SUFFIX}", "Z1", SURVEY.account), **more)


def with_zones(*there: HostedZone) -> Survey:
    return replace(SURVEY, hosted_zones=there)


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("ecs", (f"ecs.{SUFFIX}",)),
        ("dkr.ecr", (f"dkr.ecr.{SUFFIX}", f"{SURVEY.account}.dkr.ecr.{SUFFIX}")),
    ],
)
def test_names_that_a_zone_answers_for_are_asked_for_as_agents_ask(
    name: str, asked: tuple[str, ...]
) -> None:
    assert names_to_ask(with_zones(zone(name)), SERVICES) == asked


def test_nothing_is_asked_where_private_dns_alone_would_answer() -> None:
    assert names_to_ask(SURVEY, SERVICES) == ()


@pytest.mark.parametrize("name", ["corp.example", "amazonaws.com", "us-east-2.amazonaws.com"])
def test_a_zone_of_another_or_a_parents_name_changes_nothing(name: str) -> None:
    assert names_to_ask(with_zones(HostedZone(name, "Z1")), SERVICES) == ()


def test_nothing_is_asked_twice_and_all_of_it_again_where_one_answer_is_missing() -> None:
    there = with_zones(zone("ecs"), zone("ssm"))
    one = {f"ecs.{SUFFIX}": Answered(("10.20.0.4",))}
    both = one | {f"ssm.{SUFFIX}": Answered(("10.20.0.5",))}
    assert len(names_to_ask(replace(there, answers=one), SERVICES)) == 2
    assert names_to_ask(replace(there, answers=both), SERVICES) == ()


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (zone("ssm", leads_to=(ENDPOINT,)), "zone Z1 (leads to vpce-0abc)"),
        (zone("ssm", leads_to=("10.1.2.3", "10.1.3.3")), "zone Z1 (leads to 10.1.2.3 10.1.3.3)"),
        (zone("ssm", leads_to=()), "zone Z1 (no record of its own name)"),
        (
            zone("ssm", owner="999999999999"),
            "zone Z1 of account 999999999999 (its records cannot be seen from here)",
        ),
    ],
)
def test_it_is_said_which_endpoint_a_zone_leads_to_where_that_can_be_seen(
    there: HostedZone, said: str
) -> None:
    assert said in described(with_zones(there), there)
    assert how_to_look(there, "ssm.x").startswith(
        "aws route53 list-resource-record-sets --hosted-zone-id Z1"
    )


@pytest.mark.parametrize(
    ("domain", "overrides"),
    [
        ("ssm.us-east-2.amazonaws.com", "ssm"),
        ("123456789012.dkr.ecr.us-east-2.amazonaws.com", "ecr.dkr"),
        ("dkr.ecr.us-east-2.amazonaws.com", "ecr.dkr"),
        ("a.b.ecs.us-east-2.amazonaws.com", "ecs"),
        ("us-east-2.amazonaws.com", None),
        ("amazonaws.com", None),
        ("", None),
        ("assm.us-east-2.amazonaws.com", None),
        ("ssm.eu-west-1.amazonaws.com", None),
    ],
)
def test_only_a_rule_of_a_wanted_name_or_below_it_goes_before_private_dns(
    domain: str, overrides: str | None
) -> None:
    """The most specific name wins, and a rule before the private hosted zone of its name."""
    rule = ResolverRule("rslvr-rr-1", domain, ACCOUNT, ("10.9.0.2", "10.9.1.2"))
    survey = replace(SURVEY, resolver_rules=(rule,))
    found = [name for name, service in SERVICES.items() if answered_names(survey, service)]
    assert found == ([overrides] if overrides else [])
    assert (
        f"rslvr-rr-1 of account {ACCOUNT}, which forwards {domain} to 10.9.0.2 10.9.1.2"
        in described(survey, rule)
    )


def test_a_rule_wins_over_the_zone_of_the_same_name() -> None:
    rule = ResolverRule("rslvr-rr-1", f"ssm.{SUFFIX}", ACCOUNT)
    survey = replace(with_zones(zone("ssm")), resolver_rules=(rule,))
    assert sources(survey, f"ssm.{SUFFIX}") == (rule, zone("ssm"))


def test_a_plan_says_what_would_be_asked_and_why() -> None:
    [said] = unasked_warnings(with_zones(zone("ecs")), SERVICES)
    assert f"the probe asks for ecs.{SUFFIX} in vpc-0a1b2c3d before anything is made" in said
    assert "because of the private hosted zone Z1" in said


PROFILE = Profile("rp-1", "999999999999")
IN_PROFILE = replace(SURVEY, profile=PROFILE)


def test_with_a_profile_every_name_is_asked_because_nobody_can_read_what_it_holds() -> None:
    asked = names_to_ask(IN_PROFILE, SERVICES)
    assert {f"ecs.{SUFFIX}", f"ssm.{SUFFIX}", f"dkr.ecr.{SUFFIX}"} <= {*asked}


@pytest.mark.parametrize("public", [Answered(("52.94.1.1",)), Answered(error="NXDOMAIN")], ids=str)
def test_what_a_profile_does_not_answer_is_private_dns_s_as_always(public: Answered) -> None:
    """What is associated with the VPC itself goes before its Profile."""
    there = replace(IN_PROFILE, answers={f"ssm.{SUFFIX}": public})
    assert answered_names(there, SERVICES["ssm"]) == ()


def test_what_a_profile_answers_privately_is_not_private_dns_s() -> None:
    there = replace(IN_PROFILE, answers={f"ssm.{SUFFIX}": Answered(("10.9.0.4", "10.9.1.4"))})
    assert answered_names(there, SERVICES["ssm"]) == (f"ssm.{SUFFIX}",)
    assert described(there, PROFILE) == "the Route 53 Profile rp-1 of account 999999999999"
    assert "--profile-id rp-1" in how_to_look(PROFILE, "ssm.x")


def test_a_zone_of_the_vpc_wins_over_its_profile() -> None:
    there = replace(IN_PROFILE, hosted_zones=(zone("ssm"),))
    assert sources(there, f"ssm.{SUFFIX}") == (zone("ssm"), PROFILE)
