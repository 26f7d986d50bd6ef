"""What a task answers in the worst case: AWS Step Functions passes on 256 KB and fails an execution
that has more, in a way that the workflow cannot report."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from connectivity.domain.ledger import Entry
from connectivity.domain.model import OfferedService, Subnet
from connectivity.domain.printable import LONGEST_LINE
from connectivity.domain.status import Status, failed, removed
from connectivity.domain.survey import Limits
from connectivity.domain.wish import Options
from connectivity.usecases.check_preconditions import LOOKS_FOR_A_ROUTE, MOST_LINES, Check
from connectivity.usecases.publish import Published
from connectivity.usecases.settings import Settings
from connectivity.usecases.verify_resolution import MOST_FINDINGS

from tests.unit.example import OFFERED, REGION, ZONES, full
from tests.unit.usecases.world import World

LARGEST_STATE = 262_144
SERVICES = tuple(f"s{number:02}" for number in range(30))
"""With the names of more the document would not fit into a parameter."""
NETWORKS = tuple(f"10.{number}.0.0/16" for number in range(100, 129))
"""More do not fit into a security group."""
WORDS = "\U0001f600" * LONGEST_LINE
"""Each is twelve bytes of JSON."""


class Roomy(World):
    """With every quota raised, and as many resolver IPs as there can be."""

    @property
    def settings(self) -> Settings:
        limits = Limits(interface_endpoints_per_vpc=100, resolver_ips=6)
        return replace(super().settings, limits=limits)


@pytest.fixture(scope="module")
def largest() -> tuple[World, Check, dict[str, Any]]:
    """A VPC that asks for everything and has no route, its check, and what was verified."""
    world = Roomy()
    world.endpoints.offers = OFFERED | {
        full(name): OfferedService(
            full(name),
            (f"{name}.{REGION}.amazonaws.com",),
            ZONES,
        )
        for name in SERVICES
    }
    world.vpcs.subnet_list = tuple(
        Subnet(f"subnet-{'0' * 16}{zone[-1]}", zone, 250) for zone in sorted(ZONES)
    )
    check = world.check(Options(SERVICES, NETWORKS), tries=LOOKS_FOR_A_ROUTE)
    resolver = world.patiently(lambda: world._side_by_side(check.desired))
    world.patiently(lambda: world.turn_on_private_dns(check.desired))
    verified = world.patiently(lambda: world.verify(check.desired, resolver))
    return world, check, dict(verified)


def size(answer: Any) -> int:
    return len(json.dumps(answer).encode())


def test_a_check_fits_also_where_a_thousand_things_were_done_by_hand(
    largest: tuple[World, Check, dict[str, Any]],
) -> None:
    _, check, _ = largest
    lines = tuple(f"{number} {'x' * 200}" for number in range(1000))
    status = Entry(check.entry.vpc_id, status="connected", detail=WORDS)
    worst = replace(check, warnings=lines, repairs=lines, entry=status, rests=True).as_json()
    assert len(worst["warnings"]) == MOST_LINES + 1
    assert size(worst) < LARGEST_STATE


def test_the_evidence_is_two_hundred_findings_and_a_number(
    largest: tuple[World, Check, dict[str, Any]],
) -> None:
    _, _, verified = largest
    assert len(verified["findings"]) == MOST_FINDINGS < verified["checks"]
    assert size(verified) < LARGEST_STATE


def test_the_output_of_a_connection_fits_with_all_its_parts(
    largest: tuple[World, Check, dict[str, Any]],
) -> None:
    _, check, verified = largest
    lines = [f"{number} {'x' * 200}" for number in range(MOST_LINES)]
    status = Status("connected", WORDS, tuple(lines[:22]))
    output = {
        **status.as_json(),
        "steps": list(check.steps),
        "warnings": lines,
        "repairs": lines,
        "endpoints": [f"vpce-{number:017}" for number in range(60)],
        "publication": Published("/path/" + "x" * 60, 1, True, status).as_json(),
        "findings": verified["findings"],
    }
    assert size(output) < LARGEST_STATE


def test_the_end_of_a_teardown_fits_whoever_has_not_confirmed() -> None:
    strays = [f"vpce-{number:017}" for number in range(1000)]
    hosts = [f"{number:0128}" for number in range(200)]
    assert size(removed(["sg-1"], strays, hosts).as_json()) < LARGEST_STATE // 8


@pytest.mark.parametrize("letter", ["x", "\n", "\ud800", "\U0001f600", "\x00"])
def test_a_failure_of_any_length_is_a_status_of_a_bounded_one(letter: str) -> None:
    assert size(failed("KeyError", letter * 1_000_000).as_json()) < LARGEST_STATE // 2
