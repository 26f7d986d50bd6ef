"""What is promised of the parameters: the same test bodies on the fake and on Parameter Store."""

from __future__ import annotations

import json
from collections.abc import Iterator

import boto3
import pytest
from connectivity.adapters.parameters import SsmParameters
from connectivity.domain.acknowledgement import MOST_LOOKED_AT
from connectivity.usecases.acknowledgements import (
    MOST_REMOVED,
    hear,
    remove_with_acknowledgements,
)
from connectivity.usecases.ports import Parameters

from local.engine import EmbeddedAws
from tests.contract.callers import adapters_call
from tests.unit.example import VPC, acknowledgement
from tests.unit.usecases.fakes import FakeParameters, Weather

PATH = "/ecs-anywhere/private-connectivity"
OURS = f"{PATH}/{VPC.id}"

EXTRA = {"CostCenter": "42"}
AT_ONCE = 10
"""The most names of one DeleteParameters (its API reference)."""


@pytest.fixture(scope="module")
def parameter_store() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(gaps=("parameter_tiers",)) as aws, adapters_call(aws.url):
        yield aws


@pytest.fixture(params=["fake", "parameter store", "parameter store, tagged"])
def parameters(request: pytest.FixtureRequest) -> Iterator[Parameters]:
    if request.param == "fake":
        yield FakeParameters(Weather())
        return
    request.getfixturevalue("parameter_store")
    ssm = SsmParameters(EXTRA if "tagged" in request.param else {})
    yield ssm
    left = list(ssm.below("/ecs-anywhere", 1000, recursive=True)[0])
    for first in range(0, len(left), AT_ONCE):
        ssm.remove(left[first : first + AT_ONCE])


def write_hosts(parameters: Parameters, number: int) -> dict[str, str]:
    written = {f"{OURS}/acknowledgements/dns{host}": str(host) for host in range(number)}
    for name, value in written.items():
        parameters.write(name, value)
    return written


def test_what_stands_directly_below_a_path_is_read_and_nothing_else(
    parameters: Parameters,
) -> None:
    written = write_hosts(parameters, 23)
    parameters.write(f"{OURS}/forwarding", "{}")
    parameters.write(f"{OURS}/acknowledgements/dns1/deeper", "x")
    parameters.write(f"{OURS}0/acknowledgements/dns1", "another VPC whose id begins like ours")
    assert parameters.below(f"{OURS}/acknowledgements", 400) == (written, True)


def test_of_very_many_only_so_many_are_read_and_it_is_said_that_there_are_more(
    parameters: Parameters,
) -> None:
    write_hosts(parameters, 23)
    found, all_seen = parameters.below(f"{OURS}/acknowledgements", 20)
    assert (len(found), all_seen) == (20, False)


def test_parameters_are_read_by_name_and_what_is_not_there_is_no_error(
    parameters: Parameters,
) -> None:
    parameters.write(f"{OURS}/forwarding", "{}")
    names = [f"{OURS}/forwarding", f"{OURS}/resolver-ips"]
    assert parameters.read(names) == {f"{OURS}/forwarding": "{}"}


def test_the_versions_of_what_was_written_or_read_are_known(parameters: Parameters) -> None:
    name = f"{OURS}/forwarding"
    assert parameters.versions([name]) == {}
    parameters.write(name, "{}")
    assert parameters.versions([name, f"{OURS}/resolver-ips"]) == {name: 1}
    parameters.write(name, "[]")
    assert parameters.versions([name]) == {name: 2}


def test_parameters_are_removed_by_name_and_what_is_not_there_is_no_error(
    parameters: Parameters,
) -> None:
    names = [f"{OURS}/forwarding", f"{OURS}/resolver-ips"]
    parameters.write(names[0], "{}")
    parameters.remove(names)
    parameters.remove(names)
    assert parameters.read(names) == {}


def test_everything_below_a_path_is_removed_in_steps_however_deep_it_is(
    parameters: Parameters,
) -> None:
    write_hosts(parameters, MOST_REMOVED + 3)
    parameters.write(f"{OURS}/acknowledgements/dns1/deeper", "x")
    parameters.write(f"{OURS}/forwarding", "{}")
    names = [f"{OURS}/forwarding"]
    assert not remove_with_acknowledgements(names, VPC.id, parameters, PATH)
    assert parameters.read(names), "it goes last"
    assert 3 <= len(parameters.below(f"{OURS}/acknowledgements", 400)[0]) <= 4
    assert remove_with_acknowledgements(names, VPC.id, parameters, PATH)
    assert remove_with_acknowledgements(names, VPC.id, parameters, PATH), "nothing is there"
    assert parameters.below(PATH, 400, recursive=True) == ({}, True)


def test_one_look_shows_the_document_and_the_hosts(parameters: Parameters) -> None:
    said = {f"dns{n}": json.dumps(acknowledgement(f"dns{n}", 1, "applied")) for n in range(2)}
    for host, text in said.items():
        parameters.write(f"{OURS}/acknowledgements/{host}", text)
    parameters.write(f"{OURS}/acknowledgements/dns0/deeper", "x")
    parameters.write(f"{OURS}/forwarding", "{}")
    document, heard = hear(VPC.id, parameters, PATH)
    assert document == "{}"
    assert [each.host for each in heard.readable] == ["dns0", "dns1"]
    assert heard.misnamed == 0


def test_nobody_hides_the_document_or_a_host_behind_a_flood(parameters: Parameters) -> None:
    for number in range(MOST_LOOKED_AT + 1):
        parameters.write(f"{OURS}/a/{number}", "x")
    said = json.dumps(acknowledgement("dns0", 1, "applied"))
    parameters.write(f"{OURS}/acknowledgements/dns0", said)
    parameters.write(f"{OURS}/forwarding", "{}")
    document, heard = hear(VPC.id, parameters, PATH)
    assert document == "{}"
    assert [each.host for each in heard.readable] == ["dns0"]


def test_a_list_is_written_and_read_as_its_text_and_can_be_written_again(
    parameters: Parameters,
) -> None:
    parameters.write(f"{OURS}/resolver-ips", "10.0.0.9", as_list=True)
    parameters.write(f"{OURS}/resolver-ips", "10.0.0.9,10.0.1.9", as_list=True)
    name = f"{OURS}/resolver-ips"
    assert parameters.read([name]) == {name: "10.0.0.9,10.0.1.9"}


def test_a_value_of_8_kilobytes_is_written_and_a_small_one_in_its_place(
    parameters: Parameters,
) -> None:
    """What outgrew the standard tier stays in the advanced one, and can shrink all the same."""
    for size in (4096, 4097, 8192, 20, 8192):
        parameters.write(f"{OURS}/forwarding", "x" * size)
        assert parameters.read([f"{OURS}/forwarding"]) == {f"{OURS}/forwarding": "x" * size}


def test_the_history_of_a_parameter_is_all_that_it_said_oldest_first(
    parameters: Parameters,
) -> None:
    name = f"{OURS}/forwarding"
    assert parameters.history(name) == ()
    said = [str(number) for number in range(60)]
    for value in said:
        parameters.write(name, value)
    assert list(parameters.history(name)) == said


@pytest.mark.parametrize("parameters", ["parameter store, tagged"], indirect=True)
def test_a_parameter_carries_its_tags_from_the_start_and_however_often_it_is_written(
    parameters: Parameters,
) -> None:
    """Also by somebody who has not read whether it is there, and again after its removal."""
    name = f"{OURS}/forwarding"
    for value in ("1", "2"):
        parameters.write(name, value)
        assert tags(name) == EXTRA
    assert parameters.read([name]) == {name: "2"}
    parameters.write(name, "3")
    parameters.remove([name])
    parameters.write(name, "4")
    assert parameters.read([name]) == {name: "4"}
    assert tags(name) == EXTRA


def tags(name: str) -> dict[str, str]:
    found = boto3.client("ssm").list_tags_for_resource(ResourceType="Parameter", ResourceId=name)
    return {tag["Key"]: tag["Value"] for tag in found["TagList"]}
