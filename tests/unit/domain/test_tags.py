"""What is written into a tag has to be allowed there, whatever AWS said in an error."""

from __future__ import annotations

import re

import pytest
from connectivity.domain import tags
from connectivity.domain.tags import OWNER, CreationTags, UnusableTagsError, extra_tags
from hypothesis import example, given
from hypothesis import strategies as st

ALLOWED = re.compile(r"[A-Za-z0-9 _.:/=+\-@]{0,256}")


@given(st.text())
@example("a\nb\t“quoted” {json: [1,2]} naïve")
@example("x" * 257)
def test_any_text_becomes_an_allowed_tag_value_of_at_most_256_characters(text: str) -> None:
    assert ALLOWED.fullmatch(tags.as_tag_value(text))


@given(st.text("aZ09_.:/=+-@", min_size=1, max_size=256))
def test_what_is_allowed_and_short_stays_as_it_is(text: str) -> None:
    assert tags.as_tag_value(text) == text


def test_a_text_that_was_cut_says_so() -> None:
    assert tags.as_tag_value("word " * 100).endswith("...")


def test_a_text_that_was_cut_says_in_which_execution_the_rest_is() -> None:
    arn = "arn:aws:states:us-east-2:123456789012:execution:app:vpc-0a1b2c3d-17-20261123T120000Z"
    value = tags.as_tag_value("word " * 100, tags.more_in(arn))
    assert value.endswith("word ... more in execution 17-20261123T120000Z")
    assert len(value) <= tags.LONGEST_VALUE
    assert tags.more_in("") == "..."


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"10.0.0.0/8;192.168.0.0/16" is none', "10.0.0.0/8_192.168.0.0/16 is none"),
        ("\u00fcmlaut is none", "_mlaut is none"),
        ("a; b, (c) `d`", "a b c d"),
        ("*.s3 and #1", "_.s3 and _1"),
        ("subnet-a (10.0.0.0/24): its first four", "subnet-a 10.0.0.0/24: its first four"),
        ("stays (rtb-1). It is yours", "stays rtb-1. It is yours"),
        ('"[10.0.0.0/8]" is none', "_10.0.0.0/8_ is none"),
        (
            'tag a: ""ecr"" is none; tag b: "logs;" is none',
            "tag a: _ecr_ is none tag b: logs_ is none",
        ),
        ('= "enabled ;", (as "x")', "= enabled _ as x"),
        ('";" is none', "_ is none"),
    ],
)
def test_a_character_that_a_tag_cannot_hold_is_seen_in_a_value_and_not_in_a_sentence(
    text: str, value: str
) -> None:
    assert tags.as_tag_value(text) == value


def test_writing_a_result_is_no_knock() -> None:
    """A change of a wish tag starts a run, so that the status must not be one of them."""
    assert not {tags.STATUS, tags.STATUS_DETAIL} & set(tags.WISH_TAGS)


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("", {}),
        ("CostCenter=42", {"CostCenter": "42"}),
        ("Cost=42,Data Class=for internal use", {"Cost": "42", "Data Class": "for internal use"}),
        ("CostCenter=42, app:owner=a/b@c ", {"CostCenter": "42", "app:owner": "a/b@c"}),
        ("Empty=", {"Empty": ""}),
    ],
)  # fmt: skip
def test_extra_tags_are_pairs_separated_by_commas(text: str, tags: dict[str, str]) -> None:
    assert extra_tags(text) == tags


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("CostCenter", "'CostCenter' is no key=value"),
        ("=42", "'' is no key=value"),
        ("aws:cloudformation:stack-id=x", "aws:cloudformation:stack-id is not free"),
        ("AWS:x=y", "AWS:x is not free"),
        ("ecs-anywhere:owner=another-stack", "ecs-anywhere:owner is not free"),
        (" Ecs-Anywhere:token=x", "Ecs-Anywhere:token is not free"),
        ("Name=mine", "Name is not free"),
        ("a=1,a=2", "each key once"),
        (",".join(f"k{number}=v" for number in range(21)), "at most 20 tags"),
    ],
)
def test_extra_tags_that_are_ours_or_cannot_be_tags_are_refused_by_name(
    text: str, said: str
) -> None:
    with pytest.raises(UnusableTagsError, match=said):
        extra_tags(text)


def test_no_extra_tag_takes_the_place_of_the_owner() -> None:
    """Else a thing of ours would be somebody else's from its first second."""
    tags = CreationTags("us", {OWNER: "them", "Name": "theirs", "CostCenter": "42"})
    assert tags.named("ours") == {OWNER: "us", "Name": "ours", "CostCenter": "42"}
    assert tags.unnamed()[OWNER] == "us"
