"""Names are adopted as they are served: what leads to interface endpoints that fit is used, and
what does not is told with the name, what answers for it, and the command."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from connectivity.domain.adopted_names import Adoption, adoption_of
from connectivity.domain.errors import PreconditionsNotMet
from connectivity.domain.ledger import endpoint_purpose
from connectivity.domain.model import (
    Answered,
    HostedZone,
    InterfaceEndpoint,
    Profile,
    ResolverRule,
    Rule,
    SecurityGroup,
)
from connectivity.domain.preconditions import Prepared, prepare
from connectivity.domain.survey import Survey

from tests.unit.example import LIMITS, OFFERED, ONPREM, OPTIONS, SUFFIX, SURVEY, US, VPC, full

NAME = f"ecs-a.{SUFFIX}"
SERVICE = OFFERED[full("ecs-agent")]
NETWORK_TEAM = "999999999999"
HERE = ("10.20.0.9", "10.20.1.9")
IN_THE_HUB = ("10.90.0.9", "10.90.1.9")
OPEN = SecurityGroup("sg-theirs", "theirs", frozenset({Rule("tcp", 443, ONPREM)}))
ENDPOINT = InterfaceEndpoint(
    "vpce-theirs",
    full("ecs-agent"),
    "available",
    subnets=("subnet-a", "subnet-b"),
    security_groups=("sg-theirs",),
    interfaces=("eni-1", "eni-2"),
    vpc=VPC.id,
)
IN_HUB = replace(ENDPOINT, id="vpce-hub", vpc="vpc-hub", subnets=("subnet-x", "subnet-y"))


def survey(*addresses: str, owner: str = NETWORK_TEAM, **changes: Any) -> Survey:
    """A zone of the name of the ECS agent's service, and what that name answers."""
    answers = {"answers": {NAME: Answered(addresses)}}
    zone = HostedZone(NAME, "Z1", owner)
    return replace(SURVEY, hosted_zones=(zone,), **{**answers, **changes})


def seen(endpoint: InterfaceEndpoint, *addresses: str, **changes: Any) -> Survey:
    """A survey in which this interface endpoint has these addresses."""
    there = {"endpoints": (endpoint,)} if endpoint.vpc == VPC.id else {}
    held = dict(zip(endpoint.interfaces, addresses, strict=True))
    group = {"groups" if there else "other_groups": (OPEN,)}
    return survey(*addresses, led_to=(endpoint,), addresses=held, **{**there, **group, **changes})


def problem(there: Survey) -> str:
    with pytest.raises(PreconditionsNotMet) as raised:
        prepare(there, OPTIONS, LIMITS)
    return str(raised.value)


def prepared(there: Survey) -> Prepared:
    return prepare(there, OPTIONS, LIMITS)


def test_an_endpoint_in_the_vpc_is_adopted_by_its_id() -> None:
    assert adoption_of(seen(ENDPOINT, *HERE), SERVICE) == Adoption("vpce-theirs", (NAME,))


def test_an_endpoint_in_another_vpc_is_adopted_by_its_id_and_its_addresses() -> None:
    found = adoption_of(seen(IN_HUB, *IN_THE_HUB), SERVICE)
    assert found == Adoption("vpce-hub", (NAME,), IN_THE_HUB)


def test_an_endpoint_that_cannot_be_seen_is_adopted_by_what_its_name_answers() -> None:
    there = survey(*IN_THE_HUB)
    assert adoption_of(there, SERVICE) == Adoption("Z1", (NAME,), IN_THE_HUB)
    [warning] = (w for w in prepared(there).warnings if "cannot be seen" in w)
    assert "ecs-agent are served by interface endpoints" in warning


def test_only_what_is_missing_is_made() -> None:
    desired = prepared(seen(ENDPOINT, *HERE)).desired
    assert {e.service for e in desired.ours} == {e.service for e in desired.endpoints} - {
        "ecs-agent"
    }


def test_names_of_an_adopted_service_that_nobody_serves_stay_public_and_are_told() -> None:
    fips = f"ecs-a-fips.{SUFFIX}"
    service = replace(SERVICE, private_names=(NAME, fips))
    there = seen(ENDPOINT, *HERE, offered={**OFFERED, service.name: service})
    [agent] = (e for e in prepared(there).desired.endpoints if e.service == "ecs-agent")
    assert agent.private_names == (NAME,)
    assert any(f"{fips} of {service.name} stay public" in w for w in prepared(there).warnings)


def test_an_answer_that_was_not_asked_for_yet_is_asked_for_and_is_no_problem() -> None:
    assert prepared(replace(survey(), answers={})).to_ask == (NAME,)


WRONG: dict[str, tuple[Survey, str]] = {
    "no record": (
        replace(survey(), answers={NAME: Answered(error="NXDOMAIN")}),
        f"{NAME} answers NXDOMAIN",
    ),
    "a public address": (survey("198.51.100.7", "198.51.100.8"), "leads to 198.51.100.7, "),
    "one address": (survey("10.90.0.9"), "leads to one address only, 10.90.0.9"),
    "443 does not answer": (
        replace(
            survey(), answers={NAME: Answered(IN_THE_HUB, shut="10.90.0.9 TimeoutError: timed out")}
        ),
        "where 443/tcp does not serve it: 10.90.0.9 TimeoutError",
    ),
    "shut to on-premises": (
        seen(IN_HUB, *IN_THE_HUB, other_groups=(replace(OPEN, rules=frozenset()),)),
        "its security group sg-theirs does not admit 443/tcp from 192.168.0.0/16 (aws ec2 "
        "authorize-security-group-ingress --group-id sg-theirs",
    ),
    "in one zone": (
        seen(replace(ENDPOINT, subnets=("subnet-a",)), *HERE),
        "leads to vpce-theirs for ecs-agent, but it is in one Availability Zone only",
    ),
    "not available": (
        seen(replace(IN_HUB, state="pending"), *IN_THE_HUB),
        "leads to vpce-hub for ecs-agent, but its state is pending",
    ),
}


@pytest.mark.parametrize(("there", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told_with_the_name_the_zone_its_owner_and_the_command(
    there: Survey, said: str
) -> None:
    told = problem(there)
    assert said in told
    assert f"hosted zone Z1 of account {NETWORK_TEAM}" in told
    assert "Nothing was changed" in told
    assert f"list-resource-record-sets --hosted-zone-id Z1 --start-record-name {NAME}" in told
    assert "disassociate" not in told


def test_two_names_of_one_service_have_to_lead_to_the_same() -> None:
    other = f"other.{SUFFIX}"
    service = replace(SERVICE, private_names=(NAME, other))
    there = replace(
        survey(*IN_THE_HUB),
        offered={**OFFERED, service.name: service},
        hosted_zones=(HostedZone(NAME, "Z1", NETWORK_TEAM), HostedZone(other, "Z2", NETWORK_TEAM)),
        answers={NAME: Answered(IN_THE_HUB), other: Answered(("10.90.0.8", "10.90.1.8"))},
    )
    assert "and another name of the same service to 10.90.0.9, 10.90.1.9" in problem(there)


def test_a_rule_that_forwards_to_private_answers_is_adopted_and_a_wrong_one_is_told() -> None:
    rule = ResolverRule("rslvr-rr-1", NAME, NETWORK_TEAM, ("10.90.0.2",))
    there = replace(survey(*IN_THE_HUB), hosted_zones=(), resolver_rules=(rule,))
    assert adoption_of(there, SERVICE) == Adoption("rslvr-rr-1", (NAME,), IN_THE_HUB)
    told = problem(replace(there, answers={NAME: Answered(error="SERVFAIL")}))
    assert f"{NAME} answers SERVFAIL" in told
    assert f"rslvr-rr-1 of account {NETWORK_TEAM}, which forwards {NAME} to 10.90.0.2" in told
    assert "aws route53resolver get-resolver-rule --resolver-rule-id rslvr-rr-1" in told


def test_an_answer_that_leads_to_an_endpoint_of_ours_is_no_adoption() -> None:
    """Only a rule can: AWS refuses a zone beside private DNS."""
    purpose = endpoint_purpose(ENDPOINT.service_name)
    entry = replace(SURVEY.entry, held={purpose: ENDPOINT.id})
    ours = replace(ENDPOINT, owner=US, private_dns=True)
    assert adoption_of(seen(ours, *HERE, entry=entry), SERVICE) is None
    assert "ecs-agent" in {e.service for e in prepared(seen(ours, *HERE, entry=entry)).desired.ours}
    dark = seen(replace(ours, private_dns=False), *HERE, entry=entry)
    assert "it is ours, and its private DNS is off" in problem(dark)


def test_services_that_a_profile_serves_unseen_are_told_apart() -> None:
    there = replace(survey(*IN_THE_HUB), hosted_zones=(), profile=Profile("rp-1", NETWORK_TEAM))
    assert adoption_of(there, SERVICE) == Adoption(f"rp-1/{NAME}", (NAME,), IN_THE_HUB)


THREE = replace(IN_HUB, subnets=("subnet-x", "subnet-y", "subnet-z"), interfaces=("e1", "e2", "e3"))
THIRD = "10.90.2.9"


def not_seen(there: Survey) -> list[str]:
    return [w for w in prepared(there).warnings if "cannot be seen" in w]


@pytest.mark.parametrize("profile", [False, True], ids=["zone", "profile"])
def test_names_that_lead_to_some_zones_of_an_endpoint_are_adopted_by_its_id(profile: bool) -> None:
    """Records of two zones of three, or a regional name without the zone that is ill."""
    there = seen(THREE, *IN_THE_HUB, THIRD, answers={NAME: Answered(IN_THE_HUB)})
    if profile:
        there = replace(there, hosted_zones=(), profile=Profile("rp-1", NETWORK_TEAM))
        there = replace(there, answers=dict.fromkeys(asked(there), Answered(error="NXDOMAIN")))
        there = replace(there, answers={**there.answers, NAME: Answered(IN_THE_HUB)})
    assert adoption_of(there, SERVICE) == Adoption("vpce-hub", (NAME,), IN_THE_HUB)
    assert not_seen(there) == []


def asked(there: Survey) -> tuple[str, ...]:
    return prepared(replace(there, answers={})).to_ask


def test_only_the_addresses_that_were_asked_for_are_known_of_an_endpoint_with_more() -> None:
    """AWS is asked for the network interfaces that have the answers, and for no other."""
    there = seen(THREE, *IN_THE_HUB, THIRD, answers={NAME: Answered(IN_THE_HUB)})
    held = {id_: ip for id_, ip in there.addresses.items() if ip in IN_THE_HUB}
    found = adoption_of(replace(there, addresses=held), SERVICE)
    assert found == Adoption("vpce-hub", (NAME,), IN_THE_HUB)


def test_an_endpoint_in_the_vpc_that_answers_in_part_is_adopted_with_these_addresses() -> None:
    three = replace(THREE, id="vpce-theirs", vpc=VPC.id)
    there = seen(three, *HERE, "10.20.2.9", answers={NAME: Answered(HERE)})
    assert adoption_of(there, SERVICE) == Adoption("vpce-theirs", (NAME,), HERE)


def test_an_endpoint_that_is_shut_is_refused_also_where_names_lead_to_a_part_of_it() -> None:
    shut = (replace(OPEN, rules=frozenset()),)
    there = seen(THREE, *IN_THE_HUB, THIRD, answers={NAME: Answered(IN_THE_HUB)}, other_groups=shut)
    assert "leads to vpce-hub for ecs-agent, but its security group sg-theirs does" in problem(
        there
    )


def test_one_record_of_an_endpoint_with_three_zones_is_too_few_and_the_endpoint_is_named() -> None:
    there = seen(THREE, *IN_THE_HUB, THIRD, answers={NAME: Answered((THIRD,))})
    assert f"leads to one address only, {THIRD} of vpce-hub, and 2 Avail" in problem(there)


def test_the_endpoint_that_has_the_addresses_and_no_other_goes_before_one_that_has_more() -> None:
    there = seen(THREE, *IN_THE_HUB, THIRD, answers={NAME: Answered(IN_THE_HUB)})
    exact = replace(IN_HUB, id="vpce-z")
    addresses = {**there.addresses, **dict(zip(exact.interfaces, IN_THE_HUB, strict=True))}
    there = replace(there, led_to=(THREE, exact), addresses=addresses)
    assert adoption_of(there, SERVICE) == Adoption("vpce-z", (NAME,), IN_THE_HUB)


def one_each(*, group: SecurityGroup = OPEN) -> Survey:
    """Two interface endpoints with one zone each, and a name that leads to both."""
    two = tuple(
        replace(IN_HUB, id=f"vpce-{i}", subnets=(f"subnet-{i}",), interfaces=(f"eni-{i}",))
        for i in (1, 2)
    )
    held = {"eni-1": IN_THE_HUB[0], "eni-2": IN_THE_HUB[1]}
    return survey(*IN_THE_HUB, led_to=two, addresses=held, other_groups=(group,))


def test_names_that_lead_to_several_endpoints_are_adopted_by_their_answers_and_all_looked_at() -> (
    None
):
    assert adoption_of(one_each(), SERVICE) == Adoption("Z1", (NAME,), IN_THE_HUB)
    assert not_seen(one_each()) == [], "both were looked at"
    shut = problem(one_each(group=replace(OPEN, rules=frozenset())))
    assert "leads to vpce-1 for ecs-agent, but its security group sg-theirs does not" in shut


def test_only_the_addresses_that_cannot_be_seen_are_told_of() -> None:
    there = one_each()
    [warning] = not_seen(replace(there, led_to=there.led_to[:1]))
    assert f"account {SURVEY.account}, at {IN_THE_HUB[1]}: whether they admit" in warning
    assert IN_THE_HUB[0] not in warning
