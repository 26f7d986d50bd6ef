"""Names that something else answers in the VPC: told with everything that is known of it, and never
with the advice to take away what may serve somebody's hosts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from connectivity.domain.answered_elsewhere import rule_problems, zone_problems
from connectivity.domain.model import HostedZone, ResolverRule

from tests.unit.example import ACCOUNT, OFFERED, SURVEY, full

SERVICES = {name: OFFERED[full(name)] for name in ("ecs", "ssm", "ecr.dkr")}
ENDPOINT = "vpce-0abc-1.ssm.us-east-2.vpce.amazonaws.com"


def zone(name: str, **more: Any) -> HostedZone:
    return replace(HostedZone(f"{name}.us-east-2.amazonaws.com", "Z1", SURVEY.account), **more)


def zones(*there: HostedZone) -> str:
    return " ".join(zone_problems(replace(SURVEY, hosted_zones=there), SERVICES))


@pytest.mark.parametrize("name", ["ecs", "ssm", "dkr.ecr"])
def test_a_zone_of_a_wanted_name_is_told_as_what_it_is_and_left_alone(name: str) -> None:
    said = zones(zone(name))
    assert "as landing zones do it: nothing was changed" in said
    assert "disassociate" not in said


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (zone("ssm", leads_to=(ENDPOINT,)), "(Z1, leads to vpce-0abc)"),
        (zone("ssm", leads_to=("10.1.2.3", "10.1.3.3")), "(Z1, leads to 10.1.2.3 10.1.3.3)"),
        (zone("ssm", leads_to=()), "(Z1, no record of its own name)"),
        (
            zone("ssm", owner="999999999999"),
            "(Z1 of account 999999999999, what it leads to cannot be seen from here)",
        ),
    ],
)
def test_it_is_said_which_endpoint_a_zone_leads_to_where_that_can_be_seen(
    there: HostedZone, said: str
) -> None:
    assert said in zones(there)


def test_all_zones_are_one_problem() -> None:
    assert (
        len(list(zone_problems(replace(SURVEY, hosted_zones=(zone("ecs"), zone("ssm"))), SERVICES)))
        == 1
    )


@pytest.mark.parametrize("name", ["corp.example", "amazonaws.com", "us-east-2.amazonaws.com"])
def test_a_zone_of_another_or_a_parents_name_is_no_problem(name: str) -> None:
    assert zones(HostedZone(name, "Z1")) == ""


def rules(domain: str) -> str:
    rule = ResolverRule("rslvr-rr-1", domain, ACCOUNT, ("10.9.0.2", "10.9.1.2"))
    return " ".join(rule_problems(replace(SURVEY, resolver_rules=(rule,)), SERVICES))


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
    said = rules(domain)
    assert bool(said) is bool(overrides)
    if overrides:
        assert f"before private DNS of {overrides} answers" in said
        assert f"rslvr-rr-1 of account {ACCOUNT} forwards {domain}" in said
        assert "to 10.9.0.2 10.9.1.2" in said
        assert "if hosts get their private answers from there, leave it" in said
        assert "--vpc-id vpc-0a1b2c3d --resolver-rule-id rslvr-rr-1" in said
