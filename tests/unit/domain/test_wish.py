"""What a VPC's tags are understood to mean, and what is said about those that cannot be."""

from __future__ import annotations

import pytest
from connectivity.domain import status as statuses
from connectivity.domain import tags
from connectivity.domain.errors import UnreadableOption
from connectivity.domain.wish import Options, Wish, read_options, read_wish, words
from hypothesis import example, given
from hypothesis import strategies as st

DEFAULTS = Options(services=("logs",), onprem_cidrs=("10.0.0.0/8",))
ITEMS = st.lists(
    st.text("abcdefghijklmnopqrstuvwxyz0123456789./-", min_size=1), unique=True, min_size=1
)


@given(st.sampled_from(Wish), st.data())
def test_a_wish_is_understood_in_any_case(wish: Wish, data: st.DataObject) -> None:
    upper = data.draw(st.lists(st.booleans(), min_size=len(wish), max_size=len(wish)))
    written = "".join(c.upper() if u else c for c, u in zip(wish, upper, strict=True))
    assert read_wish({tags.WISH: f" {written} "}) is wish


def test_no_tag_means_disabled() -> None:
    assert read_wish({"Name": "main"}) is Wish.DISABLED


@pytest.mark.parametrize("value", ["", "yes", "enable", "enabled!"])
def test_an_unreadable_wish_is_quoted_with_its_tag(value: str) -> None:
    with pytest.raises(UnreadableOption, match="enabled, plan, disabled") as raised:
        read_wish({tags.WISH: value})
    assert f'{tags.WISH} = "{value}"' in str(raised.value)


def test_tags_go_before_the_stacks_defaults_each_by_itself() -> None:
    assert read_options({}, DEFAULTS) == DEFAULTS
    assert read_options({tags.SERVICES: "ECR+logs"}, DEFAULTS) == Options(
        services=("ecr", "logs"), onprem_cidrs=("10.0.0.0/8",)
    )
    assert read_options({tags.ONPREM_CIDRS: "172.16.0.0/12"}, DEFAULTS) == Options(
        services=("logs",), onprem_cidrs=("172.16.0.0/12",)
    )


def test_an_empty_services_tag_asks_for_no_service_at_all() -> None:
    assert read_options({tags.SERVICES: ""}, DEFAULTS).services == ()


@given(ITEMS, st.text(" +,", min_size=1))
def test_spaces_plus_signs_and_commas_separate_items(items: list[str], separator: str) -> None:
    written = separator + separator.join(items) + separator
    assert words(written) == tuple(items)


UNREADABLE_CIDRS = {
    "10.0.0.1": '"10.0.0.1" is not an IPv4 CIDR; for the one address write 10.0.0.1/32',
    "10.1.2.3/8": '"10.1.2.3/8" has host bits set; the network is 10.0.0.0/8',
    "0.0.0.0/0": '"0.0.0.0/0" would admit every address',
    "fd00::/8": '"fd00::/8" is not an IPv4 CIDR',
    "10.0.0.0/33": '"10.0.0.0/33" is not an IPv4 CIDR',
    "010.0.0.0/8": '"010.0.0.0/8" has a number that begins with 0; write 10.0.0.0/8',
    "10.001.0.0/016": '"10.001.0.0/016" has a number that begins with 0; write 10.1.0.0/16',
    "10.0.0.0/[8]": '"10.0.0.0/[8]" is not an IPv4 CIDR, as in 10.0.0.0/8',
    "300.0.0.0/8": '"300.0.0.0/8" is not an IPv4 CIDR',
    "head-office": '"head-office" is not an IPv4 CIDR',
    "": "no CIDR given",
    " + ": "no CIDR given",
}


@pytest.mark.parametrize(("value", "said"), UNREADABLE_CIDRS.items())
def test_an_unreadable_cidr_is_quoted_with_the_tag_it_stands_in(value: str, said: str) -> None:
    with pytest.raises(UnreadableOption) as raised:
        read_options({tags.ONPREM_CIDRS: value}, DEFAULTS)
    assert f"tag {tags.ONPREM_CIDRS}: {said}" in str(raised.value)


def test_an_empty_default_is_said_to_be_the_stacks() -> None:
    with pytest.raises(UnreadableOption, match=f"the stack's default for {tags.ONPREM_CIDRS}"):
        read_options({}, Options(services=(), onprem_cidrs=()))


@pytest.mark.parametrize("name", ["ecr_api", "-logs", "logs.", "s3:*"])
def test_what_cannot_be_a_service_name_is_quoted_with_its_tag(name: str) -> None:
    with pytest.raises(UnreadableOption) as raised:
        read_options({tags.SERVICES: f"ssm {name}"}, DEFAULTS)
    assert f'tag {tags.SERVICES}: "{name}" is no name of an AWS service' in str(raised.value)
    assert '"ssm" is no' not in str(raised.value)


def test_all_problems_are_named_at_once() -> None:
    asked = {tags.SERVICES: "ok _a _b", tags.ONPREM_CIDRS: "10.0.0.0/8 ::1 10.0.0.1/8"}
    with pytest.raises(UnreadableOption) as raised:
        read_options(asked, DEFAULTS)
    problems = str(raised.value).split("; ")
    quoted = ('"_a"', '"_b"', '"::1"', '"10.0.0.1/8"')
    assert all(any(f": {value} " in problem for problem in problems) for value in quoted), problems


EXECUTION = "arn:aws:states:us-east-2:123456789012:execution:us:vpc-0a1b2c3d-17-20261123T120000Z"
CURES = {
    tags.SERVICES: ("as in ecr or logs",),
    tags.ONPREM_CIDRS: ("as in 10.0.0.0/8", "separate networks by a space"),
}
BAD_SERVICES = st.lists(st.text("ABC_#!", min_size=1, max_size=128).map("_{}".format), max_size=12)
BAD_CIDRS = st.lists(st.text("xyz/.;", min_size=1, max_size=128).map("x{}".format), max_size=12)


@given(BAD_SERVICES, BAD_CIDRS)
@example(["_" * 128], ["x" * 128])
@example([f"_{number}" for number in range(12)], [f"x{number}" for number in range(12)])
def test_what_is_wrong_with_each_tag_and_its_cure_are_within_the_status_tag(
    services: list[str], cidrs: list[str]
) -> None:
    """However long and many the items are that cannot be read."""
    asked = {tags.SERVICES: " ".join(services), tags.ONPREM_CIDRS: " ".join(cidrs)}
    written = {key: value for key, value in asked.items() if value}
    said = ""
    try:
        read_options(written, DEFAULTS)
    except UnreadableOption as problem:
        said = statuses.failed("UnreadableOption", str(problem)).detail
    shown = tags.as_tag_value(said, tags.more_in(EXECUTION))
    assert bool(shown) is bool(written)
    for key, cures in CURES.items():
        if key in written:
            assert f"tag {key}: " in shown
            assert any(cure in shown for cure in cures)


def test_a_key_that_may_have_been_meant_is_named_with_what_cannot_be_read() -> None:
    with pytest.raises(UnreadableOption, match="the nearest key is ecs-anywhere:onprem-cidrs"):
        read_options({"ecs-anywhere:onprem-cidr": "10.0.0.0/8"}, Options((), ()))
