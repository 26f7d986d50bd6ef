"""An address promised to on-premises is known by itself: subnets come and go."""

from __future__ import annotations

from dataclasses import replace

import pytest
from connectivity.domain.ledger import Entry
from connectivity.domain.model import Subnet
from connectivity.domain.preconditions import Prepared, prepare

from tests.unit.example import LIMITS, OPTIONS, REGION, SURVEY, VPC

PROMISED = {"10.20.0.53": "subnet-a", "10.20.1.53": "subnet-b"}
A = Subnet("subnet-1", f"{REGION}a", 200, "10.20.0.0/24")
B = Subnet("subnet-2", f"{REGION}b", 200, "10.20.1.0/24")


def prepared(*subnets: Subnet, **changes: object) -> Prepared:
    entry = Entry(VPC.id, resolver_ips=PROMISED, generation=3)
    survey = replace(SURVEY, subnets=subnets, entry=entry)
    return prepare(replace(survey, **changes), OPTIONS, LIMITS)  # type: ignore[arg-type]


def test_subnets_that_were_recreated_with_the_same_networks_keep_the_promise() -> None:
    ready = prepared(A, B)
    assert ready.desired.promised == {"10.20.0.53": "subnet-1", "10.20.1.53": "subnet-2"}
    assert ready.desired.given_up == ()


def test_subnets_that_changed_their_zones_keep_it_too() -> None:
    swapped = (replace(A, zone=B.zone), replace(B, zone=A.zone))
    assert prepared(*swapped).desired.promised.keys() == PROMISED.keys()


def test_a_smaller_subnet_that_still_holds_the_address_keeps_it() -> None:
    assert "10.20.0.53" in prepared(replace(A, cidr="10.20.0.48/28"), B).desired.promised


@pytest.mark.parametrize(
    ("subnets", "taken", "lost", "why"),
    [
        (
            (replace(A, cidr="10.20.7.0/24"), B),
            (),
            "10.20.0.53",
            "lies in no subnet of the VPC any more",
        ),
        ((A, B), ("10.20.1.53",), "10.20.1.53", "belongs to something else now"),
        (
            (replace(A, on_outpost=True), B, Subnet("subnet-3", f"{REGION}a", 200, "10.20.3.0/24")),
            (),
            "10.20.0.53",
            "has no place among the subnets",
        ),
    ],
)
def test_a_promised_address_that_cannot_be_had_again_is_told_whatever_the_reason(
    subnets: tuple[Subnet, ...], taken: tuple[str, ...], lost: str, why: str
) -> None:
    ready = prepared(*subnets, taken=frozenset(taken))
    assert ready.desired.given_up == (lost,)
    assert f"{lost} was an address of the inbound resolver and {why}" in ready.warnings[0]


def test_of_more_promises_than_addresses_are_asked_for_the_rest_is_told() -> None:
    entry = Entry(VPC.id, resolver_ips={**PROMISED, "10.20.0.99": "subnet-a"}, generation=3)
    desired = prepared(A, B, entry=entry).desired
    assert desired.given_up == ("10.20.0.99",)
    assert desired.promised.keys() == PROMISED.keys()
