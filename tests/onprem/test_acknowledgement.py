"""What a host says of a document: fits its schema and a parameter, and is not said twice."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import Any

import pytest
from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.outcome import FetchFailed
from ecs_anywhere_dns.publication.acknowledgement import (
    AcknowledgementFailed,
    Result,
    Statement,
    acknowledge,
    acknowledgement,
    says_the_same,
)
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.onprem.example import settings as settings_of

SETTINGS = settings_of(vpc="vpc-0123456789abcdef0", host="ns1")
DOCUMENT = Document(
    text="{}",
    generation=3,
    state="draining",
    account="123456789012",
    region="us-east-2",
    vpc_id="vpc-0123456789abcdef0",
    vpc_cidrs=("10.20.0.0/16",),
    resolver_ips=("10.20.0.5", "10.20.1.5"),
    mode="names",
    zones=("ssm.us-east-2.amazonaws.com",),
    names={},
    checksum="sha256:" + "0" * 64,
)


def said(detail: str = "done", result: Result = "applied", at: str = "2026-11-23T19:00:00Z") -> str:
    return acknowledgement("ns1.example.com", "bind", DOCUMENT, Statement(result, detail, at))


def valid(text: str) -> Any:
    schema = files("ecs_anywhere_dns").joinpath("acknowledgement.schema.json").read_text("utf-8")
    content = json.loads(text)
    Draft202012Validator(json.loads(schema)).validate(content)
    return content


def test_it_names_the_host_and_the_very_document() -> None:
    assert valid(said()) == {
        "schema": 1,
        "host": "ns1.example.com",
        "vpcId": "vpc-0123456789abcdef0",
        "generation": 3,
        "checksum": DOCUMENT.checksum,
        "state": "draining",
        "result": "applied",
        "server": "bind",
        "detail": "done",
        "at": "2026-11-23T19:00:00Z",
    }


def test_a_short_detail_is_kept_to_the_letter() -> None:
    assert valid(said("x" * 1024))["detail"] == "x" * 1024


def test_a_long_detail_is_shortened_visibly() -> None:
    assert valid(said("x" * 1025))["detail"] == "x" * 1023 + "…"


@pytest.mark.parametrize("character", ["€", "😀", '"', "\x1b", "{", "\\"])
def test_whatever_a_detail_is_made_of_the_parameter_holds_it(character: str) -> None:
    text = said(character * 5000)
    assert len(text.encode()) <= 4096
    detail = valid(text)["detail"]
    assert detail.endswith("…")
    assert len(detail) > 400


@pytest.mark.parametrize("detail", ["forwarders {{ 10.20.0.5; }}", "{{{{", "}}}", "ends in }"])
def test_double_braces_which_parameter_store_refuses_are_parted(detail: str) -> None:
    text = said(detail)
    assert "{{" not in text
    assert "}}" not in text
    assert valid(text)["detail"].replace(" ", "") == detail.replace(" ", "")


@given(st.text(st.characters(), max_size=60), st.integers(0, 300), st.integers(1, 3))
def test_whatever_has_to_be_said_is_shortened_in_the_end(text: str, times: int, big: int) -> None:
    """Halves of surrogate pairs, and content that leaves no room at all."""
    for document in (DOCUMENT, replace(DOCUMENT, generation=10 ** (1300 * big))):
        failed = Statement("failed", text * times, "2026-11-23T19:00:00Z")
        written = acknowledgement("ns1", "bind", document, failed)
        assert written.encode()
        assert document is not DOCUMENT or len(written.encode()) <= 4096


def test_a_later_time_is_nothing_new() -> None:
    assert says_the_same(said(), said(at="2026-11-24T19:00:00Z"))


def test_another_result_or_detail_is_new() -> None:
    assert not says_the_same(said(), said(result="degraded"))
    assert not says_the_same(said(), said("done, but"))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '"ns1"'])
def test_what_is_no_acknowledgement_says_nothing(text: str) -> None:
    assert not says_the_same(text, said())


@dataclass
class Shelf:
    """A store on a shelf; `refusal` is raised instead of writing."""

    refusal: FetchFailed | None = None
    values: dict[str, str] = field(default_factory=dict)

    def read(self, name: str) -> str:
        return self.values[name]

    def write(self, name: str, value: str) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.values[name] = value


def test_it_is_written_where_the_app_looks_for_it() -> None:
    shelf = Shelf()
    acknowledge(SETTINGS, shelf, said())
    place = "/ecs-anywhere/private-connectivity/vpc-0123456789abcdef0/acknowledgements/ns1"
    assert shelf.values == {place: said()}


def test_not_being_able_to_write_is_an_error_of_its_own_with_the_cure() -> None:
    refusal = FetchFailed("AccessDeniedException: no", "allow ssm:PutParameter")
    with pytest.raises(AcknowledgementFailed) as caught:
        acknowledge(SETTINGS, Shelf(refusal), said())
    assert SETTINGS.acknowledgement_parameter in caught.value.message
    assert "AccessDeniedException" in caught.value.message
    assert caught.value.cure == "allow ssm:PutParameter"
