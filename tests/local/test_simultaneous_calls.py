"""A call that reads is not disturbed by one that writes at the same time."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from moto.ec2.models import EC2Backend, ec2_backends
from moto.route53.models import route53_backends
from moto.route53resolver.models import route53resolver_backends

from local.settings import Settings
from local.simultaneous_calls import Steady, SteadyGroups
from tests.local.vpc_world import GAPS, REGION, World, started

HEALED = "moto heals this now: remove local/simultaneous_calls"
DISTURBED = """
from moto.ec2.models import EC2Backend
backend = EC2Backend("us-east-2", "123456789012")
try:
    for _ in backend.groups:
        backend.groups[f"vpc-{len(backend.groups)}"]
except RuntimeError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with started(gaps=(*GAPS, "simultaneous_calls")) as world:
        yield world


def backend(account: str = Settings.account) -> EC2Backend:
    return ec2_backends[account][REGION]


def test_stock_moto_fails_where_something_is_added_meanwhile() -> None:
    ran = subprocess.run([sys.executable, "-c", DISTURBED], capture_output=True, text=True)
    assert "changed size during iteration" in ran.stdout, HEALED


def test_whoever_goes_through_sees_what_was_there_at_the_beginning(world: World) -> None:
    groups = backend().groups
    vpc = world.vpc()
    there = set(groups[vpc])
    for seen in (groups[vpc].values, groups[vpc].items, groups[vpc].keys, groups[vpc].__iter__):
        for number, _ in enumerate(seen()):
            groups[vpc][f"sg-{number}"] = next(iter(groups[vpc].values()))
        for id_ in set(groups[vpc]) - there:
            del groups[vpc][id_]
    for number, _ in enumerate(groups.values()):
        assert groups[f"vpc-{number}"] == {}
        del groups[f"vpc-{number}"]
    assert set(groups[vpc]) == there


@pytest.mark.parametrize("account", [Settings.account, "210987654321"])
def test_each_dictionary_of_a_backend_is_steady_also_of_another_account(
    world: World, account: str
) -> None:
    ec2, zones = backend(account), route53_backends[account]["aws"]
    resolver = route53resolver_backends[account][REGION]
    for begun in (ec2, zones, resolver):
        assert not [name for name, each in vars(begun).items() if type(each) is dict]
    assert isinstance(ec2.groups, SteadyGroups)
    for held in (ec2.vpcs, zones.zones, resolver.resolver_endpoints):
        assert isinstance(held, Steady)


def test_it_is_a_dictionary_in_everything_else() -> None:
    steady = Steady(a=1, b=[2])
    assert (steady, dict(steady), list(steady)) == (
        {"a": 1, "b": [2]},
        {"a": 1, "b": [2]},
        ["a", "b"],
    )
    assert steady.keys() - {"a"} == {"b"}
    assert json.loads(json.dumps(steady)) == steady
    deep = copy.deepcopy(steady)
    deep["b"].append(3)
    assert steady["b"] == [2]
    groups = SteadyGroups()
    groups["vpc-1"]["sg-1"] = 1
    assert groups == {"vpc-1": {"sg-1": 1}}
    assert isinstance(groups["vpc-1"], Steady)


def test_calls_at_the_same_time_answer_all(world: World) -> None:
    vpc = world.vpc()

    def make(number: int) -> str:
        made = world.ec2.create_security_group(VpcId=vpc, GroupName=f"g{number}", Description="-")
        world.ec2.describe_security_groups(GroupIds=[made["GroupId"]])
        return str(made["GroupId"])

    with ThreadPoolExecutor(8) as at_once:
        assert len(set(at_once.map(make, range(60)))) == 60
