"""Answers on a terminal of 80 columns: each whole, none squeezed until nobody can read it."""

from __future__ import annotations

import io
import time
from dataclasses import replace

import pytest
from connectivity.domain.model import Profile
from connectivity.domain.removal_steps import (
    RemoveEndpoint,
    TurnOffPrivateDns,
    describe_removal,
)
from connectivity.domain.steps import MakeInterfaceEndpoint, describe
from ecs_anywhere import showing
from ecs_anywhere.agents import Agent
from ecs_anywhere.host_checks import HostCheck
from ecs_anywhere.overview import Line
from ecs_anywhere.planning import Planned, Price
from ecs_anywhere.prices import Prices
from rich.console import Console, RenderableType

from tests.unit.example import VPC
from tests.unit.usecases.world import World

LINE = Line(
    vpc="vpc-0123456789abcdef0",
    name="factory floor in Ulm",
    account="123456789012",
    region="us-east-2",
    state="connected",
    detail="6 services",
    resolver_ips=("10.0.0.32", "10.0.1.32"),
    hosts_confirmed=2,
    hosts=12,
    hosts_failed=(),
    verified_at=time.time() - 3000,
    monthly=12_270.1,
    at_work=False,
)
ELSEWHERE = replace(LINE, vpc="vpc-0123456789abcdef1", region="ap-southeast-2", at_work=True)
FAILED = replace(LINE, state="failed", detail="x is false: aws ec2 modify-vpc-attribute --yes")
HOST = HostCheck("mi-0123456789abcdef0", "node2", "private", time.time())


def printed(shown: RenderableType, width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False).print(shown)
    return out.getvalue()


@pytest.mark.parametrize("width", [80, 100, 10_000])
@pytest.mark.parametrize("lines", [[LINE], [LINE, ELSEWHERE, FAILED]], ids=["one", "several"])
def test_status_shows_every_id_and_address_whole(lines: list[Line], width: int) -> None:
    said = printed(showing.status(lines, Prices()), width)
    assert all(len(line) <= width for line in said.splitlines())
    for line in lines:
        for whole in (line.vpc, line.state, "10.0.0.32 10.0.1.32", line.name, "2 of 12"):
            assert whole in said
    assert ("ap-southeast-2" in said) == (ELSEWHERE in lines)
    assert "…" not in said


def test_status_has_one_row_for_each_vpc_where_there_is_room() -> None:
    said = printed(showing.status([LINE, ELSEWHERE], Prices()), 200)
    [row] = [line for line in said.splitlines() if line.startswith(LINE.vpc)]
    assert "10.0.0.32 10.0.1.32" in row
    assert "12,270.10" in row


def test_the_next_step_of_a_host_is_whole_in_a_narrow_terminal() -> None:
    hosts = [
        Agent(HOST, "ConnectionLost", None),
        Agent(replace(HOST, not_asked=("a", "b", "c"), published=9), "Online", True),
        Agent(replace(HOST, verdict="public", names_are_private=True), "Online", True),
    ]
    said = printed(showing.agents(hosts), 80)
    assert all(len(line) <= 80 for line in said.splitlines())
    assert "-> on it: systemctl status amazon-ssm-agent, and ecs-anywhere-check" in said
    assert "-> ecs-anywhere agents restart" in said
    assert said.count(HOST.instance) == 5


def test_a_plan_has_interface_endpoints_of_the_same_subnets_on_one_line() -> None:
    made = [
        f"make interface endpoint com.amazonaws.r.{name} in subnet-1, subnet-2: {name} has none"
        for name in ("ecs", "ssm", "logs")
    ]
    alone = "make interface endpoint com.amazonaws.r.s3 in subnet-3: s3 has none"
    said = list(showing._together(["make security group a: there is none", *made, alone]))
    assert said == [
        "make security group a: there is none",
        "make 3 interface endpoints in subnet-1, subnet-2, as there are none: ecs ssm logs",
        alone,
    ]


def test_a_plan_has_names_one_after_the_other() -> None:
    names = ["ecs.us-east-2.amazonaws.com", "ssm.us-east-2.amazonaws.com"]
    assert list(showing._together(names)) == [" ".join(names)]
    said = ["warnings are kept as they are", "each on its line"]
    assert list(showing._together(said)) == said


BEFORE = "its names become public before it goes"


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (
            [
                describe(
                    MakeInterfaceEndpoint(f"com.amazonaws.r.{each}", ("s-1",), f"{each} has none")
                )
                for each in ("ecs", "ecr.api")
            ],
            "make 2 interface endpoints in s-1, as there are none: ecs ecr.api",
        ),
        (
            [
                describe_removal(
                    TurnOffPrivateDns(f"vpce-{each}", f"com.amazonaws.r-1.{each}", BEFORE)
                )
                for each in ("ecs", "ecr.api")
            ],
            "turn off private DNS of 2 interface endpoints, whose names become public before they "
            "go: ecs ecr.api",
        ),
        (
            [
                describe_removal(RemoveEndpoint(f"vpce-{each}", f"com.amazonaws.r-1.{each}", "so"))
                for each in ("ecs", "ecr.api")
            ],
            "remove 2 interface endpoints, as so: ecs ecr.api",
        ),
    ],
    ids=["make", "turn off", "remove"],
)
def test_steps_of_the_workflow_s_own_plan_are_said_at_once(steps: list[str], said: str) -> None:
    assert list(showing._together(steps)) == [said]
    assert list(showing._together(steps[:1])) == steps[:1], "one alone keeps its id"


def test_a_plan_says_what_it_costs_at_most() -> None:
    world = World()
    world.hosted_zones.profile = Profile("rp-1", "999999999999")
    check = world.check()
    least, most = Price(0.25, 182.5), Price(0.37, 270.1)
    planned = Planned(VPC.id, check, least, most, "us-east-1, November 2026")
    said = " ".join(printed(showing.plan(planned), 200).split())
    assert "about 182.50 a month; 0.370 an hour, about 270.10 a month if the Route 53 Prof" in said
    assert "names that may change their answer" in said
    said = printed(showing.plan(replace(planned, most=least)), 200)
    assert "270.10" not in said and "names that change their answer" in said
