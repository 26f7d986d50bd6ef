"""The firewall sheet names what answers for a name, and never the VPC's own subnets where something
else does: a ticket that is filed for the wrong network is filed twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from connectivity.domain.firewall import firewall_sheet
from connectivity.domain.model import (
    Answered,
    HostedZone,
    InterfaceEndpoint,
    Profile,
    ResolverRule,
    Subnet,
)
from connectivity.domain.preconditions import prepare
from connectivity.domain.survey import Survey

from tests.unit.example import LIMITS, ONPREM, OPTIONS, PRIVATE_NAMES, SURVEY, VPC, ZONES, full

A, B = sorted(ZONES)
OWN = ("10.20.0.0/24", "10.20.1.0/24")
HERE = replace(
    SURVEY,
    vpc=replace(VPC, dns_server="10.20.0.2"),
    subnets=(Subnet("subnet-a", A, 200, OWN[0]), Subnet("subnet-b", B, 200, OWN[1])),
)
SIX = ("ecs-agent", "ecs-telemetry", "ecs", "ssm", "ssmmessages", "ec2messages")
NETWORK_TEAM = "999999999999"
TO_443 = f"from the container hosts and the DNS hosts in {ONPREM} to "


def name_of(service: str) -> str:
    return PRIVATE_NAMES[service][0]


def hub(service: str) -> InterfaceEndpoint:
    """The hub's interface endpoint for a service."""
    number = SIX.index(service)
    return InterfaceEndpoint(
        f"vpce-0{number}",
        full(service),
        "available",
        subnets=("subnet-x", "subnet-y"),
        interfaces=(f"eni-{number}a", f"eni-{number}b"),
        vpc="vpc-hub",
    )


def addresses_of(service: str) -> tuple[str, str]:
    number = SIX.index(service)
    return f"10.90.0.{number + 4}", f"10.90.1.{number + 4}"


def zone(service: str, **changes: Any) -> HostedZone:
    """A zone of this account, whose record is an alias of the hub's interface endpoint."""
    alias = f"{hub(service).id}-abcd.{service}.us-east-2.vpce.amazonaws.com"
    made = HostedZone(name_of(service), f"Z-{service}", SURVEY.account, (alias,))
    return replace(made, **changes)


def spoke(*zones: HostedZone, **changes: Any) -> Survey:
    """A VPC with these zones, of which a plan has found the hub's interface endpoints."""
    held = {
        interface: ip
        for service in SIX
        for interface, ip in zip(hub(service).interfaces, addresses_of(service), strict=True)
    }
    there = {"led_to": tuple(map(hub, SIX)), "addresses": held, **changes}
    return replace(HERE, hosted_zones=zones, **there)


def calls(survey: Survey) -> list[str]:
    """The lines to interface endpoints, without their beginning."""
    sheet = firewall_sheet(prepare(survey, OPTIONS, LIMITS).desired, survey)
    return [line.removeprefix(TO_443) for line in sheet if line.startswith(TO_443)]


def all_of(*services: str) -> str:
    return " ".join(ip for service in services for ip in addresses_of(service))


def test_where_records_lead_to_a_hub_its_addresses_are_named_and_nothing_of_the_vpc() -> None:
    [line] = calls(spoke(*map(zone, SIX)))
    names = " ".join(map(name_of, SIX))
    assert line == f"{all_of(*SIX)}: 443/tcp, for {names}"
    assert not [network for network in OWN if network in line]


def test_what_is_made_here_is_named_beside_what_a_hub_serves() -> None:
    [line] = calls(spoke(zone("ecs-agent"), zone("ssm")))
    to, names = line.split(": 443/tcp, for ")
    assert {*to.split()} == {*OWN, *addresses_of("ecs-agent"), *addresses_of("ssm")}
    assert names.split() == [*map(name_of, SIX)]


def test_records_that_name_private_addresses_are_named_and_public_ones_are_asked_for() -> None:
    led = spoke(zone("ssm", leads_to=("10.90.7.7", "10.90.8.7")))
    assert "10.90.7.7 10.90.8.7" in calls(led)[0]
    known, unknown = calls(spoke(zone("ssm", leads_to=("198.51.100.7",))))
    assert "198.51.100.7" not in known.split(": 443/tcp")[0]
    assert unknown.startswith("addresses that are known once they were asked for: 443/tcp")


UNSEEN = {
    "a zone of another account": spoke(
        *(zone(s, owner=NETWORK_TEAM, leads_to=None) for s in SIX), led_to=(), addresses={}
    ),
    "an endpoint of another account": spoke(*map(zone, SIX), led_to=(), addresses={}),
    "a zone without a record": spoke(*(zone(service, leads_to=()) for service in SIX)),
    "an endpoint for another service": spoke(
        *(zone(s, leads_to=("vpce-00-x.us-east-2.vpce.amazonaws.com",)) for s in SIX),
        led_to=(replace(hub("ecs-agent"), service_name="com.amazonaws.us-east-2.sqs"),),
    ),
    "an endpoint that is going": spoke(
        *map(zone, SIX), led_to=tuple(replace(hub(s), state="deleting") for s in SIX)
    ),
    "a name elsewhere": spoke(*(zone(s, leads_to=("proxy.corp.example",)) for s in SIX)),
    "one target of two": spoke(
        *(zone(s, leads_to=(*(zone(s).leads_to or ()), "proxy.corp.example")) for s in SIX)
    ),
    "rules": spoke(
        *map(zone, SIX),
        resolver_rules=tuple(ResolverRule(f"rslvr-rr-{s}", name_of(s), NETWORK_TEAM) for s in SIX),
    ),
    "a Profile": spoke(profile=Profile("rp-1", NETWORK_TEAM)),
}


@pytest.mark.parametrize("there", UNSEEN.values(), ids=UNSEEN)
def test_where_nobody_sees_where_names_lead_the_line_says_so_and_how_to_know_it(
    there: Survey,
) -> None:
    [line] = calls(there)
    names = " ".join(map(name_of, SIX))
    assert line.startswith(
        f"addresses that are known once they were asked for: 443/tcp, for {names},"
    )
    assert f"enable, or ask in {VPC.id}, as with dig +short @10.20.0.2 {name_of(SIX[0])}" in line
    assert not [network for network in OWN if network in line]


def test_the_line_says_what_answers_and_whose_it_is() -> None:
    [zones] = calls(UNSEEN["a zone of another account"])
    assert f"answered by the private hosted zone Z-ecs-agent of account {NETWORK_TEAM}" in zones
    assert zones.count("private hosted zone") == 2
    assert " and 4 more: enable" in zones
    [profile] = calls(UNSEEN["a Profile"])
    assert f"answered by the Route 53 Profile rp-1 of account {NETWORK_TEAM}: enable" in profile
    assert f"What rp-1 does not answer for is made in {VPC.id}" in profile


def test_what_is_known_and_what_is_not_have_a_line_each() -> None:
    mixed = spoke(zone("ssm"), zone("ecs", owner=NETWORK_TEAM, leads_to=None))
    known, unknown = calls(mixed)
    to, names = known.split(": 443/tcp, for ")
    assert {*to.split()} == {*OWN, *addresses_of("ssm")}
    assert name_of("ecs") not in names.split()
    assert f"443/tcp, for {name_of('ecs')}, answered by" in unknown


def test_what_was_answered_counts_and_no_record() -> None:
    asked = {name_of(service): Answered(("10.90.9.4", "10.90.9.5")) for service in SIX}
    [line] = calls(spoke(*map(zone, SIX), answers=asked, led_to=(), addresses={}))
    assert line.startswith("10.90.9.4 10.90.9.5: 443/tcp, for ")
