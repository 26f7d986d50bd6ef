"""What is written into a tag has to be allowed there, whatever AWS said in an error."""

from __future__ import annotations

import re

from connectivity.domain import tags
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


def test_writing_a_result_is_no_knock() -> None:
    """A change of a wish tag starts a run, so that the status must not be one of them."""
    assert not {tags.STATUS, tags.STATUS_DETAIL} & set(tags.WISH_TAGS)
