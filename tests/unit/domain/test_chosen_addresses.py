"""Addresses that a person chose for the inbound resolver: had as they are, or refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from connectivity.domain import tags
from connectivity.domain.errors import PreconditionsNotMet, UnreadableOption
from connectivity.domain.firewall import firewall_sheet
from connectivity.domain.ledger import RESOLVER, Entry
from connectivity.domain.model import HostedZone, InboundResolver, ResolverIp, Subnet
from connectivity.domain.preconditions import Prepared, prepare
from connectivity.domain.survey import Survey
from connectivity.domain.wish import read_options

from tests.unit.example import LIMITS, OPTIONS, SUFFIX, SURVEY, VPC, ZONES

A, B = sorted(ZONES)[:2]
SUBNETS = (
    Subnet("subnet-a", A, 200, "10.20.0.0/24"),
    Subnet("subnet-a2", A, 200, "10.20.8.0/24"),
    Subnet("subnet-b", B, 200, "10.20.1.0/24"),
)
HERE = replace(SURVEY, subnets=SUBNETS)


def prepared(*ips: str, survey: Survey = HERE) -> Prepared:
    return prepare(survey, replace(OPTIONS, resolver_ips=ips), LIMITS)


def problem(*ips: str, **changes: Any) -> str:
    with pytest.raises(PreconditionsNotMet) as refused:
        prepared(*ips, survey=replace(HERE, **changes))
    return str(refused.value)


@pytest.mark.parametrize(
    "ips",
    [
        pytest.param(("10.20.0.9", "10.20.1.9"), id="two"),
        pytest.param(
            ("10.20.8.4", "10.20.1.254"), id="another subnet, first and last that there are"
        ),
        pytest.param(("10.20.0.9", "10.20.8.9", "10.20.1.9"), id="three, in three subnets"),
        pytest.param(("10.20.0.9", "10.20.0.10", "10.20.1.9", "10.20.1.10"), id="four"),
    ],
)
def test_the_resolver_is_made_with_exactly_the_chosen_addresses(ips: tuple[str, ...]) -> None:
    desired = prepared(*ips).desired
    assert set(desired.promised) == set(ips)
    assert len(desired.resolver_subnets) == len(ips)
    assert sorted(desired.promised.values()) == sorted(desired.resolver_subnets)


@pytest.mark.parametrize(
    ("ips", "said"),
    [
        (("10.20.0.9", "10.99.0.9"), f"10.99.0.9 lies in no subnet of {VPC.id}"),
        (("10.20.0.3", "10.20.1.9"), "10.20.0.3 is kept by AWS in subnet-a (10.20.0.0/24)"),
        (("10.20.0.255", "10.20.1.9"), "10.20.0.255 is kept by AWS"),
        (("10.20.0.9", "10.20.8.9"), "the addresses lie in 1 Availability Zone"),
    ],
)
def test_an_address_that_cannot_be_had_is_refused_with_its_reason(
    ips: tuple[str, ...], said: str
) -> None:
    refused = problem(*ips)
    assert tags.RESOLVER_IPS in refused
    assert said in refused


@pytest.mark.parametrize("ips", [("10.20.0.3", "10.20.1.9"), ("10.20.0.9", "10.99.0.9")])
def test_of_an_address_that_cannot_be_had_its_own_reason_alone_is_told(
    ips: tuple[str, ...],
) -> None:
    assert "Availability Zone" not in problem(*ips)


def test_an_address_that_something_else_has_is_refused_and_not_replaced() -> None:
    said = problem("10.20.0.9", "10.20.1.9", taken=frozenset({"10.20.0.9"}))
    assert "10.20.0.9 belongs to something else in subnet-a already" in said


def test_an_address_in_a_subnet_that_cannot_be_used_is_refused() -> None:
    outpost = replace(SUBNETS[0], on_outpost=True)
    said = problem("10.20.0.9", "10.20.1.9", subnets=(outpost, *SUBNETS[1:]))
    assert "10.20.0.9 lies in subnet-a, which cannot be used" in said


def test_the_probe_stands_where_it_can_be_given_none_of_the_chosen_addresses() -> None:
    assert prepared("10.20.0.9", "10.20.1.9").desired.subnets_of_probe == ("subnet-a2",)
    promised = replace(HERE, entry=Entry(VPC.id, resolver_ips={"10.20.0.9": "subnet-a"}))
    assert prepared(survey=promised).desired.subnets_of_probe == ("subnet-a2", "subnet-b")
    assert prepared().desired.subnets_of_probe == ("subnet-a", "subnet-b"), "none is chosen"


def test_a_full_subnet_is_no_place_for_the_probe() -> None:
    full = replace(SUBNETS[1], free_addresses=0)
    survey = replace(HERE, subnets=(SUBNETS[0], full, SUBNETS[2]))
    desired = prepared("10.20.0.9", "10.20.1.9", survey=survey).desired
    assert desired.subnets_of_probe == ("subnet-a", "subnet-b"), "beside the resolver"


def test_a_probe_that_may_take_a_chosen_address_is_warned_of_with_the_cure() -> None:
    zone = HostedZone(f"ssm.{SUFFIX}", "Z1")
    small = replace(HERE, subnets=(SUBNETS[0], SUBNETS[2]), hosted_zones=(zone,))
    ready = prepared("10.20.0.9", "10.20.1.9", survey=small)
    (line,) = (w for w in ready.warnings if "create-subnet-cidr-reservation" in w)
    assert "--subnet-id subnet-a --cidr 10.20.0.9/32 --reservation-type explicit" in line
    room = prepared("10.20.0.9", "10.20.1.9", survey=replace(HERE, hosted_zones=(zone,)))
    assert not [w for w in room.warnings if "reserv" in w]


def test_chosen_addresses_go_before_promised_ones_and_the_loss_is_told() -> None:
    entry = Entry(VPC.id, resolver_ips={"10.20.0.77": "subnet-a"}, generation=3)
    found = prepared("10.20.0.9", "10.20.1.9", survey=replace(HERE, entry=entry))
    assert found.desired.given_up == ("10.20.0.77",)
    assert any("10.20.0.77 was an address of the inbound resolver" in w for w in found.warnings)


def test_a_resolver_that_is_there_keeps_its_addresses_and_says_so() -> None:
    there = {"10.20.0.5": "subnet-a", "10.20.1.5": "subnet-b"}
    entry = Entry(VPC.id, held={RESOLVER: "rslvr-in-1"}, resolver_ips=there)
    ours = InboundResolver(
        "rslvr-in-1",
        VPC.id,
        "operational",
        ips=tuple(ResolverIp(ip, subnet, "attached") for ip, subnet in there.items()),
    )
    survey = replace(HERE, entry=entry, resolvers=(ours,))
    found = prepared("10.20.0.9", "10.20.1.9", survey=survey)
    assert any("asks for 10.20.0.9 10.20.1.9 and rslvr-in-1 has" in w for w in found.warnings)
    assert not any("resolver-ips" in w for w in prepared(*there, survey=survey).warnings)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("10.0.0.9", "1 given: an inbound resolver has 2 to 6 addresses"),
        ("10.0.0.9 10.0.0.9", "1 given: an inbound resolver has 2 to 6 addresses, each another"),
        ("10.0.0.9;10.0.1.9", "(several are separated by spaces)"),
        ("10.0.0.9 10.0.0.256", '"10.0.0.256" is no IPv4 address'),
        ("10.0.0.9 10.0.0.09", "is no IPv4 address"),
        ("10.0.0.9 fd00::9", "is no IPv4 address"),
        ("10.0.0.9 10.0.0.9", "1 given"),
        ("10.0.0.0/24 10.0.0.9", "is no IPv4 address"),
    ],
)
def test_what_is_no_list_of_addresses_is_refused_by_name(value: str, said: str) -> None:
    with pytest.raises(UnreadableOption) as refused:
        read_options({tags.RESOLVER_IPS: value}, OPTIONS)
    assert f"tag {tags.RESOLVER_IPS}: " in str(refused.value)
    assert said in str(refused.value)


def test_the_firewall_sheet_names_the_chosen_addresses_ports_names_and_both_directions() -> None:
    desired = prepared("10.20.0.9", "10.20.1.9").desired
    asks, calls, back, nothing = firewall_sheet(desired, HERE)
    assert "to 10.20.0.9 10.20.1.9: 53/udp and 53/tcp" in asks
    assert "443/tcp, for " in calls
    for name in ("ecs-a.", "ssm.", "ssmmessages."):
        assert name in calls
    assert "10.20.0.0/24" in calls
    assert "1024-65535" in back
    assert nothing.startswith("to the internet: nothing")


def test_the_firewall_sheet_names_networks_where_no_address_is_known_yet() -> None:
    desired = prepared().desired
    asks = firewall_sheet(desired, HERE)[0]
    assert "10.20.0.0/24 (an address in it)" in asks
    assert "10.20.1.0/24 (an address in it)" in asks
