"""Keys that look like ours and that nobody reads: named, and never a reason to stop."""

from __future__ import annotations

import pytest
from connectivity.domain import tags
from connectivity.domain.printable import LONGEST_LINE
from connectivity.domain.unread_tags import ON_A_SUBNET, ON_A_VPC, unread_tags
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("ecs-anywhere:service", tags.SERVICES),
        ("ecs-anywhere:Services", tags.SERVICES),
        ("ECS-Anywhere:services", tags.SERVICES),
        ("ecs-anywhere:services ", tags.SERVICES),
        (" ecs-anywhere:services", tags.SERVICES),
        ("ecs-anywhere-services", tags.SERVICES),
        ("ecs_anywhere:services", tags.SERVICES),
        ("ecs-anywhere: services", tags.SERVICES),
        ("ecs-anywhere:onprem-cidr", tags.ONPREM_CIDRS),
        ("ecs-anywhere:on-prem-cidrs", tags.ONPREM_CIDRS),
        ("ecs-anywhere:cidrs", tags.ONPREM_CIDRS),
        ("ecs-anywhere:privateconnectivity", tags.WISH),
        ("ecs-anywhere:private_connectivity", tags.WISH),
        ("ecs-anywhere.private-connectivity", tags.WISH),
    ],
)
def test_a_mistyped_key_is_named_with_the_nearest_key_that_is_read(key: str, nearest: str) -> None:
    [said] = unread_tags([key, "Name"])
    assert said.startswith(f'tag "{key}" is not read: ')
    assert said.endswith(f"the nearest key is {nearest}, written exactly so")


def test_a_key_that_is_near_to_none_is_named_with_all_that_are_read() -> None:
    [said] = unread_tags(["ecs-anywhere:zzz"])
    assert all(key in said for key in tags.WISH_TAGS)


def test_the_tag_of_a_subnet_is_sent_to_the_subnet() -> None:
    assert unread_tags([tags.SUBNET]) == [
        f'tag "{tags.SUBNET}" is not read: it belongs on a subnet'
    ]


@pytest.mark.parametrize(
    "key", ["ecs-anywhere:subnets", "ECS-Anywhere:Subnet", "ecs-anywhere-subnet", " ecs-anywhere:x"]
)
def test_a_mistyped_key_of_a_subnet_is_named_with_the_one_key_that_a_subnet_has(key: str) -> None:
    [said] = unread_tags([key, "Name", tags.SUBNET], ON_A_SUBNET)
    assert said.startswith(f'tag "{key}" is not read: ')
    assert tags.SUBNET in said


@pytest.mark.parametrize(
    ("key", "read", "nearest", "place"),
    [
        ("ecs-anywhere:service", ON_A_SUBNET, tags.SERVICES, "VPC"),
        ("ecs-anywhere:privateconnectivity", ON_A_SUBNET, tags.WISH, "VPC"),
        ("ecs-anywhere:subnets", ON_A_VPC, tags.SUBNET, "subnet"),
        ("ecs-anywhere-subnet", ON_A_VPC, tags.SUBNET, "subnet"),
    ],
)
def test_a_mistyped_key_in_the_wrong_place_is_sent_to_the_right_one(
    key: str, read: tuple[str, ...], nearest: str, place: str
) -> None:
    [said] = unread_tags([key], read)
    assert said.endswith(f"is {nearest}, written exactly so, and belongs on a {place}")


def test_a_tag_of_a_vpc_is_sent_to_the_vpc() -> None:
    assert unread_tags([tags.SERVICES], ON_A_SUBNET) == [
        f'tag "{tags.SERVICES}" is not read: it belongs on a VPC'
    ]


@pytest.mark.parametrize(
    "key",
    [
        *tags.WISH_TAGS,
        tags.STATUS,
        tags.STATUS_DETAIL,
        tags.OWNER,
        "Name",
        "services",
        "corp:ecs-anywhere",
        "ecs-anywhere-cluster",
        "aws:cloudformation:stack-name",
    ],
)
def test_a_key_that_is_read_or_that_is_somebody_else_s_is_not_named(key: str) -> None:
    assert unread_tags([key]) == []


@given(st.lists(st.text(max_size=128) | st.text(max_size=100).map("ecs-anywhere:{}".format)))
def test_whatever_the_keys_are_what_is_said_is_printable_and_short(keys: list[str]) -> None:
    said = "; ".join(unread_tags(keys))
    assert said.isascii()
    assert said.isprintable() or not said
    assert len(said) < LONGEST_LINE
