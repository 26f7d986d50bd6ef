"""Strangers' words are made fit for tags, mails, terminals and logs."""

from __future__ import annotations

import json

import pytest
from connectivity.domain.printable import (
    LONGEST_QUOTE,
    first_lines,
    listed,
    printable,
    printable_lines,
    quoted,
    shown,
)
from hypothesis import example, given
from hypothesis import strategies as st

ANYTHING = st.text(st.characters(codec=None))
"""With lone surrogates, control characters and marks that turn a line round."""


@given(ANYTHING, st.integers(3, 50))
@example("\ud800\x1b]0;pwned\x07\x1b[2J\u202e\u2066\u200b\r\n\0", 50)
@example("https:///x", 50)
@example("http:http:////x", 50)
@example("wwwww.w.www.evil.example:443/x", 50)
def test_what_is_printable_moves_no_terminal_and_makes_no_link(text: str, longest: int) -> None:
    said = printable(text, longest)
    assert said.isprintable()
    assert len(said) <= longest
    assert json.loads(json.dumps(said).encode("utf-8")) == said
    assert "://" not in said
    assert "www." not in said.lower()


@given(ANYTHING)
def test_lines_stay_lines(text: str) -> None:
    assert all(line.isprintable() for line in printable_lines(text).split("\n"))


@given(ANYTHING | st.recursive(st.none() | st.integers() | ANYTHING, st.lists))
def test_a_quotation_is_short_printable_ascii(value: object) -> None:
    for said in (quoted(str(value)), shown(value)):
        assert said.isascii()
        assert said.isprintable()
        assert len(said) <= LONGEST_QUOTE + 2
        assert "://" not in said


@pytest.mark.parametrize("text", ["10.0.0.0/8 192.168.0.0/16", "ecr+logs", "com.amazonaws.x.kms"])
def test_what_people_write_is_quoted_as_it_is(text: str) -> None:
    assert quoted(text) == f'"{text}"'
    assert printable(text) == text


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("https://evil.example/login", "https:__evil.example_login"),
        ("evil.example/login", "evil.example_login"),
        ("evil.example:8443/login", "evil.example:8443_login"),
        ("www.evil.example", "www_evil.example"),
    ],
)
def test_a_link_is_none_any_more(link: str, said: str) -> None:
    assert printable(link) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "null"),
        (True, "true"),
        ({"a": "b"}, '{"a": "b"}'),
        (["x"], '["x"]'),
        ("\x7f", '"\\u007f"'),
    ],
)
def test_a_value_of_any_kind_is_shown_as_its_sender_wrote_it(value: object, said: str) -> None:
    assert shown(value) == said


def test_a_quotation_names_the_letter_that_a_tag_cannot_hold() -> None:
    assert quoted("\u00fcmlaut") == '"\\xfcmlaut"'


def test_a_list_names_ten_and_counts_the_rest() -> None:
    names = [f"dns{number}" for number in range(12)]
    assert listed(names, 3).endswith("dns9 and 5 more")
    assert listed(names[:2]) == "dns0, dns1"
    assert listed([], 3) == "3 hosts"
    assert first_lines(names)[-1] == "and 2 more"
