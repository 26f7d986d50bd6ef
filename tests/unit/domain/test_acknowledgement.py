"""What the DNS hosts say: read leniently, told in one stable line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from connectivity.domain.acknowledgement import (
    LONGEST_DETAIL,
    MOST_HOSTS,
    Acknowledgements,
    read_acknowledgements,
    vpc_acknowledged,
)
from connectivity.domain.printable import LONGEST_LINE
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.unit.example import VPC, acknowledgement

PATH = "/ecs-anywhere/private-connectivity"
FOLDER = f"{PATH}/{VPC.id}/acknowledgements"
SCHEMA = Path(__file__).parents[3] / "schemas" / "acknowledgement.schema.json"


def read(*said: dict[str, Any]) -> Acknowledgements:
    parameters = {f"{FOLDER}/{each['host']}": json.dumps(each) for each in said}
    return read_acknowledgements(parameters, PATH, VPC.id)


def read_text(text: str, host: str = "dns1") -> Acknowledgements:
    return read_acknowledgements({f"{FOLDER}/{host}": text}, PATH, VPC.id)


def test_the_example_of_these_tests_is_what_the_published_schema_allows() -> None:
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(acknowledgement("dns1", 3))


def test_who_acknowledged_the_present_generation_is_named_with_what_needs_a_person_first() -> None:
    heard = read(
        acknowledgement("dns1", 4),
        acknowledgement("dns2", 4, "failed") | {"detail": "port 53 is taken"},
        acknowledgement("dns3", 3),
        acknowledgement("dns4", 4) | {"server": "unbound"},
        acknowledgement("dns5", 4, "degraded") | {"detail": "10.0.1.9 does not answer"},
    )
    assert heard.lines(4) == (
        "dns2 failed: port 53 is taken",
        "dns5 is degraded: 10.0.1.9 does not answer",
        "not yet confirmed by dns3",
        "confirmed by dns1 (bind), dns4 (unbound)",
    )
    assert heard.failures(4) == ("dns2 failed: port 53 is taken",)


def test_a_failure_at_an_older_generation_is_only_not_yet_a_confirmation() -> None:
    heard = read(acknowledgement("dns1", 3, "failed"))
    assert heard.lines(4) == ("not yet confirmed by dns1",)
    assert heard.failures(4) == ()


def test_where_nobody_ever_acknowledged_there_is_nothing_to_say() -> None:
    assert Acknowledgements().lines(1) == Acknowledgements().unconfirmed(1, "active") == ()


@pytest.mark.parametrize(
    ("generation", "state", "result", "missing"),
    [
        (5, "withdrawn", "applied", ()),
        (5, "withdrawn", "degraded", ()),
        (5, "withdrawn", "failed", ("dns1",)),
        (5, "active", "applied", ("dns1",)),
        (5, "draining", "applied", ("dns1",)),
        (4, "withdrawn", "applied", ("dns1",)),
        (6, "withdrawn", "applied", ("dns1",)),
        (2**53, "withdrawn", "applied", ("dns1",)),
    ],
)
def test_only_an_acknowledgement_of_exactly_what_was_issued_confirms(
    generation: int, state: str, result: str, missing: tuple[str, ...]
) -> None:
    said = acknowledgement("dns1", generation, result) | {"state": state}
    assert read(said).unconfirmed(5, "withdrawn") == missing


def test_an_acknowledgement_of_what_was_never_issued_is_named_as_unusable() -> None:
    heard = read(
        acknowledgement("dns1", 5),
        acknowledgement("dns2", 4) | {"state": "withdrawn"},
        acknowledgement("dns3", 3) | {"state": "withdrawn"},
        acknowledgement("dns4", 4),
    )
    assert heard.lines(4) == (
        "unusable acknowledgement of dns1 (generation 5 active), dns2 (generation 4 withdrawn): "
        "the last issue is generation 4 active",
        "not yet confirmed by dns3",
        "confirmed by dns4 (bind)",
    )


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"host": "dns9"},
        {"vpcId": "vpc-00000000"},
        {"generation": "1"},
        {"generation": True},
        {"generation": None},
        {"generation": -1},
        {"generation": 10**3900},
        {"state": "unknown"},
        {"result": "splendid"},
        {"result": ["applied"]},
        {"server": None},
        {"detail": 1},
    ],
    ids=str,
)
def test_what_cannot_be_read_is_named_and_otherwise_ignored(change: dict[str, Any]) -> None:
    heard = read_text(json.dumps(acknowledgement("dns1", 1) | change))
    assert heard == Acknowledgements(unreadable=("dns1",))
    assert heard.lines(1) == ("unreadable acknowledgement of dns1",)
    assert heard.unconfirmed(1, "active") == ()


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_nothing_that_a_host_writes_stops_the_app(text: str) -> None:
    assert read_text(text) == Acknowledgements(unreadable=("dns1",))


def test_fields_of_a_later_minor_change_are_passed_over() -> None:
    assert read(acknowledgement("dns1", 1) | {"mood": "fine"}).readable


def test_a_host_s_words_are_one_short_line_without_our_separator() -> None:
    said = acknowledgement("dns1", 1, "failed") | {"detail": "a;\n b" + "x" * LONGEST_DETAIL}
    [failure] = read(said).failures(1)
    assert failure.startswith("dns1 failed: a, bxxx")
    assert failure.endswith("xxx...")
    assert len(failure) == len("dns1 failed: ") + LONGEST_DETAIL


def test_only_what_stands_in_the_folder_is_an_acknowledgement() -> None:
    names = [f"{PATH}/{VPC.id}/{name}" for name in ("forwarding", "acknowledgements/b", "notes")]
    there = dict.fromkeys([f"{FOLDER}/a", *names], "x")
    assert read_acknowledgements(there, PATH, VPC.id).unreadable == ("a", "b")


@given(st.dictionaries(st.text(max_size=1000), st.text(), max_size=30), st.booleans())
def test_whatever_the_names_and_texts_are_every_line_is_printable_and_short(
    written: dict[str, str], all_seen: bool
) -> None:
    parameters = {f"{FOLDER}/{name}": text for name, text in written.items()}
    heard = read_acknowledgements(parameters, PATH, VPC.id, all_seen)
    for line in heard.lines(1):
        assert line.isprintable()
        assert len(line.encode()) < LONGEST_LINE


TEXTS = st.text(st.characters(codec=None), max_size=300)  # with lone surrogates


@given(TEXTS, TEXTS)
@example("\ud800", "\x1b]0;pwned\x07\u202e")
@example("bind", "URGENT sign in at https://bank-aws-login.evil.example/x, www.evil.example/y")
def test_a_host_s_words_are_encodable_without_control_characters_and_links(
    server: str, detail: str
) -> None:
    for result in ("applied", "degraded", "failed"):
        said = acknowledgement("dns1", 1, result) | {"server": server, "detail": detail}
        [line] = read(said).lines(1)
        assert line.isprintable()
        assert json.loads(json.dumps({"line": line}).encode())["line"] == line
        assert "://" not in line
        assert "evil.example/" not in line
        assert ";" not in line


@pytest.mark.parametrize("text", ["[" * 8000, "1" * 8000, '{"a":' * 1500, " " * 9000 + "{}"])
def test_what_would_tire_a_reader_is_unreadable(text: str) -> None:
    assert read_text(text) == Acknowledgements(unreadable=("dns1",))


def test_at_most_two_hundred_hosts_are_known_by_name_and_the_rest_is_a_number() -> None:
    heard = read(*(acknowledgement(f"dns{number}", 1, "failed") for number in range(1300)))
    assert len(heard.readable) == MOST_HOSTS
    assert heard.uncounted == 1300 - MOST_HOSTS
    assert heard.confirming
    lines = heard.lines(1)
    assert lines[10] == "and 190 more"
    assert lines[-1] == "1100 or more acknowledgements were not looked at"
    assert len(json.dumps(lines)) < 4000


def test_names_that_no_host_has_are_counted_and_not_repeated() -> None:
    names = ["a/b", "x" * 129, "\u202e", "", "a b"]
    parameters = {f"{FOLDER}/{name}": json.dumps(acknowledgement("dns1", 1)) for name in names}
    heard = read_acknowledgements(parameters, PATH, VPC.id)
    assert heard == Acknowledgements(misnamed=5)
    assert heard.lines(1) == ("unreadable acknowledgement of 5 hosts",)
    assert not heard.confirming


@pytest.mark.parametrize(
    ("name", "vpc_id"),
    [
        (f"{FOLDER}/dns1.example.com", VPC.id),
        (f"{FOLDER}/a/b", None),
        (f"{PATH}/{VPC.id}/forwarding", None),
        (f"{PATH}/vpc-nonsense/acknowledgements/dns1", None),
        (f"{PATH}/{VPC.id}/x/acknowledgements/dns1", None),
        ("dns1", None),
    ],
)
def test_a_parameter_s_name_says_which_vpc_is_knocked_on(name: str, vpc_id: str | None) -> None:
    """Anybody with the hosts' policy chooses such names."""
    assert vpc_acknowledged(name) == vpc_id
