"""Which subnet of a zone is used, and why: by what speaks for it, and not by its id."""

from __future__ import annotations

from dataclasses import replace

import pytest
from connectivity.domain import ledger, placement
from connectivity.domain.errors import PreconditionsNotMet
from connectivity.domain.ledger import Entry
from connectivity.domain.model import InterfaceEndpoint, Route, RouteTable, Subnet
from connectivity.domain.preconditions import Prepared, prepare

from tests.unit.example import LIMITS, ONPREM, OPTIONS, REGION, SURVEY, US, VPC, full

PUBLIC, PLAIN, ROUTED, NAMED, IN_USE = (
    Subnet(f"subnet-{number}", f"{REGION}a", 200) for number in range(5)
)
"""All in one zone, the least wanted ones with the lowest ids."""
OTHER = Subnet("subnet-b", f"{REGION}b", 200)
TABLES = (
    RouteTable("rtb-public", (PUBLIC.id,), False, (Route("0.0.0.0/0", "igw-1"),)),
    RouteTable(
        "rtb-plain", (PLAIN.id, NAMED.id, IN_USE.id), True, (Route("10.20.0.0/16", "local"),)
    ),
    RouteTable("rtb-routed", (ROUTED.id,), False, (Route(ONPREM, "tgw-1"),)),
)
THERE = InterfaceEndpoint(
    "vpce-1", full("ssm"), "available", subnets=(IN_USE.id, OTHER.id), owner=US
)


def prepared(*subnets: Subnet, **changes: object) -> Prepared:
    survey = replace(SURVEY, subnets=(*subnets, OTHER), route_tables=TABLES)
    return prepare(replace(survey, **changes), OPTIONS, LIMITS)  # type: ignore[arg-type]


def chosen(ready: Prepared, service: str = "ecs") -> str:
    [endpoint] = [e for e in ready.desired.endpoints if e.service == service]
    return next(subnet for subnet in endpoint.subnets if subnet != OTHER.id)


@pytest.mark.parametrize(
    ("subnets", "first", "because"),
    [
        ((PUBLIC, ROUTED, replace(NAMED, named=True)), NAMED, "the tag ecs-anywhere:subnet"),
        ((PUBLIC, PLAIN, ROUTED), ROUTED, "its route table leads towards on-premises"),
        ((PUBLIC, PLAIN), PLAIN, "no route to an internet gateway"),
        ((PUBLIC,), PUBLIC, "the zone has no better subnet"),
        ((replace(ROUTED, free_addresses=3), PLAIN), PLAIN, "no route to an internet"),
    ],
)
def test_what_speaks_for_a_subnet_goes_before_its_id(
    subnets: tuple[Subnet, ...], first: Subnet, because: str
) -> None:
    ready = prepared(*subnets)
    assert chosen(ready) == first.id
    assert first.id in ready.desired.resolver_subnets
    [line] = [line for line in ready.placement if line.startswith(f"{REGION}a: ")]
    assert line.startswith(f"{REGION}a: {first.id}, because ")
    assert because in line


def test_a_named_subnet_without_room_is_told_and_another_one_used() -> None:
    full_up = replace(NAMED, named=True, free_addresses=2)
    ready = prepared(full_up, PLAIN)
    assert chosen(ready) == PLAIN.id
    [line] = [w for w in ready.warnings if w.startswith(NAMED.id)]
    assert "has the tag ecs-anywhere:subnet, but 2 free addresses, and 8 are needed" in line
    assert not [w for w in prepared(replace(NAMED, named=True)).warnings if NAMED.id in w[:10]]


def test_what_is_made_later_comes_beside_what_stands_and_what_stands_stays() -> None:
    held = {ledger.endpoint_purpose(full("ssm")): THERE.id}
    ready = prepared(ROUTED, IN_USE, endpoints=(THERE,), entry=Entry(VPC.id, held=held))
    assert (chosen(ready, "ssm"), chosen(ready, "ecs")) == (IN_USE.id, IN_USE.id)
    named = prepared(
        replace(NAMED, named=True), IN_USE, endpoints=(THERE,), entry=Entry(VPC.id, held=held)
    )
    assert (chosen(named, "ssm"), chosen(named, "ecs")) == (IN_USE.id, NAMED.id)


def test_zones_with_named_subnets_are_used_before_others() -> None:
    zones = [Subnet(f"subnet-{z}", f"{REGION}{z}", 200, named=z in "bc") for z in "abc"]
    offered = {
        name: replace(service, zones=frozenset(s.zone for s in zones))
        for name, service in SURVEY.offered.items()
    }
    ready = prepare(replace(SURVEY, subnets=tuple(zones), offered=offered), OPTIONS, LIMITS)
    assert {s for e in ready.desired.endpoints for s in e.subnets} == {"subnet-b", "subnet-c"}
    assert set(ready.desired.resolver_subnets) == {"subnet-b", "subnet-c"}


UNUSABLE = [
    (replace(PLAIN, on_outpost=True), "it is on an Outpost"),
    (replace(PLAIN, ipv6_only=True), "it has IPv6 addresses only"),
    (replace(PLAIN, zone="us-east-2-chi-1a"), "us-east-2-chi-1a is a Local Zone or a Wavelength"),
    (
        replace(PLAIN, zone="us-east-2-wl1-det-wlz-1"),
        "us-east-2-wl1-det-wlz-1 is a Local Zone or a Wavelength Zone",
    ),
]


@pytest.mark.parametrize(("subnet", "why"), UNUSABLE)
def test_a_subnet_that_cannot_be_used_is_left_out_with_the_reason(subnet: Subnet, why: str) -> None:
    ready = prepared(subnet, PUBLIC)
    assert chosen(ready) == PUBLIC.id
    assert any(
        line.startswith(f"left out: {subnet.id}") and why in line for line in ready.placement
    )
    with pytest.raises(PreconditionsNotMet, match="not counted: subnet-1, because"):
        prepared(subnet)


@pytest.mark.parametrize(("subnet", "why"), UNUSABLE)
def test_a_named_subnet_that_cannot_be_used_is_told_and_another_one_used(
    subnet: Subnet, why: str
) -> None:
    ready = prepared(replace(subnet, named=True), PUBLIC)
    assert chosen(ready) == PUBLIC.id
    [line] = [w for w in ready.warnings if w.startswith(subnet.id)]
    assert f"has the tag ecs-anywhere:subnet, and cannot be used, because {why}" in line
    assert "set the tag on another one, or take it off" in line
    assert not [w for w in prepared(subnet, PUBLIC).warnings if w.startswith(subnet.id)]


def test_a_named_subnet_that_cannot_be_used_is_told_of_where_nothing_is_to_be_made_as_well() -> (
    None
):
    ipv6_only = replace(PLAIN, ipv6_only=True, named=True)
    [line] = placement.named_in_vain([ipv6_only, PUBLIC], REGION, 0)
    assert line.startswith(ipv6_only.id)
