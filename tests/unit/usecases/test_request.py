"""Request: an event is a way to write the tags; its schema says what can be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from connectivity.domain import tags
from connectivity.domain.errors import UnreadableOption, UnreadableRequest
from connectivity.domain.wish import Options, read_options
from connectivity.usecases.request import WishRequest, carry_out, read_request
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.unit.example import OPTIONS, VPC
from tests.unit.usecases.world import World

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "schemas" / "request-event.schema.json").read_text()
)
VALIDATOR = Draft202012Validator(SCHEMA)

HOSTILE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    # Python's $ also matches before a final line break; that of JSON Schema does not.
    st.text(st.characters(exclude_characters="\n"), max_size=8),
)
VPC_IDS = st.sampled_from([VPC.id, "vpc-0123456789abcdef0", "vpc-1", "vpc-XYZ", "subnet-0a1b2c3d"])
SERVICE = st.sampled_from(["ecr", "s3", "ecr.api", "com.amazonaws.us-east-2.kms", "ECR", "-", ""])
CIDR = st.builds(
    "{}.0.0.0/{}".format,
    st.sampled_from(["0", "10", "172", "256", "010", ""]),
    st.sampled_from(["8", "32", "33", "08", "x", ""]),
) | st.sampled_from(["10.0.0.1", "fd00::/8", "128.0.0.0/1", "0.0.0.0/0"])


def either(good: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(good, st.lists(good, max_size=3), st.lists(HOSTILE, max_size=2), HOSTILE)


DETAILS = st.fixed_dictionaries(
    {},
    optional={
        "vpc-id": VPC_IDS | HOSTILE,
        "services": either(SERVICE),
        "onprem-cidrs": either(CIDR),
        "sevices": st.just([]),
    },
)


def is_read(detail: dict[str, Any]) -> bool:
    try:
        read_request("Enable", detail)
    except (UnreadableOption, UnreadableRequest):
        return False
    return True


def test_the_schema_is_one_and_describes_everything() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert all(part["description"] for part in SCHEMA["properties"].values())


@given(DETAILS)
@example({"vpc-id": VPC.id})
@example({"vpc-id": VPC.id, "services": [], "onprem-cidrs": ["10.0.0.0/8", "192.168.0.0/16"]})
@example({"vpc-id": VPC.id, "services": ["ecr", "logs"], "onprem-cidrs": None})
@example({"vpc-id": VPC.id, "onprem-cidrs": []})
@example({"vpc-id": VPC.id, "services": "ecr"})
def test_a_request_is_read_exactly_where_the_schema_allows_it(detail: dict[str, Any]) -> None:
    assert is_read(detail) is VALIDATOR.is_valid(detail)


def test_host_bits_are_what_a_schema_cannot_say() -> None:
    detail = {"vpc-id": VPC.id, "onprem-cidrs": ["10.1.2.3/8"]}
    assert VALIDATOR.is_valid(detail)
    with pytest.raises(UnreadableOption, match=r'"10.1.2.3/8" has host bits set'):
        read_request("Enable", detail)


@pytest.mark.parametrize("vpc_id", [None, 1, "", "vpc-1", "vpc-0A1B2C3D", f"{VPC.id}\n"])
def test_a_request_that_does_not_say_which_vpc_is_quoted(vpc_id: object) -> None:
    with pytest.raises(UnreadableRequest) as raised:
        read_request("Enable", {"vpc-id": vpc_id})
    assert f'"vpc-id" is {vpc_id!r}' in str(raised.value)


def test_all_problems_of_a_request_are_named_at_once() -> None:
    detail = {
        "vpc-id": VPC.id,
        "service": ["ecr"],
        "services": ["e c r"],
        "onprem-cidrs": ["10.0.0.0/40", "0.0.0.0/0"],
    }
    with pytest.raises(UnreadableOption) as raised:
        read_request("Enable", detail)
    problems = str(raised.value).split("; ")
    assert sum(problem.startswith("request event: ") for problem in problems) == 4
    told = ('unknown field "service"', '"e c r"', '"10.0.0.0/40"', '"0.0.0.0/0"')
    assert all(fragment in str(raised.value) for fragment in told)


def test_what_does_not_fit_into_a_tag_is_refused_at_the_door() -> None:
    cidrs = [f"10.{i}.0.0/16" for i in range(100, 125)]
    with pytest.raises(UnreadableOption, match=r"onprem-cidrs would have 349 characters, and AWS"):
        read_request("Enable", {"vpc-id": VPC.id, "onprem-cidrs": cidrs})


@given(
    st.lists(SERVICE.filter(lambda s: s.islower()), max_size=3, unique=True),
    st.sampled_from([["10.0.0.0/8"], ["172.16.0.0/12", "192.168.0.0/16"]]),
)
def test_what_a_request_writes_is_read_back_from_the_tags(
    services: list[str], cidrs: list[str]
) -> None:
    world = World()
    detail = {"vpc-id": VPC.id, "services": services, "onprem-cidrs": cidrs}
    carry_out(read_request("Enable", detail), world.vpcs, world.ledger, world.executions)
    written = world.vpcs.all[VPC.id].tags
    assert written[tags.WISH] == "enabled"
    assert read_options(written, OPTIONS) == Options(tuple(services), tuple(cidrs))


def test_what_a_request_leaves_out_stays_as_it_is_on_the_vpc() -> None:
    world = World()
    world.vpcs.set_tags(VPC.id, {tags.SERVICES: "logs"})
    asked = read_request("Enable", {"vpc-id": VPC.id})
    assert carry_out(asked, world.vpcs, world.ledger, world.executions) == f"{VPC.id}-1-request"
    assert world.vpcs.all[VPC.id].tags == {tags.SERVICES: "logs", tags.WISH: "enabled"}


def test_delete_removes_the_wish_and_nothing_else() -> None:
    world = World()
    world.vpcs.set_tags(VPC.id, {tags.WISH: "enabled", tags.SERVICES: "logs"})
    asked = read_request("Delete", {"vpc-id": VPC.id})
    carry_out(asked, world.vpcs, world.ledger, world.executions)
    assert world.vpcs.all[VPC.id].tags == {tags.SERVICES: "logs"}


def test_a_vpc_that_does_not_exist_is_knocked_on_so_that_the_execution_says_so() -> None:
    world = World()
    asked = WishRequest("Enable", "vpc-0badbadbad", None, None)
    started = carry_out(asked, world.vpcs, world.ledger, world.executions)
    assert started == "vpc-0badbadbad-1-request"
